"""What follows calls: who waits to be read, what was read, what became of each request.

A row is there as soon as its call's last record is (`note`), and says in the end what came of it:
it is the outbox of the server and the result in one. A step that is done twice changes nothing.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, SupportsFloat, cast

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from dialplan.errors import StoreError
from dialplan.store.database import Database, reason
from dialplan.store.facts import CallEnded

Status = Literal["waiting", "skipped", "done", "failed"]
"""`done` is read; `skipped` had nothing to read; `failed` will not be tried again."""
SendStatus = Literal["waiting", "sent", "failed"]

MOST_TEXT = 10_000
"""The most characters that are kept of a text in the state, or of a field."""
MOST_REASON = 500
STORE_S = 10.0
"""The longest that one of these transactions may take, in seconds."""

_CALLS = sa.table(
    "calls",
    *(sa.column(name) for name in ("call_sid", "tenant", "vertical", "version")),
    schema="dialplan",
)
_ROWS = sa.table(
    "after_calls",
    *(sa.column(name) for name in ("call_sid", "tenant", "vertical", "version", "status")),
    *(sa.column(name, JSONB(none_as_null=True)) for name in ("state", "fields")),
    *(sa.column(name, sa.DateTime(timezone=True)) for name in ("noted_at", "taken_at", "read_at")),
    *(sa.column(name) for name in ("reason", "model")),
    sa.column("tries", sa.Integer),
    schema="dialplan",
)
_SENDS = sa.table(
    "after_call_sends",
    *(sa.column(name) for name in ("call_sid", "target", "status", "reason")),
    *(sa.column(name, sa.Integer) for name in ("number", "tries")),
    sa.column("at", sa.DateTime(timezone=True)),
    schema="dialplan",
)


@dataclass(frozen=True, slots=True)
class SendRow:
    """One request that follows a call. `target` is its method and host; `at` its last change."""

    number: int
    target: str
    status: SendStatus
    tries: int
    reason: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class AfterCallRow:
    """What follows one call.

    Attributes:
        state: what the call knew at its end.
        reason: why it was skipped or failed, in words.
        fields: what was read out of it; None until then.
        model: the text model that read it, by the provider's own name for it.
        tries: how often the model was asked.
        sends: the requests that apply, by their number.
    """

    call_sid: str
    tenant: str
    vertical: str
    version: str
    state: Mapping[str, object] = field(repr=False)
    status: Status
    reason: str | None
    fields: Mapping[str, object] | None = field(repr=False)
    model: str | None
    read_at: datetime | None
    tries: int
    sends: Sequence[SendRow] = ()

    @property
    def settled(self) -> bool:
        """Whether nothing more will come of it."""
        return self.status != "waiting" and all(one.status != "waiting" for one in self.sends)


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits: `reads` calls to be read, `sends` requests to be sent.

    `oldest_read_s` and `oldest_send_s` are the seconds since the end of the oldest of their calls,
    0 where nothing waits.
    """

    reads: int
    oldest_read_s: float
    sends: int
    oldest_send_s: float


# -- the server's side ----------------------------------------------------------------------------


async def note(connection: AsyncConnection, fact: CallEnded) -> None:
    """Note in the transaction of a call's end that something follows; twice is fine.

    Does nothing for a call whose beginning was never written.
    """
    assert fact.state is not None  # noqa: S101  the recorder asks
    columns = ("call_sid", "tenant", "vertical", "version", "state", "noted_at")
    begun = sa.select(
        *(_CALLS.c[name] for name in ("call_sid", "tenant", "vertical")),
        sa.func.coalesce(_CALLS.c.version, ""),
        sa.bindparam("state", kept(fact.state), JSONB),
        sa.bindparam("noted_at", fact.at, sa.DateTime(timezone=True)),
    ).where(_CALLS.c.call_sid == fact.call_sid)
    await connection.execute(insert(_ROWS).from_select(columns, begun).on_conflict_do_nothing())


def kept(state: Mapping[str, object]) -> dict[str, object]:
    """Return values as Postgres holds them in JSON: no NUL, no half characters, nothing endless.

    One that JSON has no form for becomes null: it must not cost a call its last record.
    """
    return {_text(str(name)): _kept(value) for name, value in state.items()}


def _kept(value: object) -> object:
    match value:
        case None | bool():
            return value
        case int():
            # Postgres has numbers of 131,072 digits, JSON readers have fewer.
            return value if abs(value) < 10**30 else None
        case float():
            return value if math.isfinite(value) else None
        case str():
            return _text(value)
        case _:
            return None


