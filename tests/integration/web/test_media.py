"""The media socket below the call: frames, faults, closing, and what the server knows of it."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

import pytest
from starlette.applications import Starlette
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from dialplan.web.leg import MAX_MESSAGE_BYTES, CarrierLeg
from dialplan.web.media import MAX_AFTER_CLOSE_BYTES
from dialplan.web.serving import serving
from dialplan.web.signed import Refused

TEXT, BINARY, MORE, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10
FIN = 0x80

Play = Callable[[CarrierLeg], Awaitable[None]]


@dataclass
class Room:
    """A door that lets in whoever is signed for, and does with a leg what the test says."""

    play: Play
    ping_s: float = 20.0
    legs: list[CarrierLeg] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def admit(self, path: str, target: str, signature: str | None) -> None:
        if path != "/in" or signature != "mine":
            raise Refused(403, "no", "not for you")

    async def attend(self, leg: CarrierLeg) -> None:
        self.legs.append(leg)
        try:
            await self.play(leg)
        finally:
            self.over.set()


async def echo(leg: CarrierLeg) -> None:
    """Say back whatever comes, with what kind it was."""
    while (message := await leg.receive()) is not None:
        leg.send(f"{type(message).__name__} {len(message)}")


class Peer:
    """A client that writes frames bit by bit, right or wrong."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.transport = cast(asyncio.Transport, writer.transport)

    def frame(self, first: int, data: bytes = b"") -> bytes:
        size = len(data)
        if size < 126:
            head = bytes((first, 0x80 | size))
        elif size < 65536:
            head = bytes((first, 0x80 | 126)) + struct.pack("!H", size)
        else:
            head = bytes((first, 0x80 | 127)) + struct.pack("!Q", size)
        mask = os.urandom(4)
        return head + mask + bytes(one ^ mask[at % 4] for at, one in enumerate(data))

    def send(self, first: int, data: bytes = b"") -> None:
        self.writer.write(self.frame(first, data))

    async def read(self) -> tuple[int, bytes]:
        async with asyncio.timeout(30):
            first, size = await self.reader.readexactly(2)
            if size == 126:
                (size,) = struct.unpack("!H", await self.reader.readexactly(2))
            return first & 0xF, await self.reader.readexactly(size)

    async def closed_with(self) -> int:
        """Read to the close frame; return its code."""
        while True:
            kind, data = await self.read()
            if kind == CLOSE:
                return int.from_bytes(data[:2], "big")

    async def gone(self, limit_s: float = 30) -> None:
        async with asyncio.timeout(limit_s):
            try:
                while await self.reader.read(65536):
                    pass
            except ConnectionResetError:
                return


@asynccontextmanager
async def served(play: Play) -> AsyncIterator[tuple[Room, str]]:
    room = Room(play)
    async with serving(Starlette(), door=room) as origin:
        yield room, origin


@asynccontextmanager
async def opened(origin: str) -> AsyncIterator[Peer]:
    host, port = origin.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    key = b64encode(os.urandom(16)).decode()
    writer.write(
        f"GET /in HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
        "X-Twilio-Signature: mine\r\n\r\n".encode()
    )
    assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
    try:
        yield Peer(reader, writer)
    finally:
        writer.close()


async def test_frames_are_taken_whole_dribbled_and_in_one_piece() -> None:
    async with served(echo) as (_, origin), opened(origin) as peer:
        for size in (0, 1, 125, 126, 400, 65535, MAX_MESSAGE_BYTES):
            peer.send(FIN | TEXT, b"x" * size)
            assert await peer.read() == (TEXT, f"str {size}".encode())

        for one in peer.frame(FIN | BINARY, b"dribbled"):
            peer.writer.write(bytes((one,)))
            await asyncio.sleep(0.001)
        assert await peer.read() == (TEXT, b"bytes 8")

        peer.writer.write(b"".join(peer.frame(FIN | TEXT, b"y" * size) for size in range(100)))
        for size in range(100):
            assert await peer.read() == (TEXT, f"str {size}".encode())


async def test_messages_go_out_in_order_whatever_their_size() -> None:
    sizes = (0, 125, 126, 65535, 65536, 300_000)

    async def play(leg: CarrierLeg) -> None:
        leg.send(*("x" * size for size in sizes))
        await leg.receive()

    async with served(play) as (_, origin):
        headers = {"X-Twilio-Signature": "mine"}
        url = origin.replace("http", "ws") + "/in"
        async with connect(url, additional_headers=headers, max_size=None) as socket:
            assert [len(await socket.recv()) for _ in sizes] == list(sizes)


