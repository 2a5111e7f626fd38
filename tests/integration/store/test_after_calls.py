from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from dialplan.store import after_calls
from dialplan.store.after_calls import AfterCallRow, Backlog
from dialplan.store.database import Database
from dialplan.store.facts import CallBegan, CallEnded, Fact
from dialplan.store.past_calls import read_call
from dialplan.store.records import Recorder

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def began(sid: str) -> CallBegan:
    return CallBegan(sid, 1, NOW, "lakeside", "healthcare", "v1", "+15550107788", "+15550100001")


def ended(sid: str, state: Mapping[str, object] | None) -> CallEnded:
    return CallEnded(sid, 2, NOW, "caller", 61_000, state)


async def record(url: str, *facts: Fact) -> Recorder:
    recorder = Recorder(lambda: Database(url))
    for fact in facts:
        recorder.put(fact)
    await recorder.close()
    return recorder


async def over(database: Database, url: str, sid: str) -> AfterCallRow:
    """A call that is over, found by a job."""
    await record(url, began(sid), ended(sid, {"name": "Ana"}))
    await after_calls.taken(database, [sid])
    row = await after_calls.find(database, sid)
    assert row is not None
    return row


async def test_a_call_that_something_follows_has_its_row_with_its_last_record(
    database: Database, postgres_url: str
) -> None:
    await record(postgres_url, began("AC1"), ended("AC1", {"patient_id": 7, "name": None}))

    past = await read_call(database, "AC1")

    assert past is not None
    assert past.row.ended_at == NOW
    assert past.after == AfterCallRow(
        call_sid="AC1",
        tenant="lakeside",
        vertical="healthcare",
        version="v1",
        state={"patient_id": 7, "name": None},
        status="waiting",
        reason=None,
        fields=None,
        model=None,
        read_at=None,
        tries=0,
    )
    assert "AC1" in await after_calls.untaken(database, 1_000)


async def test_nothing_follows_a_call_of_a_vertical_without_after_call(
    database: Database, postgres_url: str
) -> None:
    await record(postgres_url, began("AC2"), ended("AC2", None))

    past = await read_call(database, "AC2")

    assert past is not None
    assert past.after is None


async def test_row_and_last_record_come_together_or_not_at_all(
    database: Database, postgres_url: str
) -> None:
    """Postgres refuses the row here; the end of the call must not be there without it."""
    async with database.engine.begin() as connection:
        await connection.execute(
            text(
                "ALTER TABLE dialplan.after_calls ADD CONSTRAINT refused CHECK (call_sid <> 'AC3')"
            )
        )
    try:
        recorder = await record(
            postgres_url, began("AC3"), began("AC4"), ended("AC3", {}), ended("AC4", {})
        )
    finally:
        async with database.engine.begin() as connection:
            await connection.execute(
                text("ALTER TABLE dialplan.after_calls DROP CONSTRAINT refused")
            )

    refused, written = await read_call(database, "AC3"), await read_call(database, "AC4")
    assert refused is not None
    assert (refused.row.ended_at, refused.after) == (None, None)
    assert written is not None
    assert written.row.ended_at == NOW
    assert written.after is not None
    assert recorder.dropped == 1


@pytest.mark.parametrize(
    ("state", "kept"),
    [
        ({"note": "a\0b"}, {"note": "ab"}),
        ({"note": "half \ud83d"}, {"note": "half ?"}),
        ({"note": "é" * 200_000}, {"note": "é" * after_calls.MOST_TEXT}),
        ({"much": float("inf"), "none": float("nan")}, {"much": None, "none": None}),
        ({"id": 10**40, "visits": 3, "known": True}, {"id": None, "visits": 3, "known": True}),
        ({"thing": object()}, {"thing": None}),
    ],
)
async def test_no_state_costs_a_call_its_last_record(
    database: Database, postgres_url: str, state: dict[str, object], kept: dict[str, object]
) -> None:
    sid = f"AC5-{abs(hash(str(kept)[:40]))}"

    recorder = await record(postgres_url, began(sid), ended(sid, state))

    past = await read_call(database, sid)
    assert past is not None
    assert past.row.ended_at == NOW
    assert past.after is not None
    assert past.after.state == kept
    assert recorder.dropped == 0


async def test_state_stands_in_no_log() -> None:
    assert "Ana" not in repr(ended("AC6", {"name": "Ana"}))


