from datetime import UTC, datetime

from sqlalchemy import text

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
from dialplan.store.records import Recorder

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def a_call(sid: str) -> list[Fact]:
    return [
        CallBegan(sid, 1, NOW, "lakeside", "healthcare", "v1", "+15550107788", "+15550100001"),
        TurnSpoken(sid, 2, NOW, "caller", "front_desk", "hello\0 there", None),
        ToolRan(sid, 3, NOW, "front_desk", "find_patient", {"name": "Ana\0"}, "ok", 12.5),
        HandedOff(sid, 4, NOW, "front_desk", "scheduling"),
        TurnTimed(
            *(sid, 5, NOW, 1, "speech", "scheduling", 2_000, 500, 402, 400, 1.5, 120.5, 120.5, 4.5),
            cancelled=True,
            tools=[{"tool": "find_patient", "at_ms": 2_010, "ms": 120.5, "status": "ok"}],
            handoffs=[{"source": "front_desk", "target": "scheduling", "at_ms": 2_200}],
        ),
        CallEnded(sid, 6, NOW, "caller", 61_000),
    ]


async def count(database: Database, table: str, sid: str) -> int:
    async with database.engine.connect() as connection:
        found = await connection.execute(
            text(f"SELECT count(*) FROM dialplan.{table} WHERE call_sid = :sid"),  # noqa: S608 - names of this test
            {"sid": sid},
        )
        return int(found.scalar_one())


async def test_every_fact_put_is_written_once_even_when_put_twice(
    database: Database, postgres_url: str
) -> None:
    recorder = Recorder(lambda: Database(postgres_url))

    for fact in [*a_call("CA1"), *a_call("CA1")]:
        recorder.put(fact)
    await recorder.close()

    for table in ("calls", "turns", "tool_calls", "handoffs", "turn_times"):
        assert await count(database, table, "CA1") == 1, table
    async with database.engine.connect() as connection:
        row = await connection.execute(
            text("SELECT version, reason, duration_ms FROM dialplan.calls WHERE call_sid = 'CA1'")
        )
        assert tuple(row.one()) == ("v1", "caller", 61_000)
        said = await connection.execute(
            text("SELECT text FROM dialplan.turns WHERE call_sid = 'CA1'")
        )
        assert said.scalar_one() == "hello there"
    assert recorder.dropped == 0


async def test_a_fact_that_postgres_refuses_does_not_hold_back_the_others(
    database: Database, postgres_url: str
) -> None:
    recorder = Recorder(lambda: Database(postgres_url))

    recorder.put(TurnSpoken("CA2", 1, NOW, "caller", "desk", "one", 2**70))
    recorder.put(TurnSpoken("CA2", 2, NOW, "caller", "desk", "two", None))
    await recorder.close()

    assert await count(database, "turns", "CA2") == 1
    assert recorder.dropped == 1


async def test_without_a_database_close_ends_in_time_and_counts_what_was_lost() -> None:
    recorder = Recorder(
        lambda: Database("postgresql://nobody@127.0.0.1:1/none", connect_timeout=1), limit=10
    )

    for fact in a_call("CA3"):
        recorder.put(fact)
    await recorder.close(limit=0.2)

    assert recorder.dropped == len(a_call("CA3"))


async def test_a_full_queue_drops_and_counts_instead_of_growing(postgres_url: str) -> None:
    recorder = Recorder(
        lambda: Database("postgresql://nobody@127.0.0.1:1/none", connect_timeout=1), limit=3
    )

    for seq in range(2_000):
        recorder.put(HandedOff("CA4", seq, NOW, "a", "b"))

    assert recorder.waiting <= 3
    await recorder.close(limit=0.1)
    assert recorder.dropped == 2_000
