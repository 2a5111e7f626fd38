"""Which processes of an installation live, and which calls each of them has up: one registry.

A process lives while it beats; what a dead one had up counts no more and is swept by the others,
which end its calls too (`store.lost`). Each method is one short transaction, or two, and raises
StoreError when the database does not do it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from dialplan.errors import StoreError
from dialplan.store.database import Database, reason
from dialplan.store.lost import MOST_ENDED, LostCall, Silent, end_calls, silent

BEAT_S = 5.0
DEAD_S = 15.0
"""A process that has not beaten for so long is dead. Three beats: one may be late, or lost."""
MOST_ROWS = 1_000

# Written anew at every beat, so a commit that a crash of Postgres loses costs nothing.
_RELAXED = text("SET LOCAL synchronous_commit = off")
_CLAIM = text(
    "SELECT dialplan.claim_call(:process, :call_sid, :tenant, :vertical, :version, :caller,"
    " :called, :most, :dead)"
)
_BEAT = text(
    "INSERT INTO dialplan.processes (name, started_at, beat_at) VALUES (:process, now(), now())"
    " ON CONFLICT (name) DO UPDATE SET beat_at = now()"
)
_PUT = text(
    "INSERT INTO dialplan.running_calls"
    " (call_sid, process, tenant, vertical, version, caller, called, since, talking)"
    " VALUES (:call_sid, :process, :tenant, :vertical, :version, :caller, :called, :since,"
    " :talking) ON CONFLICT (call_sid) DO UPDATE"
    " SET process = excluded.process, since = excluded.since, talking = excluded.talking"
    # Twilio may have asked two of us about one call; whoever got its stream has it.
    " WHERE excluded.talking OR NOT running_calls.talking"
)
_KEEP_ONLY = text(
    "DELETE FROM dialplan.running_calls WHERE process = :process"
    " AND call_sid <> ALL(CAST(:call_sids AS text[]))"
)
_MINE = text("SELECT call_sid, talking FROM dialplan.running_calls WHERE process = :process")
_OVER = text("DELETE FROM dialplan.running_calls WHERE process = :process AND call_sid = :call_sid")
_SWEEP = (
    text(
        "DELETE FROM dialplan.running_calls c WHERE NOT EXISTS"
        " (SELECT FROM dialplan.processes p WHERE p.name = c.process"
        "  AND p.beat_at >= now() - CAST(:dead AS interval))"
    ),
    # The last beat of one with calls says when they ended, to whoever ends them.
    text(
        "DELETE FROM dialplan.processes p WHERE p.beat_at < now() - CAST(:dead AS interval)"
        " AND NOT EXISTS (SELECT FROM dialplan.calls c"
        "  WHERE c.process = p.name AND c.ended_at IS NULL)"
    ),
)
_LEAVE = (
    text("DELETE FROM dialplan.running_calls WHERE process = :process"),
    text("DELETE FROM dialplan.processes WHERE name = :process"),
)
_ELSEWHERE = text(
    "SELECT c.call_sid, c.tenant, c.vertical, c.version, c.caller, c.called, c.since, c.talking,"
    " c.process FROM dialplan.running_calls c JOIN dialplan.processes p ON p.name = c.process"
    " WHERE c.process <> :process AND c.talking AND p.beat_at > now() - CAST(:dead AS interval)"
    " ORDER BY c.since DESC LIMIT :most"
)


@dataclass(frozen=True, slots=True)
class RunningCall:
    """A call that is up, or about to be.

    Attributes:
        since: when its stream came; when it was announced, before that.
        talking: whether its stream has come.
        process: who has it; empty for the one that asks.
    """

    call_sid: str
    tenant: str
    vertical: str
    version: str
    caller: str = field(repr=False)
    called: str
    since: datetime
    talking: bool
    process: str = ""


class Presence:
    """One process's part of the registry, and its view of the others'."""

    def __init__(self, database: Database, process: str, *, dead_s: float = DEAD_S) -> None:
        self._database = database
        self.process = process
        self._dead = timedelta(seconds=dead_s)

    async def claim(self, call: RunningCall, most: int) -> bool:
        """Note a call unless `most` of its tenant's vertical are up; atomic over all processes."""
        async with self._transaction("count the calls that are up") as connection:
            given = _row(call) | {"process": self.process, "most": most, "dead": self._dead}
            del given["since"], given["talking"]
            return bool(await connection.scalar(_CLAIM, given))

    async def put(self, call: RunningCall) -> None:
        """Note a call as ours, whoever had it before."""
        async with self._transaction("note a call") as connection:
            await connection.execute(_PUT, _row(call) | {"process": self.process})

    async def over(self, call_sid: str) -> None:
        """Forget a call of ours; another process's stays."""
        async with self._transaction("forget a call") as connection:
            await connection.execute(_OVER, {"process": self.process, "call_sid": call_sid})

    async def beat(self, calls: Sequence[RunningCall]) -> list[Silent]:
        """Say that we live and what we have up; sweep what dead processes left.

        Returns the others that have calls without an end and do not beat.
        """
        # Alone, so that it waits for nobody: no other process writes the row of one with calls.
        async with self._transaction("note that this process lives") as connection:
            await connection.execute(_BEAT, {"process": self.process})
        async with self._transaction("note which calls are up") as connection:
            for statement in _SWEEP:
                await connection.execute(statement, {"dead": self._dead})
            sids = [one.call_sid for one in calls]
            await connection.execute(_KEEP_ONLY, {"process": self.process, "call_sids": sids})
            # To write hundreds of rows that are there already would hold the audio up.
            found = await connection.execute(_MINE, {"process": self.process})
            known = {(sid, talking) for sid, talking in found}
            rows = [
                _row(one) | {"process": self.process}
                for one in calls
                if (one.call_sid, one.talking) not in known
            ]
            if rows:
                await connection.execute(_PUT, rows)
            return await silent(connection, self.process, self._dead)

    async def end(self, gone: Silent) -> list[LostCall]:
        """End the calls of a process that is gone; return those that nobody else has ended."""
        return await end_calls(self._database, gone)

    async def succeed(self) -> list[LostCall]:
        """End the calls of the process whose name and place this one has taken; return them.

        Nobody else can have the name: our own workers alone keep theirs from one to the next.
        """
        ended: list[LostCall] = []
        for _ in range(MOST_ROWS // MOST_ENDED):
            some = await end_calls(self._database, Silent(self.process, None), sure=True)
            ended += some
            if len(some) < MOST_ENDED:
                break
        return ended

    async def leave(self) -> None:
        """Forget this process and its calls: it stops, or has just started under an old name."""
        async with self._transaction("forget this process") as connection:
            for statement in _LEAVE:
                await connection.execute(statement, {"process": self.process})

    async def elsewhere(self) -> list[RunningCall]:
        """Return the calls that other living processes have up, the newest first."""
        async with self._transaction("list the calls that are up") as connection:
            found = await connection.execute(
                _ELSEWHERE, {"process": self.process, "dead": self._dead, "most": MOST_ROWS}
            )
            return [RunningCall(*row) for row in found]

    @asynccontextmanager
    async def _transaction(self, purpose: str) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._database.engine.begin() as connection:
                await connection.execute(_RELAXED)
                yield connection
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise StoreError(f"the database did not {purpose}: {reason(error)}") from error


def _row(call: RunningCall) -> dict[str, object]:
    return {
        name: getattr(call, name) for name in RunningCall.__dataclass_fields__ if name != "process"
    }