def _text(value: str) -> str:
    # Half a surrogate pair is no character that UTF-8 has.
    cut = value[:MOST_TEXT].replace("\0", "")
    return cut.encode("utf-8", "replace").decode("utf-8")


# -- the jobs' side -------------------------------------------------------------------------------


async def untaken(database: Database, limit: int) -> list[str]:
    """Return calls that no job has been made for, the oldest first. Raises StoreError."""
    query = (
        sa.select(_ROWS.c.call_sid)
        .where(_ROWS.c.taken_at.is_(None))
        .order_by(_ROWS.c.noted_at)
        .limit(limit)
    )
    async with _store(database, "list the calls to read") as connection:
        return list((await connection.execute(query)).scalars())


async def is_waiting(database: Database) -> bool:
    """Whether anything is left to read or to send. Raises StoreError."""
    rows = sa.select(_ROWS.c.call_sid).where(_ROWS.c.status == "waiting").exists()
    sends = sa.select(_SENDS.c.call_sid).where(_SENDS.c.status == "waiting").exists()
    async with _store(database, "say what is left to do") as connection:
        return bool(await connection.scalar(sa.select(sa.or_(rows, sends))))


async def backlog(database: Database) -> Backlog:
    """Return how much is left to read and to send, and since when. Raises StoreError."""
    # Since the end of the call, for both: a send that is tried again is not young again.
    waits = sa.func.count(), sa.func.extract("epoch", sa.func.now() - sa.func.min(_ROWS.c.noted_at))
    reads = sa.select(*waits).where(_ROWS.c.status == "waiting")
    both = _SENDS.join(_ROWS, _ROWS.c.call_sid == _SENDS.c.call_sid)
    sends = sa.select(*waits).select_from(both).where(_SENDS.c.status == "waiting")
    async with _store(database, "say how much is left to do") as connection:
        (read, read_s), (send, send_s) = [
            (await connection.execute(one)).one() for one in (reads, sends)
        ]
    return Backlog(read, _age(read_s), send, _age(send_s))


def _age(seconds: SupportsFloat | None) -> float:
    # The clock of whoever noted it may be ahead of the database's.
    return 0.0 if seconds is None else max(0.0, float(seconds))


async def taken(database: Database, call_sids: Sequence[str]) -> None:
    """Note that there are jobs for these calls. Raises StoreError."""
    statement = (
        sa.update(_ROWS)
        .where(_ROWS.c.call_sid.in_(call_sids), _ROWS.c.taken_at.is_(None))
        .values(taken_at=sa.func.now())
    )
    async with _store(database, "note calls as taken") as connection:
        await connection.execute(statement)


async def find(database: Database, call_sid: str) -> AfterCallRow | None:
    """Return what follows a call; None when nothing does. Raises StoreError."""
    async with _store(database, "read what follows a call") as connection:
        return await row_of(connection, call_sid)


async def row_of(connection: AsyncConnection, call_sid: str) -> AfterCallRow | None:
    """Return what follows a call, in a transaction that is there."""
    names = [name for name in AfterCallRow.__dataclass_fields__ if name != "sends"]
    query = sa.select(*(_ROWS.c[name] for name in names)).where(_ROWS.c.call_sid == call_sid)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    sends = sa.select(*(_SENDS.c[name] for name in SendRow.__dataclass_fields__)).where(
        _SENDS.c.call_sid == call_sid
    )
    found = await connection.execute(sends.order_by(_SENDS.c.number))
    return AfterCallRow(**row._mapping, sends=tuple(SendRow(*tuple(one)) for one in found))


async def begin_reading(database: Database, call_sid: str) -> AfterCallRow | None:
    """Count a try and return the row; None when there is none. Raises StoreError."""
    counted = (
        sa.update(_ROWS)
        .where(_ROWS.c.call_sid == call_sid, _ROWS.c.status == "waiting")
        .values(tries=_ROWS.c.tries + 1)
    )
    async with _store(database, "note a try to read a call") as connection:
        await connection.execute(counted)
        return await row_of(connection, call_sid)


async def settle(
    database: Database,
    call_sid: str,
    status: Literal["waiting", "skipped", "failed"],
    why: str,
) -> None:
    """Note that nothing was read out of a call, and why; one that was read stays so.

    Raises:
        StoreError: the database does not do it.
    """
    statement = (
        sa.update(_ROWS)
        .where(_ROWS.c.call_sid == call_sid, _ROWS.c.status == "waiting")
        .values(status=status, reason=why[:MOST_REASON])
    )
    async with _store(database, "note why a call was not read") as connection:
        await connection.execute(statement)


