"""The real server on a listener, wired in one place for production and for rehearsals."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from dialplan.runtime.peers import Peers
from dialplan.runtime.service import Service, open_service
from dialplan.runtime.slots import Slot
from dialplan.settings import Settings
from dialplan.store.facts import Fact
from dialplan.web.counting import counted
from dialplan.web.door import MediaDoor
from dialplan.web.serving import serving
from dialplan.web.siblings import Siblings
from dialplan.web.site import build_site


@asynccontextmanager
async def answering(
    settings: Settings,
    environ: Mapping[str, str],
    peers: Peers,
    *,
    origins: Sequence[str],
    listener: socket.socket | Callable[[], socket.socket],
    watch: Callable[[Fact], None] = lambda _fact: None,
    slot: Slot | None = None,
) -> AsyncIterator[Service]:
    """Answer calls on `listener` for as long as the block lasts; `watch` must not block.

    A `listener` that is a function is called once all else is there.

    `slot` is the place among the workers behind one port, None for one alone.
    """
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(
            open_service(settings, environ, peers, watch=watch, slot=slot)
        )
        metrics = service.switchboard.metrics
        siblings = None if slot is None else Siblings(slot, metrics.stream_passed)
        await stack.enter_async_context(
            serving(
                build_site(service, origins, siblings),
                listener() if callable(listener) else listener,
                door=MediaDoor(service.switchboard, origins),
                siblings=siblings,
                counted=partial(counted, metrics.registry),
            )
        )
        # Whoever watches live would hold the server's stop up.
        stack.callback(service.live.close)
        yield service
