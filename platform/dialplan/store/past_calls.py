"""Reads calls back: a page of them, or one with all that happened in it. Never writes.

A page is found by where the one before it ended (the time and SID of its last call), so that the
thousandth costs what the first does. Every read has a limit of time and of rows.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from dialplan.errors import StoreError
from dialplan.store.after_calls import AfterCallRow, row_of
from dialplan.store.database import Database, reason
from dialplan.store.facts import (
    CallBegan,
    CallEnded,
    Fact,
    HandedOff,
    ToolRan,
    TurnSpoken,
    TurnTimed,
)

STATEMENT_MS = 2_500
READ_S = 5.0
MOST_CALLS = 200
MOST_FACTS = 5_000

Statement = sa.Select[*tuple[Any, ...]]

_SID = re.compile(r"[A-Za-z0-9_-]{1,64}")

_CALLS = sa.table(
    "calls",
    *(sa.column(name, sa.Text) for name in ("call_sid", "tenant", "vertical", "version")),
    *(sa.column(name, sa.Text) for name in ("caller", "called", "reason")),
    *(sa.column(name, sa.BigInteger) for name in ("seq", "duration_ms")),
    *(sa.column(name, sa.DateTime(timezone=True)) for name in ("began_at", "ended_at")),
    schema="dialplan",
)


@dataclass(frozen=True, slots=True)
class CallRow:
    """A call as the list shows it. The last three are None without a known end."""

    call_sid: str
    tenant: str
    vertical: str
    version: str | None
    caller: str = field(repr=False)
    called: str
    began_at: datetime
    ended_at: datetime | None
    reason: str | None
    duration_ms: int | None


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ended: the next one holds calls before this one."""

    began_at: datetime
    call_sid: str

    def text(self) -> str:
        """Return the cursor as it stands in an address."""
        micros = int(self.began_at.timestamp() * 1_000_000)
        return base64.urlsafe_b64encode(f"{micros}.{self.call_sid}".encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Read a cursor back.

        Raises:
            ValueError: it is not one of ours.
        """
        try:
            plain = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii")
            micros, _, call_sid = plain.partition(".")
            began_at = datetime.fromtimestamp(int(micros) // 1_000_000, UTC)
            began_at = began_at.replace(microsecond=int(micros) % 1_000_000)
        except (ValueError, OverflowError, OSError, binascii.Error) as exc:
            raise ValueError("not a cursor: take `next` of the page before") from exc
        if not _SID.fullmatch(call_sid):
            raise ValueError("not a cursor: take `next` of the page before")
        return cls(began_at, call_sid)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which calls: all that is given must hold. `number` is the caller's or the called one."""

    tenant: str | None = None
    vertical: str | None = None
    number: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: Cursor | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Page:
    """Calls, the newest first; `after` is None on the last page."""

    calls: Sequence[CallRow]
    after: Cursor | None


@dataclass(frozen=True, slots=True)
class PastCall:
    """One call with all that was written down; `left_out` when that was too much to read.

    Attributes:
        after: what follows it, None where nothing does.
    """

    row: CallRow
    facts: Sequence[Fact]
    left_out: bool
    after: AfterCallRow | None = None


async def find_calls(database: Database, wanted: Wanted) -> Page:
    """Return the calls that are wanted, one page of them. Raises StoreError."""
    limit = min(max(wanted.limit, 1), MOST_CALLS)
    statement = page_statement(wanted, limit + 1)
    async with _reading(database) as connection:
        rows = [CallRow(*tuple(row)) for row in await connection.execute(statement)]
    calls = rows[:limit]
    more = len(rows) > limit
    return Page(calls, Cursor(calls[-1].began_at, calls[-1].call_sid) if more else None)


async def read_call(database: Database, call_sid: str) -> PastCall | None:
    """Return one call, None when there is none of that SID. Raises StoreError."""
    if not _SID.fullmatch(call_sid):
        return None
    async with _reading(database) as connection:
        found = await connection.execute(
            sa.select(*_columns(), _CALLS.c.seq).where(_CALLS.c.call_sid == call_sid)
        )
        row = found.one_or_none()
        if row is None:
            return None
        call = CallRow(*tuple(row)[:-1])
        facts: list[Fact] = [
            CallBegan(
                call_sid,
                row.seq,
                call.began_at,
                tenant=call.tenant,
                vertical=call.vertical,
                version=call.version or "",
                caller=call.caller,
                called=call.called,
            )
        ]
        for kind, table, names in _FACTS:
            statement = (
                sa.select(*table.c)
                .where(table.c.call_sid == call_sid)
                .order_by(table.c.seq)
                .limit(MOST_FACTS + 1)
            )
            for one in await connection.execute(statement):
                facts.append(kind(**{name: getattr(one, name) for name in names}))
        after = await row_of(connection, call_sid)
    facts.sort(key=lambda fact: fact.seq)
    left_out = len(facts) > MOST_FACTS
    del facts[MOST_FACTS:]
    if call.ended_at is not None:
        facts.append(
            CallEnded(
                call_sid,
                facts[-1].seq + 1,
                call.ended_at,
                reason=call.reason or "",
                duration_ms=call.duration_ms or 0,
            )
        )
    return PastCall(call, facts, left_out, after)


def page_statement(wanted: Wanted, limit: int) -> Statement:
    """Return the statement of a page. A number is looked for by two indexes, not by an OR."""
    conditions = [
        column == value
        for column, value in (
            (_CALLS.c.tenant, wanted.tenant),
            (_CALLS.c.vertical, wanted.vertical),
        )
        if value is not None
    ]
    if wanted.since is not None:
        conditions.append(_CALLS.c.began_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(_CALLS.c.began_at < wanted.until)
    if wanted.before is not None:
        conditions.append(
            sa.tuple_(_CALLS.c.began_at, _CALLS.c.call_sid)
            < sa.tuple_(sa.literal(wanted.before.began_at), sa.literal(wanted.before.call_sid))
        )
    if wanted.number is None:
        return _newest(sa.select(*_columns()).where(*conditions), _CALLS.c, limit)
    halves = [
        _newest(sa.select(*_columns()).where(*conditions, *own), _CALLS.c, limit)
        for own in (
            (_CALLS.c.caller == wanted.number,),
            (_CALLS.c.called == wanted.number, _CALLS.c.caller != wanted.number),
        )
    ]
    both = sa.union_all(*(sa.select(half.subquery()) for half in halves)).subquery()
    return _newest(sa.select(both), both.c, limit)


def _newest(
    select: Statement,
    columns: sa.sql.base.ReadOnlyColumnCollection[str, Any],
    limit: int,
) -> Statement:
    return select.order_by(columns["began_at"].desc(), columns["call_sid"].desc()).limit(limit)


def _columns() -> list[sa.ColumnClause[Any]]:
    names = CallRow.__dataclass_fields__
    return [_CALLS.c[name] for name in names]


def _table(name: str, *columns: str) -> sa.TableClause:
    return sa.table(
        name,
        *(sa.column(column, JSONB if column in _JSON else None) for column in columns),
        schema="dialplan",
    )


_JSON = frozenset({"arguments", "tools", "handoffs"})
_TURN = ("call_sid", "seq", "at", "speaker", "agent", "text", "heard_ms")
_TOOL = ("call_sid", "seq", "at", "agent", "tool", "arguments", "status", "ms")
_HANDOFF = ("call_sid", "seq", "at", "source", "target")
_TIMES = tuple(one.name for one in fields(TurnTimed))
_Kind = type[TurnSpoken | ToolRan | HandedOff | TurnTimed]
_FACTS: tuple[tuple[_Kind, sa.TableClause, tuple[str, ...]], ...]
_FACTS = (
    (TurnSpoken, _table("turns", *_TURN), _TURN),
    (ToolRan, _table("tool_calls", *_TOOL), _TOOL),
    (HandedOff, _table("handoffs", *_HANDOFF), _HANDOFF),
    (TurnTimed, _table("turn_times", *_TIMES), _TIMES),
)


@asynccontextmanager
async def _reading(database: Database) -> AsyncIterator[AsyncConnection]:
    try:
        async with asyncio.timeout(READ_S), database.engine.begin() as connection:
            await connection.execute(sa.text("SET TRANSACTION READ ONLY"))
            await connection.execute(sa.text(f"SET LOCAL statement_timeout = {STATEMENT_MS}"))
            yield connection
    except TimeoutError as error:
        raise StoreError(f"the calls could not be read within {READ_S:.0f} s") from error
    except (SQLAlchemyError, OSError) as error:
        raise StoreError(f"the calls could not be read: {reason(error)}") from error