async def test_fragments_are_joined_and_pings_between_them_answered() -> None:
    async with served(echo) as (_, origin), opened(origin) as peer:
        peer.send(TEXT, "\u00fc".encode()[:1])
        peer.send(FIN | PING, b"there?")
        peer.send(MORE, "\u00fc".encode()[1:])
        peer.send(FIN | MORE, b"!")

        assert await peer.read() == (PONG, b"there?")
        assert await peer.read() == (TEXT, b"str 2")


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([(FIN | TEXT, b"\xff")], 1007),
        ([(TEXT, b"\xc3"), (FIN | MORE, b"\xff")], 1007),
        ([(FIN | MORE, b"x")], 1002),
        ([(TEXT, b"x"), (FIN | TEXT, b"y")], 1002),
        ([(FIN | 0x40 | TEXT, b"x")], 1002),
        ([(FIN | 3, b"x")], 1002),
        ([(PING, b"x")], 1002),
        ([(FIN | TEXT, b"x" * (MAX_MESSAGE_BYTES + 1))], 1009),
        ([(TEXT, b"x" * 40_000), (MORE, b"x" * 40_000)], 1009),
    ],
)
async def test_a_peer_that_breaks_the_protocol_is_told_so_and_dropped(
    frames: list[tuple[int, bytes]], code: int
) -> None:
    async with served(echo) as (room, origin), opened(origin) as peer:
        for first, data in frames:
            peer.send(first, data)

        # A reset overtakes the code of what is too big, now and then.
        try:
            assert await peer.closed_with() == code
        except (ConnectionResetError, asyncio.IncompleteReadError):
            assert code == 1009
        await peer.gone()
        async with asyncio.timeout(30):
            await room.over.wait()


async def test_a_close_of_the_peers_is_answered_with_its_code() -> None:
    async with served(echo) as (room, origin):
        for sent, answered in ((struct.pack("!H", 1001) + b"away", 1001), (b"", 0)):
            room.over.clear()
            async with opened(origin) as peer:
                peer.send(FIN | CLOSE, sent)
                assert await peer.closed_with() == answered
                await peer.gone()
                async with asyncio.timeout(30):
                    await room.over.wait()


async def test_our_close_waits_for_the_peers_and_not_for_ever() -> None:
    async def play(leg: CarrierLeg) -> None:
        await leg.close()
        await leg.close()
        leg.send("swallowed")
        assert await leg.receive() is None

    async with served(play) as (_, origin), AsyncExitStack() as stack:
        polite, mute = [await stack.enter_async_context(opened(origin)) for _ in range(2)]
        for peer in (polite, mute):
            assert await peer.closed_with() == 1000
        polite.send(FIN | TEXT, b"too late")
        polite.send(FIN | CLOSE, struct.pack("!H", 1000))
        waits = asyncio.create_task(mute.gone())
        await polite.gone()
        assert not waits.done()
        await waits


async def test_a_peer_that_talks_on_after_the_close_is_dropped() -> None:
    async def play(leg: CarrierLeg) -> None:
        await leg.close()

    async with served(play) as (_, origin), opened(origin) as peer, opened(origin) as mute:
        assert await peer.closed_with() == 1000
        # As long as that one is waited for, but for what it says.
        assert await mute.closed_with() == 1000
        waits = asyncio.create_task(mute.gone())
        for _ in range(MAX_AFTER_CLOSE_BYTES // 60_000 + 1):
            peer.send(FIN | TEXT, b"x" * 60_000)
        await peer.gone()
        assert not waits.done()
        await waits


async def test_what_nobody_listens_to_yet_waits_within_bounds_and_then_comes_in_order() -> None:
    heard: list[str | bytes | None] = []
    listens, ended = asyncio.Event(), asyncio.Event()

    def hear(message: str | bytes | None) -> None:
        heard.append(message)
        if message is None:
            ended.set()

    async def play(leg: CarrierLeg) -> None:
        assert await leg.receive() == "0"
        await listens.wait()
        leg.listen(hear)
        await ended.wait()

    count = 4000
    async with served(play) as (room, origin), opened(origin) as peer:
        padding = "." * 1000
        peer.send(FIN | TEXT, b"0")
        for number in range(1, count):
            peer.send(FIN | TEXT, f"{number}{padding}".encode())
        async with asyncio.timeout(30):
            while not room.legs:  # noqa: ASYNC110  it has no event
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
        assert room.legs[0].waiting_bytes < 4 * MAX_MESSAGE_BYTES

        listens.set()
        peer.send(FIN | CLOSE, struct.pack("!H", 1000))
        assert await peer.closed_with() == 1000
        async with asyncio.timeout(30):
            await room.over.wait()

    assert [str(one).strip(".") for one in heard[:-1]] == [str(one) for one in range(1, count)]
    assert heard[-1] is None


async def test_a_peer_that_reads_nothing_is_noticed_and_one_that_reads_again_too() -> None:
    states: list[bool] = []
    deaf = asyncio.Event()

    async def play(leg: CarrierLeg) -> None:
        await deaf.wait()
        while leg.writable:
            leg.send("x" * 50_000)
            await asyncio.sleep(0)
        states.append(leg.writable)
        await leg.drained()
        states.append(leg.writable)

    async with served(play) as (room, origin), opened(origin) as peer:
        peer.transport.pause_reading()
        deaf.set()
        async with asyncio.timeout(30):
            while not states:  # noqa: ASYNC110  it has no event
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
        assert states == [False]
        peer.transport.resume_reading()
        reading = asyncio.create_task(peer.gone())
        async with asyncio.timeout(30):
            await room.over.wait()
        assert states == [False, True]
        await reading


async def test_little_speech_is_held_for_a_peer_that_fell_behind_after_reading_fast() -> None:
    """What the kernel holds too: it grows with a peer that reads fast, to minutes of speech."""
    sent = 0
    behind = asyncio.Event()

    async def play(leg: CarrierLeg) -> None:
        nonlocal sent
        for _ in range(400):
            leg.send("x" * 50_000)
            await leg.drained()
        await behind.wait()
        while leg.writable:
            leg.send("x" * 1_000)
            sent += 1_000
            await asyncio.sleep(0)

    async with served(play) as (room, origin), opened(origin) as peer:
        for _ in range(400):
            await peer.read()
        connection = peer.writer.get_extra_info("socket")
        peer.transport.pause_reading()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024)
        behind.set()
        async with asyncio.timeout(10):
            await room.over.wait()

        assert sent < 256 * 1024


