"""The model's socket against peers that break the rules of WebSockets, or stop keeping them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import ssl
import struct
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from dataclasses import replace as changed
from pathlib import Path

import pytest

from dialplan.engines.realtime.connection import Connection, Endpoint, dial
from dialplan.errors import EngineError

TEXT, MORE, CLOSE, PING, PONG = 1, 0, 8, 9, 10
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def frame(opcode: int, payload: bytes, *, fin: bool = True) -> bytes:
    first = bytes([opcode | (0x80 if fin else 0)])
    if len(payload) < 126:
        return first + bytes([len(payload)]) + payload
    if len(payload) < 65536:
        return first + struct.pack("!BH", 126, len(payload)) + payload
    return first + struct.pack("!BQ", 127, len(payload)) + payload


@dataclass
class Peer:
    """A server that writes what it is told to, and reads when it is told to."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    request: bytes

    def send(self, *frames: bytes) -> None:
        self.writer.write(b"".join(frames))

    async def receive(self) -> tuple[int, bytes]:
        """Return the next frame as (opcode, payload), unmasked."""
        first, second = await self.reader.readexactly(2)
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack("!H", await self.reader.readexactly(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", await self.reader.readexactly(8))
        mask = await self.reader.readexactly(4)
        masked = await self.reader.readexactly(length)
        return first & 0x0F, bytes(byte ^ mask[i % 4] for i, byte in enumerate(masked))


@dataclass
class Told:
    """What a connection told its owner."""

    messages: list[bytes] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, message: bytes) -> None:
        self.messages.append(message)
        self.changed.set()

    def lose(self, reason: str) -> None:
        self.lost.append(reason)
        self.changed.set()

    async def until(self, true: Callable[[], object]) -> None:
        async with asyncio.timeout(30):
            while not true():
                self.changed.clear()
                await self.changed.wait()


@asynccontextmanager
async def served(
    answer: Callable[[Peer], Awaitable[None]], tls: ssl.SSLContext | None = None
) -> AsyncIterator[Endpoint]:
    """Serve every connection with `answer`, after the handshake unless it writes its own."""
    over = asyncio.Event()
    serving: set[asyncio.Task[None] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.current_task())
        try:
            request = await reader.readuntil(b"\r\n\r\n")
            await answer(Peer(reader, writer, request))
            await over.wait()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    scheme = "ws" if tls is None else "wss"
    try:
        yield Endpoint(f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1?model=m")
    finally:
        over.set()
        server.close()
        if handlers := [task for task in serving if task is not None]:
            await asyncio.wait(handlers, timeout=5)
        await asyncio.sleep(0.01)  # for the transports


def accept(peer: Peer) -> None:
    lines = dict(line.split(b": ", 1) for line in peer.request.split(b"\r\n")[1:] if line)
    digest = base64.b64encode(hashlib.sha1(lines[b"Sec-WebSocket-Key"] + _GUID).digest())  # noqa: S324
    peer.writer.write(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + digest + b"\r\n\r\n"
    )


@asynccontextmanager
async def connected(
    limits: Endpoint = Endpoint(""),  # noqa: B008 - frozen
) -> AsyncIterator[tuple[Connection, Peer, Told]]:
    peers: asyncio.Queue[Peer] = asyncio.Queue()

    async def answer(peer: Peer) -> None:
        accept(peer)
        peers.put_nowait(peer)

    async with served(answer) as endpoint:
        told = Told()
        connection = await dial(changed(limits, url=endpoint.url), told.take, told.lose)
        try:
            yield connection, await peers.get(), told
        finally:
            await connection.close()


async def test_a_message_in_fragments_comes_as_one_with_a_ping_between_them() -> None:
    async with connected() as (_, peer, told):
        peer.send(
            frame(TEXT, b'{"a":', fin=False),
            frame(PING, b"there?"),
            frame(MORE, b"", fin=False),
            frame(MORE, b"1}"),
            frame(TEXT, b"{}"),
        )
        await told.until(lambda: len(told.messages) == 2)

        assert told.messages == [b'{"a":1}', b"{}"]
        assert await peer.receive() == (PONG, b"there?")


@pytest.mark.parametrize(
    "frames",
    [
        pytest.param((frame(TEXT, bytes(1001)), frame(TEXT, b"{}")), id="one frame"),
        pytest.param(
            (frame(TEXT, bytes(600), fin=False), frame(MORE, bytes(600)), frame(TEXT, b"{}")),
            id="fragments",
        ),
    ],
)
async def test_too_long_a_message_ends_the_connection(frames: tuple[bytes, ...]) -> None:
    async with connected(Endpoint("", max_size=1000)) as (connection, peer, told):
        peer.send(*frames)
        await told.until(lambda: told.lost)

        assert told.messages == []
        assert told.lost in (["closed with 1009"], ["sent too long a message"])
        opcode, payload = await peer.receive()
        assert (opcode, payload[:2]) == (CLOSE, struct.pack("!H", 1009))
        assert not connection.open


async def test_a_message_of_the_longest_length_is_taken() -> None:
    async with connected(Endpoint("", max_size=70_000)) as (_, peer, told):
        peer.send(frame(TEXT, b"x" * 35_000, fin=False), frame(MORE, b"y" * 35_000))
        await told.until(lambda: told.messages)

        assert told.messages == [b"x" * 35_000 + b"y" * 35_000]


@pytest.mark.parametrize(
    "frames",
    [
        (frame(MORE, b"}"),),
        (frame(TEXT, b"{", fin=False), frame(TEXT, b"{}")),
    ],
)
async def test_fragments_out_of_order_end_the_connection(frames: tuple[bytes, ...]) -> None:
    async with connected() as (_, peer, told):
        peer.send(*frames)
        await told.until(lambda: told.lost)

        assert told.lost == ["sent fragments out of order"]
        opcode, payload = await peer.receive()
        assert (opcode, payload[:2]) == (CLOSE, struct.pack("!H", 1002))


async def test_a_peer_that_answers_no_ping_is_lost_and_one_that_does_is_not() -> None:
    async with connected(Endpoint("", ping_interval_s=0.1, ping_timeout_s=1)) as (
        connection,
        peer,
        told,
    ):
        for _ in range(3):
            opcode, payload = await peer.receive()
            assert opcode == PING
            peer.send(frame(PONG, payload))
        assert connection.open
        await told.until(lambda: told.lost)

        assert told.lost == ["answered no ping"]


async def test_audio_is_dropped_and_the_connection_lost_when_the_peer_does_not_read() -> None:
    async with connected(Endpoint("", write_limit=64 * 1024, stall_timeout_s=0.3)) as (
        connection,
        _,
        told,
    ):
        most = 0
        async with asyncio.timeout(60):
            while not told.lost:
                for _ in range(100):
                    connection.send_audio(bytes(1000))
                most = max(most, connection.waiting)
                await asyncio.sleep(0.001)

        assert most < 80 * 1024
        assert connection.dropped > 0
        assert told.lost == ["read nothing for 0.3 s"]


async def test_a_peer_that_reads_again_in_time_is_kept() -> None:
    async with connected(Endpoint("", write_limit=64 * 1024, stall_timeout_s=5)) as (
        connection,
        peer,
        told,
    ):
        while not connection.dropped:
            connection.send_audio(bytes(1000))
        async with asyncio.timeout(30):
            while connection.waiting:
                await peer.receive()
        dropped = connection.dropped
        connection.send_audio(b"again")

        async with asyncio.timeout(30):
            while (await peer.receive())[1] != b"again":
                pass
        assert connection.dropped == dropped
        assert told.lost == []


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (struct.pack("!H", 1001) + b"bye", "closed with 1001"),
        (struct.pack("!H", 4000), "closed with 4000"),
        (b"", "closed with 1005"),
    ],
)
async def test_the_peers_close_code_is_told(payload: bytes, reason: str) -> None:
    async with connected() as (_, peer, told):
        peer.send(frame(CLOSE, payload), frame(TEXT, b"{}"))
        await told.until(lambda: told.lost)

        assert told.lost == [reason]
        assert told.messages == []
        assert (await peer.receive())[0] == CLOSE


