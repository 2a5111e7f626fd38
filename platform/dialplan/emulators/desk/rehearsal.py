"""A rehearsal as its user runs it: the real server here, its peers in a process of their own."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dialplan.emulators.desk.occupancy import Address, claim
from dialplan.emulators.desk.process import peers_process
from dialplan.errors import ConfigError, RehearsalError
from dialplan.settings import Settings

if TYPE_CHECKING:
    from dialplan.runtime.service import Service

LOOPBACK = ("127.0.0.1", "localhost")
EVERYWHERE = ("0.0.0.0", "")  # noqa: S104  compared with, not bound to


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A running rehearsal.

    Attributes:
        address: the server's origin, and the way to the control channel.
        gone: done when the peers have ended, with that as an error.
    """

    address: Address
    service: Service
    gone: asyncio.Task[RehearsalError]


def origin_of(host: str, listener: socket.socket) -> str:
    """Return where the peers on this machine reach a server that listens on `host`.

    Raises:
        ConfigError: they cannot: a media stream to another address would need TLS.
    """
    if host not in (*LOOPBACK, *EVERYWHERE):
        raise ConfigError(
            f"a rehearsal cannot be reached on `{host}`: use `--host 127.0.0.1`, or "
            "`--host 0.0.0.0` for every address of this machine"
        )
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


@asynccontextmanager
async def open_rehearsal(
    settings: Settings,
    environ: Mapping[str, str],
    *,
    listener: socket.socket,
    origin: str,
    silent: bool,
    log_format: str | None = None,
    progress: Callable[[str], None] = lambda _step: None,
) -> AsyncIterator[Rehearsal]:
    """Start the peers and the server; `progress` is told each step as it begins.

    `log_format` is how the process beside us logs that does what follows calls; None for not.

    Raises:
        ConfigError: something must be changed first; the message says what.
        RehearsalError: the peers ended, or did not answer in time.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(contextlib.closing(listener))
        occupied = stack.enter_context(claim(settings.data))
        progress("emulated Twilio, model and services")
        # The server's own imports take seconds: they go on beside the peers' start.
        imports = asyncio.create_task(
            asyncio.to_thread(importlib.import_module, "dialplan.web.answering")
        )
        try:
            process = await stack.enter_async_context(
                peers_process(settings, origin=origin, silent=silent)
            )
        finally:
            await imports
        from dialplan.config.load import read_tenants
        from dialplan.emulators.cast import stand_ins
        from dialplan.jobs.child import jobs_beside
        from dialplan.web.answering import answering

        peers = process.setting.peers
        # The verticals are for the server to load; here only the tenants' own names count.
        tenants = read_tenants(settings.tenants_file)
        progress("database and server")
        filled = stand_ins(tenants, environ, peers.account or "", peers.token or "")
        service = await stack.enter_async_context(
            answering(
                settings,
                filled,
                peers,
                origins=[origin],
                listener=listener,
                watch=process.tell,
            )
        )
        progress("speech and understanding")
        await process.ready()
        await stack.enter_async_context(
            jobs_beside(
                settings,
                filled,
                peers,
                service.database,
                lambda: service.lines.follows,
                log_format=log_format,
            )
        )
        address = Address(origin, process.setting.url, os.getpid(), process.setting.key)
        occupied.announce(address)
        watching = asyncio.create_task(process.gone(), name="peers")
        stack.callback(watching.cancel)
        yield Rehearsal(address, service, watching)
