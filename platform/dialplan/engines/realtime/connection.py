"""One WebSocket to the model: how it is opened, kept and closed, and with which limits.

Knows no event. Frames come in synchronously, in the order of the wire; sending never waits. What
picows leaves to its users is here: whole messages from fragments, pings, and a peer that does not
read. Source: RFC 6455, sections 5.4, 5.5 and 7.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache

from picows import (
    WSCloseCode,
    WSError,
    WSFrame,
    WSInvalidURL,
    WSListener,
    WSMsgType,
    WSTransport,
    ws_connect,
)
from websockets.exceptions import InvalidProxy, InvalidURI
from websockets.proxy import get_proxy
from websockets.uri import parse_uri

from dialplan.errors import EngineError
from dialplan.tools.trust import trusted

# An adapter, because picows makes a logger of its own for every connection of a plain one.
_wire_log = logging.LoggerAdapter(logging.getLogger("picows.client"))

_PING = b"dialplan"
# Bytes; grows to twice the longest message seen. Two tenths of a second of speech fit.
_READ_BUFFER = 4 * 1024
_NO_CODE, _NO_CLOSE = 1005, 1006

Take = Callable[[bytes], None]
"""Takes a whole message; must not raise."""

Lost = Callable[[str], None]
"""Is told once, in words, why a connection ended that nobody here closed; must not raise."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the model is, and how long to wait for it. Times are seconds, sizes bytes.

    Attributes:
        open_timeout_s: for the connection, and once more for the session on it.
        ping_timeout_s: how long a ping may stay unanswered.
        max_size: the longest message that is read, fragmented or not.
        write_limit: what may wait to be sent; more audio is dropped.
        stall_timeout_s: how long that much may wait before the connection counts as lost.
        tls: what is trusted; None is what the system trusts.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    open_timeout_s: float = 5.0
    close_timeout_s: float = 2.0
    ping_interval_s: float = 20.0
    ping_timeout_s: float = 20.0
    max_size: int = 16 * 1024 * 1024
    write_limit: int = 128 * 1024
    stall_timeout_s: float = 5.0
    reconnects: int = 3
    reconnect_wait_s: float = 0.25
    tls: ssl.SSLContext | None = None


