"""Calls are found again: pages, filters, one call with its entries; and how that costs little."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from dialplan.errors import StoreError
from dialplan.store.database import Database
from dialplan.store.facts import (
    CallBegan,
    CallEnded,
    Fact,
    HandedOff,
    ToolRan,
    TurnSpoken,
    TurnTimed,
)
from dialplan.store.past_calls import (
    MOST_FACTS,
    Page,
    Wanted,
    find_calls,
    page_statement,
    read_call,
)
from dialplan.store.records import Recorder

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def began(sid: str, at: datetime = NOW, **other: str) -> CallBegan:
    fields: dict[str, Any] = {
        "tenant": "lakeside",
        "vertical": "clinic",
        "version": "abc",
        "caller": "+15550107788",
        "called": "+15550100001",
    }
    return CallBegan(sid, 1, at, **(fields | other))


async def clear(database: Database) -> None:
    async with database.engine.begin() as connection:
        for table in ("calls", "turns", "tool_calls", "handoffs", "turn_times"):
            await connection.execute(text(f"TRUNCATE dialplan.{table}"))


@pytest.fixture
async def empty(database: Database) -> AsyncIterator[Database]:
    """A database without calls, before this test and for those after it."""
    await clear(database)
    yield database
    await clear(database)


async def write(url: str, *facts: Fact) -> None:
    recorder = Recorder(lambda: Database(url))
    for fact in facts:
        recorder.put(fact)
    await recorder.close()
    assert recorder.dropped == 0


def sids(page: Page) -> list[str]:
    return [one.call_sid for one in page.calls]


async def test_pages_hold_every_call_once_even_those_that_began_at_once(
    empty: Database, postgres_url: str
) -> None:
    # Seven calls in the same microsecond, then one a second later.
    await write(
        postgres_url, *(began(f"CA{n}") for n in range(7)), began("CB", NOW + timedelta(0, 1))
    )

    seen, wanted = [], Wanted(limit=3)
    for _ in range(3):
        page = await find_calls(empty, wanted)
        seen += sids(page)
        wanted = replace(wanted, before=page.after)

    assert seen == ["CB", "CA6", "CA5", "CA4", "CA3", "CA2", "CA1", "CA0"]
    assert page.after is None


async def test_a_call_that_comes_in_while_somebody_reads_on_shifts_no_page(
    empty: Database, postgres_url: str
) -> None:
    await write(postgres_url, *(began(f"CA{n}", NOW + timedelta(0, n)) for n in range(4)))
    first = await find_calls(empty, Wanted(limit=2))
    await write(postgres_url, began("CA9", NOW + timedelta(0, 9)))

    second = await find_calls(empty, Wanted(limit=2, before=first.after))

    assert sids(first) + sids(second) == ["CA3", "CA2", "CA1", "CA0"]


async def test_all_that_is_asked_for_must_hold(empty: Database, postgres_url: str) -> None:
    later = NOW + timedelta(hours=1)
    await write(
        postgres_url,
        began("CA1"),
        began("CA2", tenant="harbour"),
        began("CA3", vertical="salon"),
        began("CA4", later),
        # Somebody rings his own line: one call, however many of its numbers fit.
        began("CA5", caller="+15550100001"),
    )

    async def found(**wanted: object) -> list[str]:
        return sids(await find_calls(empty, replace(Wanted(), **wanted)))  # type: ignore[arg-type]  # fields by name

    assert await found(tenant="harbour") == ["CA2"]
    assert await found(vertical="salon") == ["CA3"]
    assert await found(number="+15550107788") == ["CA4", "CA3", "CA2", "CA1"]
    assert await found(number="+15550100001") == ["CA4", "CA5", "CA3", "CA2", "CA1"]
    assert await found(number="+15550107788", tenant="lakeside", until=later) == ["CA3", "CA1"]
    assert await found(since=later) == ["CA4"]
    assert await found(number="+1555' OR 1=1 --") == []


async def test_one_call_comes_back_with_all_its_entries_in_order(
    empty: Database, postgres_url: str
) -> None:
    facts: list[Fact] = [
        began("CA1"),
        TurnSpoken("CA1", 2, NOW, "agent", "desk", "Grüezi 👋", 800),
        ToolRan("CA1", 3, NOW, "desk", "find", {"name": "Ana", "day": None}, "ok", 12.5),
        HandedOff("CA1", 4, NOW, "desk", "billing"),
        TurnSpoken("CA1", 5, NOW, "caller", "", "Thank you.", None),
        TurnTimed(
            *("CA1", 6, NOW, 1, "speech", "desk", 2_000, None, 402, 400, 1.5, 12.5, 12.5, None),
            cancelled=True,
            tools=[{"tool": "find", "at_ms": 2_010, "ms": 12.5, "status": "ok"}],
            handoffs=[],
        ),
        CallEnded("CA1", 7, NOW, "caller", 61_000),
    ]
    await write(postgres_url, *facts, began("CA2"), TurnSpoken("CA2", 2, NOW, "caller", "", "x"))

    call = await read_call(empty, "CA1")

    assert call is not None
    assert list(call.facts) == facts
    assert (call.row.duration_ms, call.left_out) == (61_000, False)


@pytest.mark.parametrize("sid", ["CA404", "", "'; --", "x" * 500, "a\0b"])
async def test_a_call_that_is_not_there_is_none(database: Database, sid: str) -> None:
    assert await read_call(database, sid) is None


async def test_a_call_without_an_end_is_read_and_a_huge_one_is_cut(
    empty: Database, postgres_url: str
) -> None:
    many = (HandedOff("CA1", seq, NOW, "a", "b") for seq in range(2, MOST_FACTS + 50))
    await write(postgres_url, began("CA1"), *many)

    call = await read_call(empty, "CA1")

    assert call is not None
    assert len(call.facts) == MOST_FACTS
    assert call.left_out
    assert call.row.ended_at is None


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(),
        Wanted(tenant="t3"),
        Wanted(vertical="v3"),
        Wanted(number="+15550000003"),
        Wanted(number="+15550000003", tenant="t3"),
    ],
)
async def test_a_page_is_read_from_an_index_and_never_sorts_all_calls(
    empty: Database, wanted: Wanted
) -> None:
    async with empty.engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO dialplan.calls (call_sid, seq, tenant, vertical, caller, called,"
                " began_at) SELECT 'CA' || n, 1, 't' || n % 5, 'v' || n % 5,"
                " '+1555000' || lpad((n % 997)::text, 4, '0'), '+15550100001',"
                " now() - n * interval '1 minute' FROM generate_series(1, 20000) AS n"
            )
        )
        await connection.execute(text("ANALYZE dialplan.calls"))
        statement = page_statement(wanted, 51).compile(
            dialect=connection.dialect, compile_kwargs={"literal_binds": True}
        )
        explained = await connection.exec_driver_sql(f"EXPLAIN {statement}")
        plan = "\n".join(explained.scalars())

    assert "Index" in plan
    assert "Seq Scan" not in plan


async def test_a_database_that_is_gone_is_said_in_one_sentence() -> None:
    nobody = Database("postgresql://nobody@127.0.0.1:1/none", connect_timeout=1)

    with pytest.raises(StoreError, match="could not be read"):
        await find_calls(nobody, Wanted())
