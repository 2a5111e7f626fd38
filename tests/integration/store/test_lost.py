"""A call whose process is gone gets its end from the others: once, and with what follows it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from dialplan.runtime.silence import Silence
from dialplan.store import after_calls
from dialplan.store.database import Database
from dialplan.store.facts import CallBegan, CallEnded, Fact, ToolRan, TurnSpoken
from dialplan.store.lost import LostCall, Silent, end_calls
from dialplan.store.past_calls import PastCall, read_call
from dialplan.store.presence import Presence, RunningCall
from dialplan.store.records import Recorder

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
SPOKE = AT + timedelta(seconds=12)
AN_HOUR_AGO = datetime.now(UTC) - timedelta(hours=1)


def began(sid: str, state: Mapping[str, object] | None = None, at: datetime = AT) -> CallBegan:
    return CallBegan(
        sid, 1, at, "corner", "kiosk", "v1", "+15550107788", "+15550100001", state=state
    )


def spoke(sid: str, at: datetime = SPOKE) -> TurnSpoken:
    return TurnSpoken(sid, 2, at, "caller", "", "A kite, please.")


async def record(url: str, process: str | None, *facts: Fact) -> None:
    """Write facts down as a process does that stops without another word."""
    recorder = Recorder(lambda: Database(url), process=process)
    for fact in facts:
        recorder.put(fact)
    await recorder.close()
    assert recorder.dropped == 0


async def past(database: Database, sid: str) -> PastCall:
    found = await read_call(database, sid)
    assert found is not None
    return found


async def lives(database: Database, name: str) -> Presence:
    """A process whose beats are held to be old at once: only whether a new one came counts."""
    presence = Presence(database, name, dead_s=0)
    await presence.beat([])
    return presence


def of(found: list[Silent], process: str) -> list[Silent]:
    return [one for one in found if one.process == process]


@pytest.fixture
async def clean(database: Database) -> Database:
    async with database.engine.begin() as connection:
        await connection.execute(
            text(
                "TRUNCATE dialplan.processes, dialplan.running_calls, dialplan.calls,"
                " dialplan.turns, dialplan.tool_calls, dialplan.after_calls"
            )
        )
    return database


async def test_a_process_that_does_not_beat_and_has_calls_without_an_end_is_silent(
    clean: Database, postgres_url: str
) -> None:
    await record(postgres_url, "dead", began("CA1"))
    await record(postgres_url, "idle", began("CA2"), CallEnded("CA2", 2, AT, "caller", 1))
    await record(postgres_url, "one", began("CA3"))
    await record(postgres_url, "alive", began("CA4"))
    await Presence(clean, "alive").beat([])

    found = await Presence(clean, "one").beat([])

    assert found == [Silent("dead", None)]


async def test_its_call_ends_at_its_last_beat_with_what_it_knew_and_is_to_be_read(
    clean: Database, postgres_url: str
) -> None:
    state: dict[str, object] = {"name": None}
    await record(
        postgres_url,
        "dead",
        began("CA1", state, AN_HOUR_AGO),
        spoke("CA1", AN_HOUR_AGO + timedelta(seconds=12)),
        ToolRan("CA1", 3, AN_HOUR_AGO, "clerk", "find", {}, "ok", 1.0, {"name": "Ana\0"}),
    )
    await lives(clean, "dead")
    one = await lives(clean, "one")
    (gone,) = of(await one.beat([]), "dead")

    ended = await one.end(gone)

    assert ended == [LostCall("CA1", "corner", "kiosk", "dead")]
    call = await past(clean, "CA1")
    assert gone.beat_at is not None
    assert (call.row.reason, call.row.ended_at) == ("server_lost", gone.beat_at)
    lasted = (gone.beat_at - AN_HOUR_AGO).total_seconds() * 1000
    assert call.row.duration_ms == pytest.approx(lasted, abs=1)
    assert call.after is not None
    assert (call.after.status, call.after.version) == ("waiting", "v1")
    assert call.after.state == {"name": "Ana"}
    assert await after_calls.untaken(clean, 10) == ["CA1"]
    async with clean.engine.connect() as connection:
        kept = await connection.execute(text("SELECT state FROM dialplan.calls"))
    assert kept.scalars().all() == [None], "callers' data stands where it is needed, and once"


async def test_without_a_beat_it_ends_with_what_was_last_written_of_it(
    clean: Database, postgres_url: str
) -> None:
    await record(postgres_url, "dead", began("CA1", {}), spoke("CA1"), began("CA2", None))

    await end_calls(clean, Silent("dead", None))

    spoken, silent = await past(clean, "CA1"), await past(clean, "CA2")
    assert (spoken.row.ended_at, spoken.row.duration_ms) == (SPOKE, 12_000)
    assert (silent.row.ended_at, silent.row.duration_ms) == (AT, 0)
    assert spoken.after is not None
    assert silent.after is None, "nothing follows the calls of its vertical"


async def test_of_many_survivors_at_once_each_call_is_ended_by_one(
    clean: Database, postgres_url: str
) -> None:
    sids = {f"CA{number}" for number in range(90)}
    await record(postgres_url, "dead", *(began(sid, {}) for sid in sids))
    others = [Database(postgres_url) for _ in range(6)]

    ended: list[LostCall] = []
    for _ in range(3):
        rounds = (end_calls(one, Silent("dead", None), most=20) for one in others)
        ended += [call for calls in await asyncio.gather(*rounds) for call in calls]
    for one in others:
        await one.close()

    assert sorted(call.call_sid for call in ended) == sorted(sids)
    assert sorted(await after_calls.untaken(clean, 1_000)) == sorted(sids)


async def test_a_process_that_stood_still_for_a_while_keeps_its_calls(
    clean: Database, postgres_url: str
) -> None:
    await record(postgres_url, "slow", began("CA1"))
    slow, one = await lives(clean, "slow"), await lives(clean, "one")
    silence = Silence(3)

    async def look() -> list[Silent]:
        return of(silence.looked(await one.beat([])), "slow")

    assert [await look(), await look()] == [[], []]
    await slow.beat([])

    assert [await look(), await look()] == [[], []]
    assert [one.process for one in await look()] == ["slow"]


async def test_one_that_beats_just_before_its_calls_would_be_ended_keeps_them(
    clean: Database, postgres_url: str
) -> None:
    await record(postgres_url, "slow", began("CA1"))
    slow, one = await lives(clean, "slow"), await lives(clean, "one")
    (gone,) = of(await one.beat([]), "slow")

    await slow.beat([])

    assert await one.end(gone) == []
    assert (await past(clean, "CA1")).row.ended_at is None


async def test_one_that_is_back_after_all_has_the_last_word(
    clean: Database, postgres_url: str
) -> None:
    await record(postgres_url, "cut off", began("CA1", {"name": None}))
    await end_calls(clean, Silent("cut off", None))

    later = AT + timedelta(minutes=9)
    end = CallEnded("CA1", 3, later, "caller", 540_000, {"name": "Ana"})
    await record(postgres_url, "cut off", spoke("CA1"), end)

    row = (await past(clean, "CA1")).row
    assert (row.reason, row.ended_at, row.duration_ms) == ("caller", later, 540_000)
    assert await end_calls(clean, Silent("cut off", None)) == []
    assert await after_calls.untaken(clean, 10) == ["CA1"]


async def test_its_last_beat_is_kept_until_its_calls_have_their_end(
    clean: Database, postgres_url: str
) -> None:
    await record(postgres_url, "dead", began("CA1"))
    await lives(clean, "dead")
    await lives(clean, "idle")
    one = await lives(clean, "one")

    async def known() -> set[str]:
        await one.beat([])
        async with clean.engine.connect() as connection:
            found = await connection.execute(text("SELECT name FROM dialplan.processes"))
            return set(found.scalars()) - {"one"}

    before = await known()
    await one.end(of(await one.beat([]), "dead")[0])

    assert before == {"dead"}
    assert await known() == set()


async def test_a_worker_that_takes_a_dead_ones_place_ends_its_calls_at_once(
    clean: Database, postgres_url: str
) -> None:
    sids = [f"CA{number:03}" for number in range(120)]
    await record(postgres_url, "worker", *(began(sid, {}) for sid in sids))
    await record(postgres_url, "other", began("CB1"))
    await Presence(clean, "worker").beat([])

    ended = await Presence(clean, "worker").succeed()

    assert [call.call_sid for call in ended] == sids
    assert (await past(clean, "CB1")).row.ended_at is None


async def test_sweeping_a_dead_process_with_calls_lets_its_running_calls_go(
    clean: Database, postgres_url: str
) -> None:
    await record(postgres_url, "dead", began("CA1"))
    up = RunningCall("CA1", "corner", "kiosk", "v1", "+1", "+2", AT, talking=True)
    await (await lives(clean, "dead")).put(up)

    await (await lives(clean, "one")).beat([])

    async with clean.engine.connect() as connection:
        left = await connection.scalar(text("SELECT count(*) FROM dialplan.running_calls"))
    assert left == 0
