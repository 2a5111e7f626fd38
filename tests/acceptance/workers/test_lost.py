"""A worker that is killed in the middle of a call: the call has its end, and what follows it."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from sqlalchemy import text

from dialplan.emulators.twilio.caller import Line
from dialplan.store.database import Database

FOLLOWS = "after_call: {fields: {follow_up: boolean}}\n"


async def test_a_call_of_a_killed_worker_has_its_end_and_is_to_be_read(
    open_server: Any, postgres_url: str
) -> None:
    async with open_server(more=FOLLOWS, environ={"DIALPLAN_JOBS": "off"}) as server:
        stays = Line("Are you still there?", pause_ms=120_000)
        ringing = asyncio.create_task(server.ring("I would like a kite.", stays, limit_s=120))
        deadline = time.monotonic() + 60
        turns: list[Any] = []
        while not any(one["speaker"] == "caller" for one in turns):
            assert time.monotonic() < deadline, turns
            await asyncio.sleep(0.1)
            for one in (await server.fresh("/api/running")).json()["calls"]:
                sid = one["call_sid"]
                turns = (await server.fresh(f"/api/calls/{sid}")).json()["turns"]
        up = await server.counts("dialplan_calls_running")
        (busy,) = [int(worker) for worker, calls in up.items() if calls]
        # What was said goes into the database within a moment.
        await asyncio.sleep(1)

        server.workers()[busy].kill()
        # Twilio asks the other worker what now, and tells it that the call is over.
        record = await ringing
        call = (await server.fresh(f"/api/calls/{sid}")).json()
        while call["ended_at"] is None:
            assert time.monotonic() < deadline + 60, call
            await asyncio.sleep(0.2)
            call = (await server.fresh(f"/api/calls/{sid}")).json()
        page = (await server.fresh(f"/console/calls/{sid}")).text
        listed = (await server.fresh("/api/calls")).json()["calls"]
        await server.until(lambda: "worker is back" in server.log.read_text(), 60)
        scraped = (await server.fresh("/metrics")).text
        database = Database(postgres_url)
        async with database.engine.begin() as connection:
            # No other test's jobs are to read it.
            rows = await connection.execute(
                text("DELETE FROM dialplan.after_calls WHERE call_sid = :sid RETURNING status"),
                {"sid": sid},
            )
            waiting = list(rows.scalars())
        await database.close()

    assert "Sorry about that." in "".join(document.text for document in record.documents)
    assert record.status == "completed"
    assert (call["running"], call["reason"]) == (False, "server_lost")
    assert 0 < call["duration_ms"] < 120_000
    assert [one["text"] for one in call["turns"] if one["speaker"] == "caller"] == [
        "I would like a kite."
    ]
    assert call["after"]["status"] == "waiting"
    assert waiting == ["waiting"]
    assert "the server that had it was lost" in page
    assert {one["call_sid"]: one["reason"] for one in listed}[sid] == "server_lost"
    assert (
        'dialplan_calls_ended_total{reason="server_lost",vertical="kiosk",'
        f'worker="{busy}"}} 1.0' in scraped
    )
    assert 'dialplan_after_calls_waiting{kind="read",worker="0"}' in scraped
    assert 'dialplan_after_calls_waiting{kind="read",worker="1"}' not in scraped
