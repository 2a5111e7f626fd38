"""A process's own part of the registry: it tells the others, and goes on without them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from tests.stillness import watched

from dialplan.runtime.registry import Registry, kept
from dialplan.store.database import Database
from dialplan.store.facts import CallBegan
from dialplan.store.past_calls import read_call
from dialplan.store.presence import Presence, RunningCall
from dialplan.store.records import Recorder

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
CALL = RunningCall("CA1", "corner", "kiosk", "v1", "+15550107788", "+15550100001", AT, False)


async def until(true: Callable[[], Awaitable[bool]], limit_s: float = 30) -> None:
    async with asyncio.timeout(limit_s):
        while not await true():  # noqa: ASYNC110  the database is watched
            await asyncio.sleep(0.02)


@pytest.fixture
async def clean(database: Database) -> Database:
    async with database.engine.begin() as connection:
        await connection.execute(text("TRUNCATE dialplan.processes, dialplan.running_calls"))
    return database


async def test_a_call_is_seen_by_the_others_from_its_stream_to_its_end(clean: Database) -> None:
    mine, other = Presence(clean, "mine"), Presence(clean, "other")
    registry = Registry(mine)
    async with kept(registry, mine):
        assert await registry.claim(CALL, 5)
        registry.talks(CALL, AT)

        async def seen() -> bool:
            return [one.call_sid for one in await other.elsewhere()] == ["CA1"]

        async def gone() -> bool:
            return await other.elsewhere() == []

        await until(seen)
        assert await registry.elsewhere() == []
        registry.over("CA1")
        await until(gone)


async def test_a_process_that_was_swept_comes_back_with_its_next_beat(clean: Database) -> None:
    mine, other = Presence(clean, "mine"), Presence(clean, "other")
    registry = Registry(mine)
    async with kept(registry, mine, beat_s=0.1):
        registry.talks(CALL, AT)
        async with clean.engine.begin() as connection:
            await connection.execute(text("TRUNCATE dialplan.processes, dialplan.running_calls"))

        async def seen() -> bool:
            return [one.call_sid for one in await other.elsewhere()] == ["CA1"]

        await until(seen)


async def test_a_process_that_starts_under_an_old_name_has_none_of_its_calls(
    clean: Database,
) -> None:
    before, other = Presence(clean, "mine"), Presence(clean, "other")
    await before.beat([replace(CALL, talking=True)])

    mine = Presence(clean, "mine")
    async with kept(Registry(mine), mine):
        assert await other.elsewhere() == []


async def test_without_the_database_nobody_can_tell_and_the_call_waits_a_second_at_most(
    clean: Database, caplog: pytest.LogCaptureFixture
) -> None:
    registry = Registry(Presence(clean, "mine"))
    async with watched() as stillness, clean.engine.begin() as connection:
        await connection.execute(text("LOCK dialplan.running_calls IN ACCESS EXCLUSIVE MODE"))
        began = time.monotonic()
        with caplog.at_level(logging.WARNING):
            granted = await registry.claim(CALL, 5)
        ended = time.monotonic()

    assert granted is None
    assert 0.9 < ended - began
    assert ended - began - stillness.seconds(began, ended) < 2
    assert "calls counted in this process only" in caplog.text
    assert "+15550107788" not in caplog.text


async def calls_of(url: str, process: str, *sids: str) -> None:
    recorder = Recorder(lambda: Database(url), process=process)
    for sid in sids:
        recorder.put(CallBegan(sid, 1, AT, "corner", "kiosk", "v1", "+15550107788", "+15550100001"))
    await recorder.close()


async def ends(database: Database, sid: str) -> str | None:
    call = await read_call(database, sid)
    assert call is not None
    return call.row.reason


async def test_of_two_survivors_one_ends_the_calls_of_a_dead_process_and_says_so(
    clean: Database, postgres_url: str
) -> None:
    """Both beat far faster than in production; a process that lives beats with them."""
    await calls_of(postgres_url, "dead", "LA1", "LA2")
    told: list[str] = []
    async with AsyncExitStack() as stack:
        for name, looks in (("one", 10), ("two", 10), ("alive", 1_000_000)):
            presence = Presence(clean, name, dead_s=5)
            registry = Registry(presence, lost=lambda call: told.append(call.call_sid), looks=looks)
            await stack.enter_async_context(kept(registry, presence, beat_s=0.1))
        await calls_of(postgres_url, "alive", "LA3")

        async def ended() -> bool:
            return [await ends(clean, sid) for sid in ("LA1", "LA2")] == ["server_lost"] * 2

        await until(ended, 20)
        await asyncio.sleep(0.5)

    # What other tests left in the database is ended too.
    assert sorted(sid for sid in told if sid.startswith("LA")) == ["LA1", "LA2"]
    assert await ends(clean, "LA3") is None


async def test_a_process_beats_also_while_nothing_of_its_calls_can_be_written(
    clean: Database,
) -> None:
    mine = Presence(clean, "mine")
    registry = Registry(mine)

    async def beat_at() -> datetime:
        async with clean.engine.connect() as connection:
            found = await connection.execute(text("SELECT beat_at FROM dialplan.processes"))
            at: datetime = found.scalar_one()
            return at

    async with kept(registry, mine, beat_s=1.0):
        async with clean.engine.begin() as connection:
            await connection.execute(text("LOCK dialplan.running_calls IN ACCESS EXCLUSIVE MODE"))
            for number in range(100):
                registry.talks(replace(CALL, call_sid=f"CA{number}"), AT)
            before = await beat_at()

            async def again() -> bool:
                return await beat_at() > before

            await until(again, 20)
            assert not registry._todo.empty()
