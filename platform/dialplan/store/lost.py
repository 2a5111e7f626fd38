"""Ends the calls of processes that are gone, as these would have: once, and with what follows.

Whose silence means that they are gone is decided elsewhere (`runtime.silence`): a statement here
sees one moment. Decision 0024 has the reasons.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from dialplan.errors import StoreError
from dialplan.store.database import Database, reason
from dialplan.store.facts import SERVER_LOST, CallEnded
from dialplan.store.records import end_call

MOST_ENDED = 25
"""The most calls that are ended in one transaction."""
END_S = 5.0
"""The longest that it may take, in seconds."""

_SILENT = text(
    "SELECT c.process, p.beat_at FROM"
    " (SELECT DISTINCT process FROM dialplan.calls"
    "  WHERE ended_at IS NULL AND process <> :process) c"
    " LEFT JOIN dialplan.processes p ON p.name = c.process"
    " WHERE p.beat_at IS NULL OR p.beat_at < now() - CAST(:dead AS interval)"
)
# Locked rows are another survivor's, or the process has come back and writes their end itself.
_LOST = text(
    "SELECT c.call_sid, c.tenant, c.vertical, c.began_at, c.state, p.beat_at,"
    " (SELECT max(at) FROM"
    "  (SELECT at FROM dialplan.turns WHERE call_sid = c.call_sid"
    "   UNION ALL SELECT at FROM dialplan.tool_calls WHERE call_sid = c.call_sid"
    "   UNION ALL SELECT at FROM dialplan.handoffs WHERE call_sid = c.call_sid) f) AS fact_at"
    " FROM dialplan.calls c LEFT JOIN dialplan.processes p ON p.name = c.process"
    " WHERE c.process = :process AND c.ended_at IS NULL"
    " AND (CAST(:sure AS boolean) OR p.beat_at IS NOT DISTINCT FROM CAST(:beat_at AS timestamptz))"
    " ORDER BY c.call_sid LIMIT :most FOR UPDATE OF c SKIP LOCKED"
)


@dataclass(frozen=True, slots=True)
class Silent:
    """A process that has calls without an end and has not beaten for a while.

    `beat_at` is its last beat; None when it has signed off, or was swept.
    """

    process: str
    beat_at: datetime | None


@dataclass(frozen=True, slots=True)
class LostCall:
    """A call that was ended for a process that is gone."""

    call_sid: str
    tenant: str
    vertical: str
    process: str


async def silent(connection: AsyncConnection, process: str, dead: timedelta) -> list[Silent]:
    """Return who is silent of all but `process`, in a transaction that is there."""
    found = await connection.execute(_SILENT, {"process": process, "dead": dead})
    return [Silent(*row) for row in found]


async def end_calls(
    database: Database, gone: Silent, *, sure: bool = False, most: int = MOST_ENDED
) -> list[LostCall]:
    """End calls of a process that is gone; return those that nobody else has ended.

    Nothing is ended of one that has beaten since `gone` was seen, unless it is `sure` to be gone.
    Calls beyond `most` are left for the next time.

    Raises:
        StoreError: the database does not do it within 5 s.
    """
    given = {"process": gone.process, "beat_at": gone.beat_at, "sure": sure, "most": most}
    try:
        async with asyncio.timeout(END_S), database.engine.begin() as connection:
            rows = (await connection.execute(_LOST, given)).all()
            for row in rows:
                at = ended_at(row.began_at, row.beat_at, row.fact_at)
                duration_ms = round((at - row.began_at).total_seconds() * 1000)
                end = CallEnded(row.call_sid, 0, at, SERVER_LOST, duration_ms, row.state)
                await end_call(connection, end)
    except TimeoutError as error:
        raise StoreError(f"the database did not end lost calls within {END_S:g} s") from error
    except (SQLAlchemyError, OSError) as error:
        raise StoreError(f"the database did not end lost calls: {reason(error)}") from error
    return [LostCall(row.call_sid, row.tenant, row.vertical, gone.process) for row in rows]


def ended_at(began_at: datetime, *signs: datetime | None) -> datetime:
    """Return when a lost call ended: at the last sign of it, and not before it began."""
    return max([began_at, *(sign for sign in signs if sign is not None)])
