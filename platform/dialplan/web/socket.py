"""How uvicorn holds a WebSocket of an application: frames bounded, an end that ends."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from dialplan.web.leg import LINGER_S

MAX_FRAME_BYTES = 64 * 1024


class PromptSocket(WebSocketsSansIOProtocol):
    """A socket that is gone soon after its handler: closing alone waits for a peer that reads."""

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """Give the peer its time, then drop the connection; a closed one is left alone."""
        super().on_task_complete(task)
        self.loop.call_later(LINGER_S, self.transport.abort)
