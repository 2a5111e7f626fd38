"""What keeps jobs going: finds new calls, takes over from dead processes, clears up."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from dialplan.errors import StoreError
from dialplan.jobs.work import Work
from dialplan.store import after_calls
from dialplan.store.database import Database, reason
from dialplan.store.presence import DEAD_S

log = logging.getLogger(__name__)

LOOK_S = 1.0
"""How often new calls are looked for: one statement over an index that is empty then."""
MOST_TAKEN = 200
CLEAR_S = 3_600.0
KEPT = timedelta(days=7)
"""How long DBOS keeps what it knows of a job that has ended; our own rows stay."""
GIVE_UP = timedelta(hours=30)
"""Tries end after a day and a little."""
QUIET_S = 60.0
"""How often an outage is told of."""
MOST_DELETED = 500
MOST_ROUNDS = 200

# Distinct from every other advisory lock; one process of all clears up.
_LOCK = 0x6469616D
_ALIVE = text("SELECT name FROM dialplan.processes WHERE beat_at > now() - CAST(:dead AS interval)")


class Upkeep:
    """One process's part of it."""

    def __init__(
        self, database: Database, work: Work, *, dead_s: float = DEAD_S, look_s: float = LOOK_S
    ) -> None:
        """Make it; nothing runs yet.

        Args:
            database: where calls wait.
            work: makes jobs.
            dead_s: a process that has not beaten for so long is dead.
            look_s: how often new calls are looked for.
        """
        self._database = database
        self._work = work
        self._dead_s = dead_s
        self._look_s = look_s
        self._missing: frozenset[str] = frozenset()
        self._began = time.monotonic()

    async def run(self) -> None:
        """Keep jobs going until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_every(self._look_s, self.look), name="find calls")
            tasks.create_task(_every(self._dead_s * 2 / 3, self.take_over), name="take over")
            tasks.create_task(_every(CLEAR_S, self.clear), name="clear up")

    async def look(self) -> None:
        """Make jobs for calls that nobody has found yet."""
        while True:
            found = await after_calls.untaken(self._database, MOST_TAKEN)
            for call_sid in found:
                await self._work.take(call_sid)
            if found:
                # Only now: killed in between, the next makes the same jobs, which is none.
                await after_calls.taken(self._database, found)
            if len(found) < MOST_TAKEN:
                return

    async def take_over(self) -> None:
        """Let the living go on with the jobs of the dead."""
        async with self._alone() as alive:
            if alive is None:
                return
            jobs = await self._work.abandoned(alive)
            all_of_them = frozenset(job for found in jobs.values() for job in found)
            # Missing twice: after an outage of the database nobody has beaten for a while.
            again, self._missing = all_of_them & self._missing, all_of_them
            for queue, found in jobs.items():
                if theirs := [job for job in found if job in again]:
                    log.warning("jobs taken over", extra={"queue": queue, "jobs": len(theirs)})
                    await self._work.resume(queue, theirs)

    async def clear(self) -> None:
        """Delete what is old; say of rows that wait for ever that they failed."""
        async with self._alone() as alive:
            if alive is None:
                return
            # After a day without any of us all that waits is old, and has its try first.
            if time.monotonic() - self._began > CLEAR_S / 2:
                given_up = await after_calls.give_up(self._database, GIVE_UP)
                if given_up:
                    log.error("calls or sends given up", extra={"rows": given_up})
            before = datetime.now(UTC) - KEPT
            for _ in range(MOST_ROUNDS):
                if await self._work.forget(before, MOST_DELETED) < MOST_DELETED:
                    return

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[frozenset[str] | None]:
        """Yield which processes live, None where another process is at it already."""
        async with self._database.engine.begin() as connection:
            lock = text("SELECT pg_try_advisory_xact_lock(:key)")
            if not await connection.scalar(lock, {"key": _LOCK}):
                yield None
                return
            dead = timedelta(seconds=self._dead_s)
            found = await connection.execute(_ALIVE, {"dead": dead})
            yield frozenset(found.scalars())


async def _every(pause_s: float, do: Callable[[], Awaitable[None]]) -> None:
    told = -QUIET_S
    while True:
        why = None
        try:
            await do()
        except StoreError as error:
            why = str(error)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            why = reason(error)
        if why is not None and time.monotonic() - told > QUIET_S:
            told = time.monotonic()
            log.warning("jobs wait for the database", extra={"reason": why})
        await asyncio.sleep(pause_s)