async def test_whoever_waits_for_a_peer_that_has_gone_waits_no_more() -> None:
    deaf, full = asyncio.Event(), asyncio.Event()

    async def play(leg: CarrierLeg) -> None:
        await deaf.wait()
        while leg.writable:
            leg.send("x" * 50_000)
            await asyncio.sleep(0)
        full.set()
        await leg.drained()

    async with served(play) as (room, origin), opened(origin) as peer:
        peer.transport.pause_reading()
        deaf.set()
        async with asyncio.timeout(30):
            await full.wait()
        await asyncio.sleep(0.1)
        assert not room.over.is_set()
        peer.writer.transport.abort()
        async with asyncio.timeout(30):
            await room.over.wait()


async def test_a_ping_that_is_not_answered_before_the_next_ends_the_socket() -> None:
    async with served(echo) as (room, origin), AsyncExitStack() as stack:
        room.ping_s = 1.0
        mute = await stack.enter_async_context(opened(origin))
        url = origin.replace("http", "ws") + "/in"
        alive = await stack.enter_async_context(
            connect(url, additional_headers={"X-Twilio-Signature": "mine"}, ping_interval=None)
        )

        assert (await mute.read())[0] == PING
        assert await mute.closed_with() == 1011
        await alive.send("still here")
        assert await alive.recv() == "str 10"


@pytest.mark.parametrize(("path", "signature"), [("/in", "other"), ("/out", "mine"), ("/", None)])
async def test_who_is_not_admitted_gets_a_403_and_no_socket(
    path: str, signature: str | None
) -> None:
    async with served(echo) as (room, origin):
        headers = {} if signature is None else {"X-Twilio-Signature": signature}
        with pytest.raises(InvalidStatus) as refused:
            await connect(origin.replace("http", "ws") + path, additional_headers=headers)

        assert refused.value.response.status_code == 403
        assert room.legs == []


async def test_a_server_that_stops_says_so_and_waits_for_its_sockets() -> None:
    ended: list[str] = []

    async def play(leg: CarrierLeg) -> None:
        assert await leg.receive() is None
        await asyncio.sleep(0.3)
        ended.append("tidied up")

    async with served(play) as (_, origin):
        headers = {"X-Twilio-Signature": "mine"}
        socket = await connect(origin.replace("http", "ws") + "/in", additional_headers=headers)
        await asyncio.sleep(0.1)

    with pytest.raises(ConnectionClosed):
        await socket.recv()
    assert socket.close_code == 1012
    assert ended == ["tidied up"]


async def test_a_fault_of_ours_closes_the_socket_and_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def play(leg: CarrierLeg) -> None:
        raise RuntimeError("broken")

    async with served(play) as (_, origin), opened(origin) as peer:
        await peer.closed_with()

    assert [one.message for one in caplog.records if one.exc_info] == ["media socket failed"]
