"""The process that does what follows calls, as a server keeps it: one, beside it, for as long.

Knows nothing of what is done there: a server must neither import DBOS nor wait for a text model.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from dialplan.errors import StoreError
from dialplan.runtime.peers import Peers
from dialplan.runtime.processes import ended, gone
from dialplan.settings import Settings
from dialplan.store import after_calls
from dialplan.store.database import Database

log = logging.getLogger(__name__)

LOOK_S = 1.0
"""How often is looked whether a line needs it by now."""
STOP_S = 15.0
"""Longer than its orderly end takes, in seconds."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
STEADY_S = 60.0
"""Who has lived for so long in seconds is started again without a long pause."""


@dataclass(frozen=True, slots=True)
class Child:
    """How it is started.

    Attributes:
        arguments: behind `dialplan jobs`.
        environ: its whole environment.
        silent: whether its log goes nowhere; else it is written where ours is.
    """

    arguments: tuple[str, ...]
    environ: Mapping[str, str] = field(repr=False)
    silent: bool = False


def child_of(
    settings: Settings,
    environ: Mapping[str, str],
    peers: Peers,
    database: Database,
    *,
    log_format: str | None,
) -> Child:
    """Return the child of a server: same files, same database, same peers.

    Args:
        settings: in force, wherever they come from.
        environ: holds the tenants' secrets, and what any process needs.
        peers: whom the server talks to.
        database: the server's; an embedded one by its address.
        log_format: `json` or `text`; None for no log at all.
    """
    given: dict[str, str | None] = {
        "DIALPLAN_DATA": str(settings.data),
        "DIALPLAN_VERTICALS": str(settings.verticals),
        "DIALPLAN_TENANTS": str(settings.tenants_file),
        "DIALPLAN_DATABASE_URL": database.url.set(drivername="postgresql").render_as_string(False),
        "DIALPLAN_PRIVATE_HOSTS": ",".join(settings.private_hosts),
        "DIALPLAN_JOBS_AT_ONCE": str(settings.jobs_at_once),
        "DIALPLAN_LOG_PII": str(settings.log_pii).lower(),
        "OPENAI_API_KEY": peers.text_key,
        "OPENAI_BASE_URL": peers.text_url,
    }
    kept = {name: value for name, value in environ.items() if name not in given}
    emulated = [
        f"--emulated={vertical}.{endpoint}={url}"
        for (vertical, endpoint), url in peers.services.items()
    ]
    return Child(
        ("--child", f"--log={log_format or 'json'}", *emulated),
        kept | {name: value for name, value in given.items() if value is not None},
        silent=log_format is None,
    )


@asynccontextmanager
async def jobs_beside(
    settings: Settings,
    environ: Mapping[str, str],
    peers: Peers,
    database: Database,
    needed: Callable[[], bool],
    *,
    log_format: str | None,
) -> AsyncIterator[None]:
    """Keep the child for as long as the block lasts, from when it is `needed` first.

    Does nothing where the settings say that others do this (`DIALPLAN_JOBS=off`).
    """
    if settings.jobs == "off":
        yield
        return
    child = child_of(settings, environ, peers, database, log_format=log_format)
    task = asyncio.create_task(_when_needed(child, peers, database, needed), name="jobs")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _when_needed(
    child: Child, peers: Peers, database: Database, needed: Callable[[], bool]
) -> None:
    # What lines needed that are gone by now is still owed.
    if not await _is_owed(database):
        while not needed():  # noqa: ASYNC110  one flag, a second, while calls are up
            await asyncio.sleep(LOOK_S)
    if peers.text_key is None:
        log.error("calls are not read: set `OPENAI_API_KEY`, or `DIALPLAN_JOBS=off`")
        return
    await _keep(child)


async def _is_owed(database: Database) -> bool:
    try:
        return await after_calls.is_waiting(database)
    except StoreError as error:
        log.warning("not known what is owed", extra={"reason": str(error)})
        return False


async def _keep(child: Child) -> None:
    pause_s = FIRST_PAUSE_S
    while True:
        began = time.monotonic()
        how = await _live(child)
        if time.monotonic() - began > STEADY_S:
            pause_s = FIRST_PAUSE_S
        log.error("jobs process ended", extra={"how": how, "restart_in_s": pause_s})
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)


async def _live(child: Child) -> str:
    """Run it to its end; return how it ended."""
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "dialplan", "jobs", *child.arguments),
            # Its end is the sign to leave, also when we are killed.
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL if child.silent else None,
            env=dict(child.environ),
            # Ctrl-C is for us.
            start_new_session=True,
        )
    except OSError as error:
        return f"not started: {error.strerror}"
    log.info("jobs process started", extra={"pid": process.pid})
    try:
        return ended(await process.wait())
    finally:
        await _stop(process)


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    if process.stdin is not None:
        process.stdin.close()
    if not await gone(process, STOP_S):
        log.error("jobs process did not stop", extra={"limit_s": STOP_S})