async def test_a_connection_that_breaks_is_told_once() -> None:
    async with connected() as (connection, peer, told):
        peer.writer.transport.abort()
        await told.until(lambda: told.lost)
        connection.send("{}")
        await connection.close()

        assert told.lost == ["closed with 1006"]


async def test_closing_waits_for_the_peer_but_not_for_ever() -> None:
    async with connected(Endpoint("", close_timeout_s=0.2)) as (connection, peer, told):
        async with asyncio.timeout(30):
            await connection.close()

        assert (await peer.receive()) == (CLOSE, struct.pack("!H", 1000))
        assert told.lost == []


async def test_the_handshake_carries_the_headers_and_offers_no_compression() -> None:
    requests: list[bytes] = []

    async def answer(peer: Peer) -> None:
        requests.append(peer.request)
        accept(peer)

    async with served(answer) as endpoint:
        told = Told()
        connection = await dial(
            changed(endpoint, headers={"Authorization": "Bearer k"}), told.take, told.lose
        )
        await connection.close()

    assert requests[0].startswith(b"GET /v1?model=m HTTP/1.1\r\n")
    assert b"Authorization: Bearer k\r\n" in requests[0]
    assert b"Extensions" not in requests[0]


async def test_a_proxy_that_the_environment_names_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[bytes] = []

    async def answer(peer: Peer) -> None:
        accept(peer)
        peer.send(frame(TEXT, b"{}"))

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        asked.append(request.split(b"\r\n")[0])
        host, port = request.split(b" ")[1].decode().split(":")
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))

    async with served(answer) as endpoint:
        proxy = await asyncio.start_server(tunnel, "127.0.0.1", 0)
        monkeypatch.setenv("ws_proxy", f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        told = Told()
        connection = await dial(endpoint, told.take, told.lose)
        await told.until(lambda: told.messages)
        await connection.close()
        proxy.close()
        await asyncio.sleep(0.05)  # for what it copies to end

    address = endpoint.url.removeprefix("ws://").partition("/")[0]
    assert asked == [f"CONNECT {address} HTTP/1.1".encode()]


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(4096):
            writer.write(data)
    writer.close()


async def _say_nothing(peer: Peer) -> None:
    await peer.reader.read()


async def _hang_up(peer: Peer) -> None:
    peer.writer.close()


async def _refuse(peer: Peer) -> None:
    peer.writer.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")


async def _send_elsewhere(peer: Peer) -> None:
    host = peer.request.split(b"Host: ")[1].split(b"\r\n")[0]
    peer.writer.write(
        b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: ws://" + host + b"/x\r\n\r\n"
    )


@pytest.mark.parametrize("answer", [_say_nothing, _hang_up, _refuse, _send_elsewhere])
async def test_what_is_no_welcome_is_an_engine_error(
    answer: Callable[[Peer], Awaitable[None]],
) -> None:
    seen: list[bytes] = []

    async def noted(peer: Peer) -> None:
        seen.append(peer.request)
        await answer(peer)

    async with served(noted) as endpoint:
        told = Told()
        with pytest.raises(EngineError, match="check the address"):
            await dial(changed(endpoint, open_timeout_s=1), told.take, told.lose)

    assert len(seen) == 1
    assert told.lost == []


async def test_a_dial_that_is_given_up_leaves_no_connection_behind() -> None:
    gone = asyncio.Event()

    async def answer(peer: Peer) -> None:
        dialling.cancel()
        await asyncio.sleep(0)
        accept(peer)
        await peer.reader.read()
        gone.set()

    async with served(answer) as endpoint:
        told = Told()
        dialling = asyncio.create_task(dial(endpoint, told.take, told.lose))
        with pytest.raises(asyncio.CancelledError):
            await dialling
        async with asyncio.timeout(30):
            await gone.wait()

    assert told.lost == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    names = ["-subj", "/CN=model", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(cert)]
    command = ["openssl", *words.split(), *names, *files]
    subprocess.run(command, check=True, capture_output=True, timeout=30)  # noqa: S603
    return cert, key


@pytest.mark.parametrize("trusted", [True, False])
async def test_a_secure_peer_must_be_one_that_is_trusted(
    certificate: tuple[Path, Path], trusted: bool
) -> None:
    async def answer(peer: Peer) -> None:
        accept(peer)
        peer.send(frame(TEXT, b"{}"))

    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(*certificate)
    async with served(answer, server) as endpoint:
        told = Told()
        if trusted:
            own = changed(endpoint, tls=ssl.create_default_context(cafile=certificate[0]))
            connection = await dial(own, told.take, told.lose)
            await told.until(lambda: told.messages)
            await connection.close()
        else:
            with pytest.raises(EngineError, match="SSLCertVerificationError"):
                await dial(endpoint, told.take, told.lose)
