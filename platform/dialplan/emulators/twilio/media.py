"""One bidirectional media stream of an emulated call: the socket, and what goes over it.

Follows "Media Streams - WebSocket Messages" and the stream errors of the error dictionary. What
the server asks for is put on the phone line; the line says when it was heard.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from dialplan.emulators.twilio.line import PhoneLine
from dialplan.emulators.twilio.record import CallRecord, Notification
from dialplan.emulators.twilio.wire import ClearAudio, Fault, PlayAudio, QueueMark, Writer, read
from dialplan.protocols.audio import duration_ms
from dialplan.protocols.twilio.signature import sign

CONNECT_TIMEOUT_S = 5.0
CLOSE_TIMEOUT_S = 2.0
MAX_MESSAGE_BYTES = 1 << 20
MAX_UNSENT = 250
"""Messages the server may be behind, 5 s; then the caller's audio is dropped (31930)."""

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class StreamFailed(Exception):
    """The socket could not be opened. `code` is from Twilio's error dictionary."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


async def open_socket(
    url: str, *, auth_token: str, resolve: Callable[[str], str]
) -> ClientConnection:
    """Open the socket that TwiML names, signed over the URL as written there.

    A query is dropped, as Twilio does.

    Raises:
        StreamFailed: 31901, 31902, 31904, 31910, 31920, 31922 or 31923.
    """
    url = url.partition("#")[0].partition("?")[0]
    try:
        written, dialled = urlsplit(url), urlsplit(resolve(url))
        port = dialled.port or (443 if dialled.scheme == "wss" else 80)
    except ValueError as error:
        raise StreamFailed(31923, "stream URL is malformed") from error
    if not written.hostname:
        raise StreamFailed(31923, "stream URL is malformed")
    # Plain `ws` to this machine is this emulator's one concession: no certificate is needed.
    if written.scheme != "wss" and not (written.scheme == "ws" and written.hostname in _LOOPBACK):
        raise StreamFailed(31922, f"scheme of the stream URL is `{written.scheme}`, not `wss`")
    with _refusals():
        return await connect(
            f"{dialled.scheme}://{written.netloc}{dialled.path or '/'}",
            host=dialled.hostname,
            port=port,
            additional_headers={"X-Twilio-Signature": sign(auth_token, url, ())},
            compression=None,
            proxy=None,
            user_agent_header=None,
            open_timeout=CONNECT_TIMEOUT_S,
            close_timeout=CLOSE_TIMEOUT_S,
            ping_interval=None,
            max_size=MAX_MESSAGE_BYTES,
        )


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise StreamFailed(31901, "connection timed out") from error
    except ConnectionRefusedError as error:
        raise StreamFailed(31902, "connection refused") from error
    except ssl.SSLError as error:
        raise StreamFailed(31910, "TLS handshake failed") from error
    except InvalidURI as error:
        raise StreamFailed(31923, "stream URL is malformed") from error
    except (InvalidHandshake, EOFError) as error:
        raise StreamFailed(31920, f"handshake failed: {error}") from error
    except OSError as error:
        raise StreamFailed(31904, f"server unreachable: {type(error).__name__}") from error


class MediaStream:
    """A running stream: taps the line, and plays what the server sends.

    Args:
        socket: open and signed.
        writer: numbers our messages.
        line: the call's line.
        record: where marks and clears are noted.
        stream_sid: `MZ...`.
        notify: told what Twilio would log.
        on_clear: told when the server empties the buffer, in ms since the answer.
    """

    def __init__(
        self,
        *,
        socket: ClientConnection,
        writer: Writer,
        line: PhoneLine,
        record: CallRecord,
        stream_sid: str,
        notify: Callable[[Notification], None],
        on_clear: Callable[[int], None],
    ) -> None:
        self._socket = socket
        self._writer = writer
        self._line = line
        self._record = record
        self._stream_sid = stream_sid
        self._notify = notify
        self._on_clear = on_clear
        self._unsent: asyncio.Queue[str | None] = asyncio.Queue()
        self._warned: set[int] = set()
        self._first_ms: int | None = None

    async def run(self) -> None:
        """Stream until the server closes; when cancelled, send `stop` and close."""
        self._unsent.put_nowait(self._writer.connected())
        self._unsent.put_nowait(self._writer.start())
        self._line.tap = self
        try:
            async with asyncio.TaskGroup() as tasks:
                sender = tasks.create_task(self._send())
                try:
                    await self._receive()
                finally:
                    self._line.tap = None
                    self._unsent.put_nowait(self._writer.stop())
                    self._unsent.put_nowait(None)
                    await asyncio.wait({sender}, timeout=CLOSE_TIMEOUT_S)
                    sender.cancel()
                    await self._socket.close()
        finally:
            # Nothing of this stream is heard after it: a redirect or a close drops the buffer.
            self._line.playback.clear()
            self._socket.transport.abort()

    def spoke(self, frame: bytes, now_ms: int) -> None:
        """Send 20 ms of the caller's voice, unless the server is too far behind."""
        if self._first_ms is None:
            self._first_ms = now_ms
        if self._unsent.qsize() >= MAX_UNSENT:
            self._warn_once(31930, "server reads too slowly, caller audio was dropped")
            return
        self._unsent.put_nowait(self._writer.media(frame, now_ms - self._first_ms))

    def pressed(self, digit: str) -> None:
        """Send one key."""
        self._unsent.put_nowait(self._writer.dtmf(digit))

    def played(self, marks: tuple[str, ...]) -> None:
        """Send marks back."""
        for name in marks:
            self._record.marks.append(name)
            self._unsent.put_nowait(self._writer.mark(name))

    async def _send(self) -> None:
        try:
            while (message := await self._unsent.get()) is not None:
                await self._socket.send(message)
        except ConnectionClosed:
            return

    async def _receive(self) -> None:
        try:
            while True:
                message = await self._socket.recv()
                if isinstance(message, bytes):
                    self._warn_once(31950, "binary message")
                else:
                    self._take(message)
        except ConnectionClosed as closed:
            self._notify(_closing(closed))

    def _take(self, text: str) -> None:
        match read(text, self._stream_sid):
            case PlayAudio(audio):
                if not self._line.playback.add(audio):
                    self._warn_once(
                        31931, "more than 10 minutes were buffered, audio was discarded"
                    )
            case QueueMark(name):
                self.played(self._line.playback.mark(name))
            case ClearAudio():
                at = duration_ms(len(self._line.agent_audio))
                self._record.cleared_at_ms.append(at)
                self._on_clear(at)
                self.played(self._line.playback.clear())
            case Fault(why):
                self._warn_once(31951, why)

    def _warn_once(self, code: int, message: str) -> None:
        if code not in self._warned:
            self._warned.add(code)
            self._notify(Notification(code, "warning", message))


def _closing(closed: ConnectionClosed) -> Notification:
    """Return what Twilio logs: even a deliberate close by the server is error 31921."""
    sent, received = closed.sent, closed.rcvd
    if sent is not None and sent.code in (1002, 1007, 1009):
        return Notification(31924, "error", f"protocol error, code {sent.code}")
    if received is None:
        return Notification(31903, "error", "connection lost without a close")
    return Notification(31921, "error", f"server closed the stream, code {received.code}")
