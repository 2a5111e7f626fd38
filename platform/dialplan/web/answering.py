"""The real server on a listener, wired in one place for production and for rehearsals."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from dialplan.runtime.peers import Peers
from dialplan.runtime.service import Service, open_service
from dialplan.settings import Settings
from dialplan.store.facts import Fact
from dialplan.web.door import MediaDoor
from dialplan.web.serving import serving
from dialplan.web.site import build_site


@asynccontextmanager
async def answering(
    settings: Settings,
    environ: Mapping[str, str],
    peers: Peers,
    *,
    origins: Sequence[str],
    listener: socket.socket,
    watch: Callable[[Fact], None] = lambda _fact: None,
) -> AsyncIterator[Service]:
    """Answer calls on `listener` for as long as the block lasts; `watch` must not block."""
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(
            open_service(settings, environ, peers, watch=watch)
        )
        app, door = build_site(service, origins), MediaDoor(service.switchboard, origins)
        await stack.enter_async_context(serving(app, listener, door=door))
        # Whoever watches live would hold the server's stop up.
        stack.callback(service.live.close)
        yield service
