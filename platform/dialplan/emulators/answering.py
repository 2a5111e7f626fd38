"""The real server on a listener, wired in one place for production and for rehearsals."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from prometheus_client import CollectorRegistry

from dialplan.emulators.loopback import serving
from dialplan.runtime.peers import Peers
from dialplan.runtime.service import Service, open_service
from dialplan.settings import Settings
from dialplan.store.facts import Fact
from dialplan.web.app import build_app


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
        app = build_app(
            service.switchboard, origins, registry=CollectorRegistry(), ping=service.database.ping
        )
        await stack.enter_async_context(serving(app, listener))
        yield service


def console_of(origin: str) -> str:
    """Return the address of the console of the server at `origin`."""
    return f"{origin}/console"