async def test_what_was_read_is_kept_with_the_requests_that_follow_from_it(
    database: Database, postgres_url: str
) -> None:
    await over(database, postgres_url, "AC7")

    trying = await after_calls.begin_reading(database, "AC7")
    await after_calls.keep_fields(
        database, "AC7", fields={"follow_up": True}, model="m", targets={2: "POST crm.example"}
    )
    await after_calls.note_send(database, "AC7", 2, "waiting", "status 503")
    await after_calls.note_send(database, "AC7", 2, "sent")
    # One that another process tried at the same time changes nothing any more.
    await after_calls.note_send(database, "AC7", 2, "failed", "status 404")

    assert trying is not None
    assert trying.tries == 1
    row = await after_calls.find(database, "AC7")
    assert row is not None
    assert (row.status, row.fields, row.model) == ("done", {"follow_up": True}, "m")
    assert row.read_at is not None
    (send,) = row.sends
    assert (send.number, send.target, send.status, send.tries, send.reason) == (
        *(2, "POST crm.example", "sent", 2),
        None,
    )


async def test_a_call_is_read_once_even_where_two_read_it(
    database: Database, postgres_url: str
) -> None:
    await over(database, postgres_url, "AC8")

    await after_calls.keep_fields(database, "AC8", fields={"n": 1}, model="m", targets={})
    await after_calls.keep_fields(
        database, "AC8", fields={"n": 2}, model="m", targets={0: "POST crm.example"}
    )
    await after_calls.settle(database, "AC8", "failed", "too late")

    row = await after_calls.find(database, "AC8")
    assert row is not None
    assert (row.status, row.fields, row.sends, row.reason) == ("done", {"n": 1}, (), None)


async def test_what_is_read_anew_replaces_what_was_read(
    database: Database, postgres_url: str
) -> None:
    await over(database, postgres_url, "AC9")

    for fields in ({"n": 1}, {"n": 2}):
        await after_calls.keep_fields(
            database, "AC9", fields=fields, model="m", targets={0: "POST crm.example"}, anew=True
        )

    row = await after_calls.find(database, "AC9")
    assert row is not None
    assert row.fields == {"n": 2}
    assert [one.status for one in row.sends] == ["waiting"]


async def test_nothing_says_for_ever_that_it_waits(database: Database, postgres_url: str) -> None:
    await over(database, postgres_url, "AC10")
    await over(database, postgres_url, "AC11")
    await after_calls.keep_fields(
        database, "AC11", fields={}, model="m", targets={0: "POST crm.example"}
    )
    await record(postgres_url, began("AC12"), ended("AC12", {}))

    assert await after_calls.give_up(database, timedelta(hours=1)) == 0
    assert await after_calls.give_up(database, timedelta(seconds=-5)) >= 2

    reading, sending, untaken = [
        await after_calls.find(database, sid) for sid in ("AC10", "AC11", "AC12")
    ]
    assert reading is not None
    assert sending is not None
    assert untaken is not None
    assert (reading.status, reading.reason) == ("failed", "given up: no try has ended for too long")
    assert [one.status for one in sending.sends] == ["failed"]
    assert untaken.status == "waiting"  # nobody has had it yet: a worker that comes will read it


async def test_what_is_left_to_do_is_told_with_how_long_its_oldest_call_is_over(
    database: Database, postgres_url: str
) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(text("TRUNCATE dialplan.after_calls, dialplan.after_call_sends"))
    nothing = await after_calls.backlog(database)
    now = datetime.now(UTC)
    for sid, minutes in (("AC13", 30), ("AC14", 20), ("AC15", 10)):
        at = now - timedelta(minutes=minutes)
        await record(postgres_url, began(sid), CallEnded(sid, 2, at, "caller", 61_000, {}))
    targets = {0: "POST crm.example", 1: "POST crm.example", 2: "POST crm.example"}
    await after_calls.keep_fields(database, "AC13", fields={}, model="m", targets=targets)
    await after_calls.note_send(database, "AC13", 0, "sent")
    await after_calls.note_send(database, "AC13", 1, "waiting", "status 503")

    found = await after_calls.backlog(database)

    assert nothing == Backlog(0, 0.0, 0, 0.0)
    assert (found.reads, found.sends) == (2, 2)
    assert found.oldest_read_s == pytest.approx(20 * 60, abs=60)
    # A send that was tried a moment ago is as old as its call.
    assert found.oldest_send_s == pytest.approx(30 * 60, abs=60)
