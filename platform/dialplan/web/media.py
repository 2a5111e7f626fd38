"""Takes the media socket over from uvicorn: the same port, another engine below it.

uvicorn reads the request and hands over whoever asks to upgrade; from there picows reads and
writes the connection. `WSProtocol` is what its own server makes for each connection, though its
documentation names only the server: see docs/decisions/0013-picows-for-the-media-socket.md.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Protocol, cast
from urllib.parse import unquote

import uvicorn
from picows import (
    WSAutoPingStrategy,
    WSCloseCode,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
)
from picows.picows import WSProtocol  # type: ignore[attr-defined]  # not in its type hints
from uvicorn.server import ServerState

from dialplan.web.leg import LINGER_S, MAX_MESSAGE_BYTES, CarrierLeg
from dialplan.web.signed import SIGNATURE, Refused

log = logging.getLogger(__name__)

# Grows with what comes: up to twice the largest message.
READ_BUFFER_BYTES = 8 * 1024
# What a peer may still send once a close frame is under way. It is read for its own close frame.
MAX_AFTER_CLOSE_BYTES = 256 * 1024

# picows writes a line for each connection, and an error for each fault of a peer's.
_SILENT = logging.Logger("picows", logging.CRITICAL + 1)


class Door(Protocol):
    """Decides who may open a media socket, and what happens on it.

    Attributes:
        ping_s: seconds between pings, which is also how long one may stay unanswered.
    """

    ping_s: float

    def admit(self, path: str, target: str, signature: str | None) -> None:
        """Let a peer in; raises Refused. `target` is as on the request line."""
        ...

    async def attend(self, leg: CarrierLeg) -> None:
        """Carry a media stream to its end."""
        ...


class MediaSocket(WSProtocol):  # type: ignore[misc]  # see the import
    """One connection, as uvicorn makes it for an upgrade (`ws=` of its settings)."""

    def __init__(
        self,
        door: Door,
        *,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
    ) -> None:
        super().__init__(
            None,  # host and port, of clients
            None,  # path, of clients
            False,  # is a client
            self._decide,
            _SILENT,
            True,  # disconnect on an exception of ours
            None,  # timeout of the handshake: the request is here in full
            False,  # pings: the leg's, whose close code is another
            1.0,
            1.0,
            WSAutoPingStrategy.PING_PERIODICALLY,
            True,  # answers pings
            MAX_MESSAGE_BYTES,
            None,  # headers, of clients
            READ_BUFFER_BYTES,
        )
        self._door = door
        self._connections = server_state.connections
        self._tasks = server_state.tasks
        self._leg: CarrierLeg | None = None
        self._raw: asyncio.Transport | None = None
        self._after_close = 0
        self._linger: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection over (uvicorn)."""
        self._raw = cast(asyncio.Transport, transport)
        self._connections.add(self)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Take the request (uvicorn); what follows it comes through `get_buffer`."""
        buffer = self.get_buffer(len(data))
        if len(data) > len(buffer):
            self._abort()
            return
        buffer[: len(data)] = data
        self.buffer_updated(len(data))

    def buffer_updated(self, nbytes: int) -> None:
        """Take what was read (asyncio)."""
        super().buffer_updated(nbytes)
        if self.transport.is_close_frame_sent:
            self._closing(nbytes)

    def connection_lost(self, exc: Exception | None) -> None:
        """End (asyncio)."""
        self._connections.discard(self)
        if self._linger is not None:
            self._linger.cancel()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Say that the server goes (uvicorn)."""
        if self._leg is not None:
            self._leg.fail(WSCloseCode.SERVICE_RESTART)
        self.transport.disconnect()

    def _decide(self, request: WSUpgradeRequest) -> CarrierLeg | WSUpgradeResponseWithListener:
        """Answer the upgrade: 101 with a leg, or 403."""
        target = request.path.decode("latin-1")
        path = unquote(target.partition("?")[0])
        try:
            self._door.admit(path, target, request.headers.get(SIGNATURE))
        except Refused as exc:
            response = WSUpgradeResponse.create_error_response(exc.status)
            return WSUpgradeResponseWithListener(response, None)
        self._leg = CarrierLeg(self._opened, ping_s=self._door.ping_s)
        return self._leg

    def _opened(self, leg: CarrierLeg) -> None:
        task = asyncio.get_running_loop().create_task(self._attend(leg), name="media socket")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _attend(self, leg: CarrierLeg) -> None:
        try:
            await self._door.attend(leg)
        except Exception:
            log.exception("media socket failed")
        finally:
            leg.fail(WSCloseCode.OK)
            # Closing alone waits for a peer that reads.
            self._linger = asyncio.get_running_loop().call_later(LINGER_S, self._abort)

    def _closing(self, nbytes: int) -> None:
        """Read on for the peer's close frame, within bounds; not after a fault of the peer's."""
        self._after_close += nbytes
        if self._leg is None or self._leg.fault() or self._after_close > MAX_AFTER_CLOSE_BYTES:
            self.transport.disconnect()

    def _abort(self) -> None:
        if self._raw is not None:
            self._raw.abort()
