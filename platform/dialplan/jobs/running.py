"""Wires the process that does what follows calls. Everything is made here, top down."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from dialplan.engines.text.extraction import TextModel
from dialplan.errors import ConfigError
from dialplan.jobs.deeds import Deeds
from dialplan.jobs.lines import PastLines
from dialplan.jobs.reading import Reader
from dialplan.jobs.upkeep import Upkeep
from dialplan.jobs.work import open_work
from dialplan.runtime.clock import Clock
from dialplan.runtime.peers import hosts_of
from dialplan.runtime.registry import Registry, kept
from dialplan.runtime.silence import LOOKS
from dialplan.settings import Settings
from dialplan.store.database import Database
from dialplan.store.opening import open_database
from dialplan.store.presence import BEAT_S, DEAD_S, Presence
from dialplan.tools.http import HttpCaller

MORE_LOOKS = 4
"""A server that lives ends the calls of one that does not before this does: it can count them."""

Services = Mapping[tuple[str, str], str]
"""Addresses of emulated services, by (vertical, endpoint)."""


@asynccontextmanager
async def open_deeds(
    settings: Settings, environ: Mapping[str, str], database: Database, services: Services
) -> AsyncIterator[Deeds]:
    """Open what reading and sending need.

    Raises:
        ConfigError: there is no text model.
    """
    if settings.openai_api_key is None:
        raise ConfigError("nobody to read calls: set `OPENAI_API_KEY`")
    async with AsyncExitStack() as stack:
        model = TextModel(
            api_key=settings.openai_api_key.get_secret_value(), base_url=settings.openai_base_url
        )
        stack.push_async_callback(model.close)
        http = HttpCaller(private_hosts={*settings.private_hosts, *hosts_of(services)})
        stack.push_async_callback(http.close)
        lines = PastLines(database, settings.tenants_file, environ, services)
        yield Deeds(database, lines, Reader(model), http)


async def run_jobs(
    settings: Settings,
    environ: Mapping[str, str],
    services: Services,
    *,
    dead_s: float = DEAD_S,
) -> None:
    """Do what follows calls until cancelled.

    Args:
        settings: of the installation.
        environ: holds the tenants' secrets.
        services: emulated ones, in a rehearsal.
        dead_s: a process that has not beaten for so long is dead.

    Raises:
        ConfigError: there is no text model.
        StoreError: the database does not answer, or the tables cannot be made.
    """
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(settings))
        deeds = await stack.enter_async_context(open_deeds(settings, environ, database, services))
        presence = Presence(
            database, f"{socket.gethostname()} jobs {Clock().random_hex(4)}", dead_s=dead_s
        )
        # Before the first job: whoever works and does not live is taken over from.
        registry = Registry(presence, looks=LOOKS + MORE_LOOKS)
        await stack.enter_async_context(kept(registry, presence, min(BEAT_S, dead_s / 3)))
        work = await stack.enter_async_context(
            open_work(deeds, database.url, name=presence.process, at_once=settings.jobs_at_once)
        )
        await Upkeep(database, work, dead_s=dead_s).run()
