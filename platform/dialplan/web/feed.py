"""The live feed: what happens in calls, as Server-Sent Events ("Server-sent events", WHATWG HTML).

A client that does not read is let go. There is no replay: after a break a client fetches what it
shows and listens again, which is also what a browser's EventSource leads to.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import orjson
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from dialplan.runtime.live import Listener, LiveCalls, Lost
from dialplan.web import shapes

log = logging.getLogger(__name__)

HEARTBEAT_S = 15.0
# A client whose connection takes nothing for so long is gone, whatever its socket says.
SEND_S = 10.0
RETRY_MS = 2_000


class Feed(StreamingResponse):
    """Tells one listener's moments for as long as its client reads them."""

    def __init__(
        self,
        live: LiveCalls,
        listener: Listener,
        *,
        heartbeat_s: float = HEARTBEAT_S,
        send_s: float = SEND_S,
    ) -> None:
        super().__init__(
            _body(listener, heartbeat_s),
            media_type="text/event-stream",
            # Proxies of nginx's kind keep a stream back until it fills a buffer.
            headers={"X-Accel-Buffering": "no"},
        )
        self._live = live
        self._listener = listener
        self._send_s = send_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until the client leaves; the listener is forgotten whatever happens."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._live.forget(self._listener)

    async def stream_response(self, send: Send) -> None:
        """Send the stream; gives up on a client that does not read."""

        async def limited(message: Message) -> None:
            async with asyncio.timeout(self._send_s):
                await send(message)

        try:
            await super().stream_response(limited)
        except TimeoutError:
            log.warning("live client does not read", extra={"limit_s": self._send_s})


async def _body(listener: Listener, heartbeat_s: float) -> AsyncIterator[bytes]:
    yield f"retry: {RETRY_MS}\nevent: listening\ndata: {{}}\n\n".encode()
    while True:
        try:
            async with asyncio.timeout(heartbeat_s):
                one = await listener.next()
        except TimeoutError:
            yield b": still here\n\n"
            continue
        name, data = shapes.moment(one)
        # One line whatever was said: JSON escapes line ends.
        yield b"event: %b\ndata: %b\n\n" % (name.encode(), orjson.dumps(data, default=str))
        if isinstance(one, Lost):
            return