class Connection(WSListener):
    """An open connection. Made by `dial`; belongs to one event loop."""

    def __init__(self, endpoint: Endpoint, take: Take, lost: Lost) -> None:
        super().__init__()
        self._endpoint = endpoint
        self._take = take
        self._lost = lost
        self._loop = asyncio.get_running_loop()
        self._transport: WSTransport | None = None
        self._parts: bytearray | None = None
        self._ping_timer: asyncio.TimerHandle | None = None
        self._pong_due = False
        self._stall: asyncio.TimerHandle | None = None
        self._unwanted = False
        self._dialled = False
        self._reason: str | None = None
        self.dropped = 0
        """Frames of audio that were not sent, because too much was waiting."""

    def dialled(self) -> None:
        """Have its loss told from now on. Raises ConnectionError when it is lost already."""
        if not self.open:
            raise ConnectionError("closed during the handshake")
        self._dialled = True

    @property
    def open(self) -> bool:
        """Whether frames can be sent."""
        transport = self._transport
        return transport is not None and not (
            transport.is_disconnected or transport.is_close_frame_sent
        )

    @property
    def waiting(self) -> int:
        """How many bytes wait to be sent, beyond those that the kernel took."""
        transport = self._transport
        if transport is None or transport.is_disconnected:
            return 0
        return int(transport.underlying_transport.get_write_buffer_size())

    def send(self, frame: str | bytes) -> None:
        """Send a text frame; dropped when the connection is not open."""
        if self._transport is not None:
            self._transport.send(WSMsgType.TEXT, frame)

    def send_audio(self, frame: str | bytes) -> bool:
        """Send a frame that is worth nothing later; False when it was dropped: too much waits."""
        if self._stall is not None:
            self.dropped += 1
            return False
        if self._transport is not None:
            self._transport.send(WSMsgType.TEXT, frame)
        return True

    def abandon(self) -> None:
        """Let go at once, also of a connection that is still being opened."""
        self._unwanted = True
        if self._transport is not None:
            self._transport.disconnect(graceful=False)

    async def close(self) -> None:
        """Close with a handshake, or without one when that takes too long. Safe at any time."""
        self._unwanted = True
        transport = self._transport
        if transport is None:
            return
        try:
            transport.send_close(WSCloseCode.OK)
            async with asyncio.timeout(self._endpoint.close_timeout_s):
                await _gone(transport)
        except TimeoutError:
            transport.disconnect(graceful=False)
            await _gone(transport)
        finally:
            transport.disconnect(graceful=False)

    # -- what picows calls ----------------------------------------------------------------------

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Take up the connection."""
        self._transport = transport
        if self._unwanted:
            transport.disconnect(graceful=False)
            return
        wire = transport.underlying_transport
        wire.set_write_buffer_limits(high=self._endpoint.write_limit)
        # The kernel would take megabytes, minutes of speech, before a stalled peer shows here.
        raw = wire.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self._endpoint.write_limit // 2)
        self._ping_timer = self._loop.call_later(self._endpoint.ping_interval_s, self._ping)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Pass a message on; nothing more once we said that we are leaving."""
        kind = frame.msg_type
        if kind == WSMsgType.TEXT and frame.fin and self._parts is None:
            if not transport.is_close_frame_sent:
                self._take(frame.get_payload_as_bytes())
        elif kind == WSMsgType.PONG:
            self._pong_due = False
        elif kind == WSMsgType.CLOSE:
            self._closed_by_peer(transport, frame)
        elif not transport.is_close_frame_sent:
            self._assemble(frame)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Tell why, if nobody wanted it."""
        for timer in (self._ping_timer, self._stall):
            if timer is not None:
                timer.cancel()
        self._stall = None
        if self._dialled and not self._unwanted:
            self._lost(self._reason or _reason(transport))

    def pause_writing(self) -> None:
        """Too much waits to be sent."""
        limit_s = self._endpoint.stall_timeout_s
        self._stall = self._loop.call_later(
            limit_s, self._fail, f"read nothing for {limit_s:g} s", WSCloseCode.GOING_AWAY
        )

    def resume_writing(self) -> None:
        """The peer reads again."""
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    # -- its rules ------------------------------------------------------------------------------

    def _assemble(self, frame: WSFrame) -> None:
        begins = frame.msg_type != WSMsgType.CONTINUATION
        if begins != (self._parts is None):
            self._fail("sent fragments out of order", WSCloseCode.PROTOCOL_ERROR)
            return
        parts = self._parts = bytearray() if self._parts is None else self._parts
        if len(parts) + frame.payload_size > self._endpoint.max_size:
            self._fail("sent too long a message", WSCloseCode.MESSAGE_TOO_BIG)
            return
        parts += frame.get_payload_as_memoryview()
        if frame.fin:
            self._parts = None
            self._take(bytes(parts))

    def _closed_by_peer(self, transport: WSTransport, frame: WSFrame) -> None:
        code = frame.get_close_code()
        if self._reason is None:
            self._reason = f"closed with {code.value or _NO_CODE}"
        if not transport.is_close_frame_sent:
            transport.send_close(code if code.value else WSCloseCode.OK)
        transport.disconnect()
        # Waits for what is still to be sent, and a peer that does not read would keep it waiting.
        self._loop.call_later(self._endpoint.close_timeout_s, transport.disconnect, False)

    def _ping(self) -> None:
        if self._transport is not None:
            self._pong_due = True
            self._transport.send_ping(_PING)
            self._ping_timer = self._loop.call_later(self._endpoint.ping_timeout_s, self._judge)

    def _judge(self) -> None:
        if self._pong_due:
            self._fail("answered no ping", WSCloseCode.GOING_AWAY)
            return
        rest_s = self._endpoint.ping_interval_s - self._endpoint.ping_timeout_s
        self._ping_timer = self._loop.call_later(max(rest_s, 0), self._ping)

    def _fail(self, reason: str, code: WSCloseCode) -> None:
        """End it from our side, for something that the peer did."""
        self._parts = None
        if self._transport is not None:
            self._reason = self._reason or reason
            self._transport.send_close(code)
            self._transport.disconnect(graceful=False)


async def dial(endpoint: Endpoint, take: Take, lost: Lost) -> Connection:
    """Open a connection; `take` may be called before this returns.

    Compression is never offered: base64 audio does not shrink enough to pay for it. Redirects are
    not followed: the key is for the host that was named.

    Raises:
        EngineError: nobody answered in time, or the answer was a refusal.
    """
    connection = Connection(endpoint, take, lost)
    secure = endpoint.url.startswith("wss:")
    try:
        async with asyncio.timeout(endpoint.open_timeout_s):
            await ws_connect(
                lambda _request, _response: connection,
                endpoint.url,
                ssl_context=endpoint.tls or (trusted() if secure else None),
                # Sooner than ours: only this one can close what has not shaken hands.
                websocket_handshake_timeout=0.9 * endpoint.open_timeout_s,
                max_frame_size=endpoint.max_size,
                read_buffer_init_size=_READ_BUFFER,
                extra_headers=endpoint.headers,
                max_redirects=0,
                proxy=_proxy(endpoint.url),
                logger_name=_wire_log,
            )
        connection.dialled()
    except (OSError, TimeoutError, WSError, WSInvalidURL, InvalidURI, InvalidProxy) as error:
        connection.abandon()
        raise EngineError(
            f"could not open a session with the model ({type(error).__name__}), "
            "check the address, the key and the network"
        ) from error
    except BaseException:
        # picows goes on opening what nobody waits for any more.
        connection.abandon()
        raise
    return connection


@lru_cache(maxsize=64)
def _proxy(url: str) -> str | None:
    """The proxy that the environment names for this address, as for every HTTP client."""
    proxy = get_proxy(parse_uri(url))
    return proxy and proxy.replace("socks5h://", "socks5://").replace("socks4a://", "socks4://")


def _reason(transport: WSTransport) -> str:
    """Why a connection ended without a word from its listener."""
    handshake = transport.close_handshake
    sent = None if handshake is None else handshake.sent
    return f"closed with {_NO_CLOSE if sent is None else sent.code.value}"


async def _gone(transport: WSTransport) -> None:
    # What it raises is the fault of the peer that ended the connection, which was told already.
    with suppress(WSError):
        await transport.wait_disconnected()
