"""Writes facts to Postgres from a thread of its own: the audio loop puts and goes on.

A fact that was put is written, or counted in `dropped`; nothing here ever blocks the caller.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from dialplan.store import after_calls
from dialplan.store.database import Database, reason
from dialplan.store.facts import (
    SERVER_LOST,
    CallBegan,
    CallEnded,
    Fact,
    HandedOff,
    ToolRan,
    TurnSpoken,
    TurnTimed,
)

logger = logging.getLogger(__name__)

BATCH = 500
PAUSE_S = 0.02
RETRY_S = 0.5


def _table(name: str, *columns: str, json: Sequence[str] = ()) -> sa.TableClause:
    return sa.table(
        name,
        *(
            sa.column(column, JSONB(none_as_null=True) if column in json else None)
            for column in columns
        ),
        schema="dialplan",
    )


_CALLS = _table(
    "calls",
    *("call_sid", "seq", "tenant", "vertical", "version", "caller", "called", "began_at"),
    *("ended_at", "reason", "duration_ms", "process", "state"),
    json=("state",),
)
_TURNS = _table("turns", "call_sid", "seq", "at", "speaker", "agent", "text", "heard_ms")
_TOOL_CALLS = _table(
    "tool_calls",
    *("call_sid", "seq", "at", "agent", "tool", "arguments", "status", "ms"),
    json=("arguments",),
)
_HANDOFFS = _table("handoffs", "call_sid", "seq", "at", "source", "target")
_TURN_TIMES = _table(
    "turn_times", *(one.name for one in fields(TurnTimed)), json=("tools", "handoffs")
)
_TABLES = (
    (_TURNS, TurnSpoken),
    (_TOOL_CALLS, ToolRan),
    (_HANDOFFS, HandedOff),
    (_TURN_TIMES, TurnTimed),
)


class Recorder:
    """Takes facts without waiting and writes them in batches, each once per (call_sid, seq)."""

    def __init__(
        self,
        open_database: Callable[[], Database],
        *,
        process: str | None = None,
        limit: int = 100_000,
    ) -> None:
        """Start the thread.

        Args:
            open_database: opens a database inside the thread's own loop.
            process: whose calls these are; if it dies, the others end them (`store.lost`). Without
                a name nobody does.
            limit: the most facts kept waiting.
        """
        self._open = open_database
        self._process = process
        self._limit = limit
        self._facts: queue.SimpleQueue[Fact | None] = queue.SimpleQueue()
        self._dropped = 0
        self._give_up_at: float | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """Facts that were not written: queue full, refused by the database, or out of time."""
        return self._dropped

    @property
    def waiting(self) -> int:
        """Facts put and not yet taken by the writer."""
        return self._facts.qsize()

    def put(self, fact: Fact) -> None:
        """Note a fact. Never blocks; when the queue is full the fact is counted as dropped."""
        if self._closed or self._facts.qsize() >= self._limit:
            self._dropped += 1
            return
        self._facts.put(fact)

    async def close(self, limit: float = 5.0) -> None:
        """Write what is waiting, for at most `limit` seconds; the rest counts as dropped."""
        if not self._closed:
            self._closed = True
            self._give_up_at = time.monotonic() + limit
            self._facts.put(None)
        # The margin covers one statement that was under way at the limit.
        await asyncio.to_thread(self._thread.join, limit + 10.0)

    def _run(self) -> None:
        with asyncio.Runner() as runner:
            database = self._open()
            try:
                last = False
                while not last:
                    batch, last = self._take()
                    self._write(runner, database, batch)
            finally:
                runner.run(database.close())

    def _take(self) -> tuple[list[Fact], bool]:
        first = self._facts.get()
        if first is None:
            return [], True
        batch = [first]
        if self._give_up_at is None:
            time.sleep(PAUSE_S)
        while len(batch) < BATCH:
            try:
                fact = self._facts.get_nowait()
            except queue.Empty:
                break
            if fact is None:
                return batch, True
            batch.append(fact)
        return batch, False

    def _write(self, runner: asyncio.Runner, database: Database, batch: Sequence[Fact]) -> None:
        while batch:
            if self._give_up_at is not None and time.monotonic() > self._give_up_at:
                self._dropped += len(batch)
                return
            try:
                runner.run(self._store(database, batch))
                return
            except (SQLAlchemyError, OSError, TimeoutError) as error:
                if _refused(error):
                    self._one_by_one(runner, database, batch, error)
                    return
                logger.warning("facts wait for the database", extra={"reason": reason(error)})
                time.sleep(RETRY_S)

    def _one_by_one(
        self, runner: asyncio.Runner, database: Database, batch: Sequence[Fact], error: Exception
    ) -> None:
        # One fact that Postgres refuses must not hold back the others.
        if len(batch) == 1:
            self._dropped += 1
            logger.error("fact refused", extra={"reason": type(error).__name__})
            return
        for fact in batch:
            self._write(runner, database, [fact])

    async def _store(self, database: Database, batch: Sequence[Fact]) -> None:
        async with asyncio.timeout(10), database.engine.begin() as connection:
            began = [_began(fact, self._process) for fact in batch if isinstance(fact, CallBegan)]
            await _insert(connection, _CALLS, began, ["call_sid"])
            for table, kind in _TABLES:
                rows = [_row(fact) for fact in batch if isinstance(fact, kind)]
                await _insert(connection, table, rows, ["call_sid", "seq"])
            for fact in batch:
                match fact:
                    case ToolRan(state=state) if state is not None:
                        await _keep_state(connection, fact.call_sid, state)
                    case CallEnded():
                        await end_call(connection, fact)
                    case _:
                        pass


def _refused(error: Exception) -> bool:
    # A value that asyncpg itself cannot encode arrives as a plain DBAPIError.
    return isinstance(error, DataError | IntegrityError) or (
        isinstance(error, DBAPIError)
        and error.orig is not None
        and isinstance(error.orig.__cause__, asyncpg.DataError)
    )


async def end_call(connection: AsyncConnection, fact: CallEnded) -> None:
    """Write the end of a call, and in the same transaction that something follows it.

    The first end stays; what others wrote for a process that they took for dead gives way to what
    that process itself says.
    """
    lost = _CALLS.c.reason == SERVER_LOST
    await connection.execute(
        sa.update(_CALLS)
        .where(_CALLS.c.call_sid == fact.call_sid, sa.or_(_CALLS.c.ended_at.is_(None), lost))
        .values(ended_at=fact.at, reason=fact.reason, duration_ms=fact.duration_ms, state=None)
    )
    if fact.state is not None:
        await after_calls.note(connection, fact)


async def _insert(
    connection: AsyncConnection,
    table: sa.TableClause,
    rows: Sequence[dict[str, object]],
    key: Sequence[str],
) -> None:
    if rows:
        await connection.execute(insert(table).on_conflict_do_nothing(index_elements=key), rows)


async def _keep_state(
    connection: AsyncConnection, call_sid: str, state: Mapping[str, object]
) -> None:
    await connection.execute(
        sa.update(_CALLS)
        .where(_CALLS.c.call_sid == call_sid, _CALLS.c.ended_at.is_(None))
        .values(state=after_calls.kept(state))
    )


def _began(fact: CallBegan, process: str | None) -> dict[str, object]:
    row = _row(fact)
    row["began_at"] = row.pop("at")
    state = None if fact.state is None else after_calls.kept(fact.state)
    return row | {"process": process, "state": state}


def _row(fact: Fact) -> dict[str, object]:
    # What a call knows stands with the call alone.
    names = [one.name for one in fields(fact) if one.name != "state"]
    return {name: _clean(getattr(fact, name)) for name in names}


def _clean(value: object) -> object:
    # Postgres holds no NUL in text; one in a transcript must not cost the whole turn.
    match value:
        case str():
            return value.replace("\0", "")
        case dict():
            return {str(key): _clean(item) for key, item in value.items()}
        case list() | tuple():
            return [_clean(item) for item in value]
        case _:
            return value
