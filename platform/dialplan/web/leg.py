"""The caller's side of a call on one WebSocket: frames in as they come, frames out at once.

It sits on picows, which calls it for every frame without a task in between. What picows leaves to
its user of RFC 6455 is done here: fragments, reserved bits, the closing handshake, pings.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections import deque
from collections.abc import Callable

from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSProtocolError, WSTransport

# Twilio's messages are some 400 bytes; a `start` with all its parameters stays far below this too.
MAX_MESSAGE_BYTES = 64 * 1024
# What waits for the call to be ready for it. The rest waits at the carrier, by TCP.
MAX_WAITING_BYTES = 64 * 1024
# What the kernel may hold for a peer that is behind; it doubles the figure for its own part. Left
# to itself it holds megabytes for one that has read fast: minutes of speech that no barge-in takes
# back, for a peer that seems to read.
MAX_SENDING_BYTES = 32 * 1024
# How long a peer may take for what was still to be sent, and for its side of the closing.
LINGER_S = 3.0

Hear = Callable[[str | bytes | None], None]
"""Takes a message, and None for the end; must neither block nor raise."""

_TEXT, _MORE = WSMsgType.TEXT, WSMsgType.CONTINUATION
_CLOSE, _PONG = WSMsgType.CLOSE, WSMsgType.PONG


class CarrierLeg(WSListener):
    """One media socket (a `Leg` of the switchboard's).

    Args:
        opened: called once the socket stands.
        ping_s: seconds between pings, which is also how long one may stay unanswered.

    Attributes:
        waiting_bytes: how much has come that nobody has taken yet.
    """

    def __init__(self, opened: Callable[[CarrierLeg], None], *, ping_s: float) -> None:
        self._opened: Callable[[CarrierLeg], None] | None = opened
        self._ping_s = ping_s
        self._transport: WSTransport | None = None
        self._hear: Hear | None = None
        self._waiting: deque[str | bytes] = deque()
        self.waiting_bytes = 0
        self._paused = False
        self._arrived = asyncio.Event()
        self._ended = False
        self._closed = False
        self._writable = asyncio.Event()
        self._writable.set()
        self._fragments: bytearray | None = None
        self._fragments_are_text = True
        self._ping: bytes | None = None
        self._timer: asyncio.TimerHandle | None = None

    # -- Leg ------------------------------------------------------------------------------------

    async def receive(self) -> str | bytes | None:
        """Return the next message, or None when the socket has closed, however it closed."""
        while not self._waiting:
            if self._ended:
                return None
            self._arrived.clear()
            await self._arrived.wait()
        message = self._waiting.popleft()
        self.waiting_bytes -= len(message)
        self._read_on()
        return message

    def listen(self, hear: Hear) -> None:
        """Have `hear` called for every message from now on, the waiting ones first."""
        self._hear = hear
        while self._waiting:
            hear(self._waiting.popleft())
        self.waiting_bytes = 0
        if self._ended:
            self._hear = None
            hear(None)
        else:
            self._read_on()

    def send(self, *texts: str) -> None:
        """Send text messages, in one piece; a closed socket swallows them."""
        transport = self._transport
        if transport is None or self._closed:
            return
        transport.underlying_transport.write(_frames(texts))

    @property
    def writable(self) -> bool:
        """Whether the peer takes what is sent, so that little of it waits here."""
        return self._writable.is_set()

    async def drained(self) -> None:
        """Wait until the peer has taken most of what was sent, or is gone."""
        await self._writable.wait()

    async def close(self) -> None:
        """Say goodbye; closing twice is fine. The peer has `LINGER_S` to answer."""
        self.fail(WSCloseCode.OK)

    # -- the socket -----------------------------------------------------------------------------

    def fail(self, code: WSCloseCode, reason: str = "") -> None:
        """Close with a code; nothing more is heard of the peer but its own goodbye."""
        transport = self._transport
        if transport is None or self._closed:
            return
        self._closed = True
        transport.send_close(code, reason)
        self._stop_timer()
        self._timer = asyncio.get_running_loop().call_later(LINGER_S, transport.disconnect, False)
        self.waiting_bytes = 0
        self._read_on()
        self.end()

    def end(self) -> None:
        """Take note that nothing more comes; twice is fine."""
        if self._ended:
            return
        self._ended = True
        self._arrived.set()
        hear, self._hear = self._hear, None
        if hear is not None:
            hear(None)

    def fault(self) -> bool:
        """Tell whether a close frame was sent not by this leg but over a fault of the peer's."""
        if self._closed:
            return False
        self._closed = True
        self.end()
        return True

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Begin (picows)."""
        self._transport = transport
        raw = transport.underlying_transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MAX_SENDING_BYTES)
        self._timer = asyncio.get_running_loop().call_later(self._ping_s, self._keep_alive)
        # Once, and let go of: whoever is told holds this leg.
        opened, self._opened = self._opened, None
        if opened is not None:
            opened(self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Take one frame (picows, which answers pings itself)."""
        if frame.rsv1 or frame.rsv2 or frame.rsv3:
            raise WSProtocolError(WSCloseCode.PROTOCOL_ERROR, "reserved bits are set")
        kind = frame.msg_type
        if kind is _TEXT and frame.fin and self._fragments is None:
            self._take(transport, _text(frame.get_payload_as_utf8_text))
        elif kind is _CLOSE:
            self._peer_closes(transport, frame)
        elif kind is _PONG:
            if frame.get_payload_as_bytes() == self._ping:
                self._ping = None
        else:
            self._take_fragment(transport, frame)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """End (picows)."""
        self._closed = True
        self._stop_timer()
        # Whoever waits for the peer waits no more, and what is sent is swallowed.
        self._transport = None
        self._writable.set()
        self.end()

    def pause_writing(self) -> None:
        """Take note that the peer is behind (picows)."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Take note that the peer has caught up (picows)."""
        self._writable.set()

    # -- messages -------------------------------------------------------------------------------

    def _take(self, transport: WSTransport, message: str | bytes) -> None:
        if self._ended:
            return
        if self._hear is not None:
            self._hear(message)
            return
        self._waiting.append(message)
        self.waiting_bytes += len(message)
        self._arrived.set()
        if self.waiting_bytes > MAX_WAITING_BYTES and not self._paused:
            self._paused = True
            transport.underlying_transport.pause_reading()

    def _take_fragment(self, transport: WSTransport, frame: WSFrame) -> None:
        kind = frame.msg_type
        if (kind is _MORE) == (self._fragments is None):
            raise WSProtocolError(WSCloseCode.PROTOCOL_ERROR, "fragments out of order")
        data = frame.get_payload_as_bytes()
        if self._fragments is None:
            self._fragments, self._fragments_are_text = bytearray(), kind is _TEXT
        self._fragments += data
        if len(self._fragments) > MAX_MESSAGE_BYTES:
            raise WSProtocolError(WSCloseCode.MESSAGE_TOO_BIG, "the message is too big")
        if not frame.fin:
            return
        whole, self._fragments = self._fragments, None
        message = _text(whole.decode) if self._fragments_are_text else bytes(whole)
        self._take(transport, message)

    def _peer_closes(self, transport: WSTransport, frame: WSFrame) -> None:
        self._closed = True
        if not transport.is_close_frame_sent:
            code = frame.get_close_code()
            if code == WSCloseCode.NO_INFO:
                transport.send(_CLOSE, None)
            else:
                transport.send_close(code)
        transport.disconnect()
        self.end()

    def _read_on(self) -> None:
        if self._ended or not self._paused or self.waiting_bytes > MAX_WAITING_BYTES:
            return
        self._paused = False
        transport = self._transport
        if transport is not None and not transport.underlying_transport.is_closing():
            transport.underlying_transport.resume_reading()

    # -- pings ----------------------------------------------------------------------------------

    def _keep_alive(self) -> None:
        if self._transport is None:
            return
        if self._ping is not None:
            self.fail(WSCloseCode.INTERNAL_ERROR, "keepalive ping timeout")
            return
        self._ping = secrets.token_bytes(4)
        self._transport.send_ping(self._ping)
        self._timer = asyncio.get_running_loop().call_later(self._ping_s, self._keep_alive)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _text(decode: Callable[[], str]) -> str:
    try:
        return decode()
    except UnicodeDecodeError as exc:
        raise WSProtocolError(WSCloseCode.INVALID_TEXT, "expected UTF-8 in a text frame") from exc


def _frames(texts: tuple[str, ...]) -> bytes:
    """Return the frames of text messages: a server's are not masked (RFC 6455, section 5.2)."""
    parts: list[bytes] = []
    for text in texts:
        data = text.encode()
        size = len(data)
        if size < 126:
            parts += (bytes((0x81, size)), data)
        elif size < 65536:
            parts += (b"\x81\x7e" + size.to_bytes(2, "big"), data)
        else:
            parts += (b"\x81\x7f" + size.to_bytes(8, "big"), data)
    return b"".join(parts)