async def keep_fields(
    database: Database,
    call_sid: str,
    *,
    fields: Mapping[str, object],
    model: str,
    targets: Mapping[int, str],
    anew: bool = False,
) -> None:
    """Keep what was read, and the requests that follow from it (target by number).

    Args:
        database: where.
        call_sid: the call.
        fields: what was read.
        model: who read it.
        targets: method and host of each request that applies, by number.
        anew: whether the call was read before; what it said then is replaced.

    Raises:
        StoreError: the database does not do it.
    """
    read = (
        sa.update(_ROWS)
        .where(_ROWS.c.call_sid == call_sid, *(() if anew else (_ROWS.c.status == "waiting",)))
        .values(
            status="done",
            reason=None,
            fields=kept(fields),
            model=model,
            read_at=sa.func.now(),
            taken_at=sa.func.coalesce(_ROWS.c.taken_at, sa.func.now()),
        )
        .returning(_ROWS.c.call_sid)
    )
    async with _store(database, "keep what was read out of a call") as connection:
        if (await connection.execute(read)).first() is None:
            return  # another has read it meanwhile, and named its requests
        if anew:
            await connection.execute(sa.delete(_SENDS).where(_SENDS.c.call_sid == call_sid))
        if targets:
            rows = [
                {"call_sid": call_sid, "number": number, "target": target, "at": sa.func.now()}
                for number, target in targets.items()
            ]
            await connection.execute(insert(_SENDS).values(rows).on_conflict_do_nothing())


async def ensure(database: Database, call_sid: str) -> None:
    """Make the row of a call that had none, as one that is worked on. Raises StoreError."""
    columns = ("call_sid", "tenant", "vertical", "version", "state", "noted_at", "taken_at")
    begun = sa.select(
        *(_CALLS.c[name] for name in ("call_sid", "tenant", "vertical")),
        sa.func.coalesce(_CALLS.c.version, ""),
        sa.literal({}, JSONB),
        sa.func.now(),
        sa.func.now(),
    ).where(_CALLS.c.call_sid == call_sid)
    async with _store(database, "note that something follows a call") as connection:
        await connection.execute(insert(_ROWS).from_select(columns, begun).on_conflict_do_nothing())


async def note_send(
    database: Database,
    call_sid: str,
    number: int,
    status: SendStatus,
    why: str | None = None,
) -> None:
    """Note how one try of a request ended; one that was sent stays so. Raises StoreError."""
    statement = (
        sa.update(_SENDS)
        .where(
            _SENDS.c.call_sid == call_sid, _SENDS.c.number == number, _SENDS.c.status == "waiting"
        )
        .values(
            status=status,
            tries=_SENDS.c.tries + 1,
            reason=None if why is None else why[:MOST_REASON],
            at=sa.func.now(),
        )
    )
    async with _store(database, "note what became of a request") as connection:
        await connection.execute(statement)


async def give_up(database: Database, after: timedelta) -> int:
    """Fail what has waited for longer than all its tries last; return how many rows it was.

    Nothing should be left so; a row must not say for ever that it waits.

    Raises:
        StoreError: the database does not do it.
    """
    why = "given up: no try has ended for too long"
    before = sa.func.now() - after
    rows = (
        sa.update(_ROWS)
        .where(_ROWS.c.status == "waiting", _ROWS.c.taken_at < before)
        .values(status="failed", reason=sa.func.coalesce(_ROWS.c.reason, why))
    )
    sends = (
        sa.update(_SENDS)
        .where(_SENDS.c.status == "waiting", _SENDS.c.at < before)
        .values(status="failed", reason=sa.func.coalesce(_SENDS.c.reason, why), at=sa.func.now())
    )
    async with _store(database, "give up what waits for ever") as connection:
        done = [await connection.execute(one) for one in (rows, sends)]
        return sum(cast(sa.CursorResult[Any], one).rowcount for one in done)


@asynccontextmanager
async def _store(database: Database, purpose: str) -> AsyncIterator[AsyncConnection]:
    try:
        async with asyncio.timeout(STORE_S), database.engine.begin() as connection:
            yield connection
    except TimeoutError as error:
        raise StoreError(f"the database did not {purpose} within {STORE_S:g} s") from error
    except (SQLAlchemyError, OSError) as error:
        raise StoreError(f"the database did not {purpose}: {reason(error)}") from error
