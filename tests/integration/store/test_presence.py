"""The registry of running calls: one for all processes of an installation."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from dialplan.store.database import Database
from dialplan.store.presence import Presence, RunningCall

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def call(sid: str, tenant: str = "corner", *, talking: bool = False) -> RunningCall:
    return RunningCall(sid, tenant, "kiosk", "v1", "+15550107788", "+15550100001", AT, talking)


@pytest.fixture
async def clean(database: Database) -> Database:
    async with database.engine.begin() as connection:
        await connection.execute(text("TRUNCATE dialplan.processes, dialplan.running_calls"))
    return database


async def lives(database: Database, name: str) -> Presence:
    presence = Presence(database, name)
    await presence.beat([])
    return presence


async def dies(database: Database, name: str) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(
            text(
                "UPDATE dialplan.processes SET beat_at = now() - interval '16 s' WHERE name = :name"
            ),
            {"name": name},
        )


async def sids(database: Database) -> list[str]:
    async with database.engine.connect() as connection:
        rows = await connection.execute(
            text("SELECT call_sid FROM dialplan.running_calls ORDER BY 1")
        )
        return list(rows.scalars())


async def test_of_many_claims_at_once_in_two_processes_only_the_limit_is_granted(
    clean: Database, postgres_url: str
) -> None:
    other = Database(postgres_url)
    two = [await lives(clean, "one"), await lives(other, "two")]

    granted = await asyncio.gather(
        *(two[number % 2].claim(call(f"CA{number}"), 7) for number in range(40))
    )
    await other.close()

    assert granted.count(True) == 7
    assert len(await sids(clean)) == 7


async def test_each_tenant_has_a_limit_of_its_own(clean: Database) -> None:
    one = await lives(clean, "one")

    assert await one.claim(call("CA1"), 1)
    assert not await one.claim(call("CA2"), 1)
    assert await one.claim(call("CA3", "other"), 1)


async def test_a_call_that_is_asked_for_again_counts_once(clean: Database) -> None:
    one, two = await lives(clean, "one"), await lives(clean, "two")

    assert await one.claim(call("CA1"), 1)
    assert await two.claim(call("CA1"), 1)
    assert await sids(clean) == ["CA1"]


async def test_a_call_that_is_over_makes_room(clean: Database) -> None:
    one, two = await lives(clean, "one"), await lives(clean, "two")
    await one.claim(call("CA1"), 1)

    await two.over("CA1")
    assert not await two.claim(call("CA2"), 1), "it is not its call to end"
    await one.over("CA1")

    assert await two.claim(call("CA2"), 1)


async def test_calls_of_a_process_that_does_not_beat_count_no_more_and_are_swept(
    clean: Database,
) -> None:
    one, two = await lives(clean, "one"), await lives(clean, "two")
    await one.put(call("CA1", talking=True))
    await dies(clean, "one")

    assert await two.elsewhere() == []
    assert await two.claim(call("CA2"), 1)
    await two.beat([call("CA2")])

    assert await sids(clean) == ["CA2"]


async def test_a_process_that_was_taken_for_dead_is_back_with_its_calls(clean: Database) -> None:
    one, two = await lives(clean, "one"), await lives(clean, "two")
    await one.put(call("CA1", talking=True))
    await dies(clean, "one")
    await two.beat([])

    await one.beat([call("CA1", talking=True)])

    (found,) = await two.elsewhere()
    assert (found.call_sid, found.process) == ("CA1", "one")


async def test_a_beat_takes_back_what_could_not_be_written_before(clean: Database) -> None:
    one = await lives(clean, "one")
    await one.put(call("CA1", talking=True))

    await one.beat([call("CA2", talking=True)])

    assert await sids(clean) == ["CA2"]


async def test_whoever_got_the_stream_has_the_call(clean: Database) -> None:
    one, two = await lives(clean, "one"), await lives(clean, "two")
    await two.put(call("CA1", talking=True))

    await one.claim(call("CA1"), 5)
    await one.beat([call("CA1")])

    (found,) = await one.elsewhere()
    assert (found.process, found.caller, found.since) == ("two", "+15550107788", AT)


async def test_only_calls_whose_stream_has_come_are_listed(clean: Database) -> None:
    one, two = await lives(clean, "one"), await lives(clean, "two")
    await one.claim(call("CA1"), 5)

    assert await two.elsewhere() == []


async def test_a_process_that_leaves_takes_its_calls_with_it(clean: Database) -> None:
    one = await lives(clean, "one")
    await one.claim(call("CA1"), 5)

    await one.leave()

    assert await sids(clean) == []


async def test_tools_may_neither_read_nor_claim(clean: Database) -> None:
    async with clean.engine.begin() as connection:
        allowed = await connection.execute(
            text(
                "SELECT has_table_privilege('dialplan_tools', 'dialplan.running_calls', 'SELECT'),"
                " has_function_privilege('dialplan_tools', 'dialplan.claim_call(text, text, text,"
                " text, text, text, text, bigint, interval)', 'EXECUTE')"
            )
        )
        assert tuple(allowed.one()) == (False, False)
