import asyncio
import signal

import pytest
from sqlalchemy import text

from dialplan.store.after_calls import AfterCallRow

from .conftest import CALLER, NUMBER, Desk


def all_settled(rows: dict[str, AfterCallRow]) -> bool:
    return all(row.settled for row in rows.values())


async def test_a_call_is_read_and_its_fields_are_sent_where_they_concern_somebody(
    desk: Desk,
) -> None:
    await desk.over("CA1", "CA2")
    await desk.over("CA3", seconds=3)
    await desk.over("CA4", says=" ")

    await desk.work()
    rows = await desk.until(all_settled)

    row = rows["CA1"]
    assert (row.status, row.fields, row.model, row.tries) == (
        *("done", {"wish": "a kite", "follow_up": True}),
        *("gpt-5-mini", 1),
    )
    assert [(one.number, one.status, one.tries) for one in row.sends] == [
        (1, "sent", 1),
        (2, "sent", 1),
    ]
    assert [one.target for one in row.sends] == ["POST 127.0.0.1"] * 2
    assert (rows["CA3"].status, rows["CA3"].reason) == ("skipped", "shorter than 5 s")
    assert (rows["CA4"].status, rows["CA4"].reason) == ("skipped", "the caller said nothing")
    assert desk.service.keys == {"CA1:send:1", "CA1:send:2", "CA2:send:1", "CA2:send:2"}
    got = {key: (path, body) for key, path, body in desk.service.got}
    assert got["CA1:send:2"] == (
        "/tasks",
        {"shop": "Corner Kites", "wish": "a kite", "sid": "CA1"},
    )
    path, body = got["CA1:send:1"]
    assert path == "/calls"
    assert body["fields"] == {"wish": "a kite", "follow_up": True}
    assert (body["call"]["from"], body["call"]["to"]) == (CALLER, NUMBER)


async def test_what_dbos_keeps_holds_nothing_of_a_caller(desk: Desk) -> None:
    desk.model.answer = {"wish": "a secret wish", "follow_up": True}
    await desk.over("CA1", says="Nobody may know.")

    await desk.work()
    await desk.until(all_settled)

    async with desk.database.engine.connect() as connection:
        found = await connection.execute(
            text("SELECT w::text FROM dialplan_jobs.workflow_status w")
        )
        kept = list(found.scalars())
        found = await connection.execute(
            text("SELECT o::text FROM dialplan_jobs.operation_outputs o")
        )
        kept += list(found.scalars())
    assert len(kept) >= 3
    for word in ("secret wish", "Nobody may know", CALLER):
        assert not any(word in one for one in kept)
        assert word not in desk.log()


async def test_a_send_waits_for_a_service_that_is_down(desk: Desk) -> None:
    desk.service.status = 503
    await desk.over("CA1")

    await desk.work()
    rows = await desk.until(
        lambda rows: len(rows["CA1"].sends) == 2 and all(one.tries for one in rows["CA1"].sends)
    )
    assert [(one.status, one.reason) for one in rows["CA1"].sends] == [
        ("waiting", "POST 127.0.0.1 failed after 1 tries: status 503")
    ] * 2
    desk.service.status = 200
    rows = await desk.until(all_settled)

    assert [(one.status, one.reason, one.tries) for one in rows["CA1"].sends] == [
        ("sent", None, 2)
    ] * 2
    assert desk.service.keys == {"CA1:send:1", "CA1:send:2"}


async def due_ms(desk: Desk) -> list[int]:
    """Return when each job that was to begin later was due, in milliseconds since the epoch."""
    async with desk.database.engine.connect() as connection:
        found = await connection.exec_driver_sql(
            "SELECT delay_until_epoch_ms FROM dialplan_jobs.workflow_status"
            " WHERE delay_until_epoch_ms IS NOT NULL ORDER BY 1"
        )
        return list(found.scalars())


async def test_a_pause_survives_the_worker(desk: Desk) -> None:
    desk.service.status = 503
    await desk.over("CA1")
    first = await desk.work()
    await desk.pauses(2)
    due = await due_ms(desk)

    first.kill()
    await first.wait()
    desk.service.status = 200
    await desk.work()
    rows = await desk.until(all_settled)

    assert [one.status for one in rows["CA1"].sends] == ["sent"] * 2
    assert [one.tries for one in rows["CA1"].sends] == [2] * 2
    # Due at its own time, not a whole pause after the second worker came.
    assert await due_ms(desk) == due


async def test_a_service_that_refuses_is_not_asked_again(desk: Desk) -> None:
    desk.service.status = 404
    await desk.over("CA1")

    await desk.work()
    rows = await desk.until(all_settled)

    assert rows["CA1"].status == "done"
    assert [(one.status, one.reason, one.tries) for one in rows["CA1"].sends] == [
        ("failed", "POST 127.0.0.1 answered with status 404", 1)
    ] * 2
    assert desk.service.refused == 2


async def test_a_call_waits_for_a_model_that_is_away(desk: Desk) -> None:
    desk.model.away = True
    await desk.over("CA1")

    await desk.work()
    rows = await desk.until(lambda rows: rows["CA1"].reason is not None)
    assert (rows["CA1"].status, rows["CA1"].reason) == (
        "waiting",
        "the text model `gpt-5-mini` answered with status 503",
    )
    desk.model.away = False
    rows = await desk.until(all_settled)

    assert (rows["CA1"].status, rows["CA1"].reason, rows["CA1"].tries) == ("done", None, 2)


async def test_a_call_of_a_tenant_that_is_gone_fails_with_that_reason(desk: Desk) -> None:
    await desk.over("CA1")
    (desk.folder / "tenants.yaml").write_text('tenants: {other: {lines: {"+15550100078": kiosk}}}')

    await desk.work()
    rows = await desk.until(all_settled)

    assert (rows["CA1"].status, rows["CA1"].reason) == ("failed", "the tenant `corner` is gone")


async def test_a_call_is_read_by_the_version_that_answered_it(desk: Desk) -> None:
    await desk.over("CA1")
    file = desk.folder / "kiosk" / "vertical.yaml"
    file.write_text(file.read_text().replace("after_call:", "x_after_call:"))

    await desk.work()
    rows = await desk.until(all_settled)

    assert rows["CA1"].status == "done"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("ends", [signal.SIGKILL, signal.SIGTERM])
async def test_a_worker_takes_over_from_one_that_never_comes_back(
    desk: Desk, ends: signal.Signals
) -> None:
    desk.model.slow_s = 600
    await desk.over("CA1")
    lost = await desk.work()
    await desk.until(lambda _: desk.model.asked == 1)

    lost.send_signal(ends)
    async with asyncio.timeout(12):
        code = await lost.wait()
    desk.model.slow_s = 0
    await desk.work()
    rows = await desk.until(all_settled, limit_s=90)

    assert code == (0 if ends == signal.SIGTERM else -ends)
    assert (rows["CA1"].status, rows["CA1"].tries) == ("done", 2)
    assert "jobs taken over" in desk.log()
    assert "Traceback" not in desk.log()
