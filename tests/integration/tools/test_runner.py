import asyncio
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text
from tests.integration import callers

from dialplan.errors import ToolError
from dialplan.model.vertical import Vertical
from dialplan.store.database import Database
from dialplan.store.seed import load_seed
from dialplan.store.tenancy import tenant_transaction
from dialplan.store.vertical_tables import create_tables
from dialplan.tools.http import HttpCaller
from dialplan.tools.state import CallState

WRITTEN: dict[str, object] = {
    "dialplan": 1,
    "name": "runner_clinic",
    "title": "Clinic",
    "variables": {
        "timezone": {"type": "timezone", "default": "America/Chicago"},
        "nurse_line": {"type": "phone", "default": "+15550100911"},
        "west_line": {"type": "phone", "default": "+15550100912"},
    },
    "voice": {"greeting": "Hello"},
    "hours": {"mon-fri": "08:00-18:00"},
    "state": {"patient_id": "integer", "patient_name": "string"},
    "endpoints": {"ehr": {"base_url": "http://127.0.0.1:1", "retries": 0}},
    "agents": {"desk": {"entry": True, "prompt": "p.md"}},
    "tools": {
        "find_patient": {
            "description": "Find",
            "parameters": {
                "phone": {"type": "phone", "optional": True, "default": "{{ call.from }}"}
            },
            "sql": "SELECT id, name FROM patients WHERE phone = :phone",
            "returns": "one",
            "set": {"patient_id": "{{ result.id }}", "patient_name": "{{ result.name }}"},
        },
        "find_slots": {
            "description": "Slots",
            "sql": "SELECT id, starts_at FROM slots WHERE patient_id IS NULL ORDER BY id",
        },
        "book_visit": {
            "description": "Book",
            "parameters": {"slot_id": "integer"},
            "requires": ["patient_id"],
            "confirm": {
                "lookup": "SELECT starts_at, doctor FROM slots WHERE id = :slot_id",
                "say": "Shall I book {{ starts_at | spoken_time }} with {{ doctor }}?",
            },
            "sql": "UPDATE slots SET patient_id = :state.patient_id"
            " WHERE id = :slot_id AND patient_id IS NULL RETURNING id, starts_at",
            "returns": "one",
            "idempotent": True,
        },
        "cancel_visit": {
            "description": "Cancel",
            "confirm": "Shall I cancel it?",
            "sql": "UPDATE slots SET patient_id = NULL WHERE id = (SELECT min(id) FROM slots"
            " WHERE patient_id = :state.patient_id) RETURNING id",
            "returns": "one",
            "idempotent": True,
        },
        "note": {
            "description": "Note",
            "confirm": "Shall I note that?",
            "sql": "INSERT INTO refills (patient_id, medicine)"
            " VALUES (:state.patient_id, 'note') RETURNING id",
            "returns": "one",
        },
        "flaky": {
            "description": "Flaky",
            "confirm": "Shall I try?",
            "http": {"post": "{{ endpoints.ehr }}/x"},
            "idempotent": True,
        },
        "add_patient": {
            "description": "Add",
            "parameters": {"name": "string", "phone": "phone"},
            "sql": "INSERT INTO patients (name, phone) VALUES (:name, :phone)",
        },
        "sleep": {
            "description": "Sleep",
            "sql": "SELECT pg_sleep(5)",
            "timeout": "200ms",
            "say": {"start": "One moment.", "slow": "Still here.", "after": "50ms"},
        },
        "verify": {
            "description": "Verify",
            "http": {"get": "{{ endpoints.ehr }}/x"},
            "say": {"failed": "The insurer does not answer."},
        },
        "weekend": {
            "description": "Weekend",
            "sql": "SELECT ARRAY(SELECT CAST('2026-03-07T09:00-06:00' AS timestamptz)"
            " + i * interval '1 day' FROM generate_series(0, 1) AS d (i)) AS mornings",
            "returns": "one",
        },
        "when": {
            "description": "When",
            "sql": "SELECT :call.open AS open, :call.hours_today AS today,"
            " :call.next_opening AS next, :call.digits AS digits",
            "returns": "one",
        },
        "nurse": {"description": "Nurse", "builtin": "transfer", "to": "nurse_line"},
        "desk_of": {
            "description": "Desk",
            "parameters": {"area": {"type": "string", "optional": True}},
            "builtin": "transfer",
            "to": {"by": "area", "lines": {"West Side": "west_line"}, "else": "nurse_line"},
        },
        "text_name": {
            "description": "Text",
            "requires": ["patient_name"],
            "builtin": "send_sms",
            "message": "Hello {{ state.patient_name }}, today we are {{ call.hours_today }}.",
            "idempotent": True,
        },
        "move_visit": {
            "description": "Move",
            "parameters": {"slot_id": "integer"},
            "confirm": {
                "lookup": "SELECT doctor, patient_id IS NOT NULL AS taken FROM slots"
                " WHERE id = :slot_id",
                "refuse": "{% if taken %}{{ doctor }} is busy then.{% endif %}",
                "say": "Shall I move it to {{ doctor }}?",
            },
            "sql": "UPDATE slots SET patient_id = 1 WHERE id = :slot_id RETURNING id",
            "returns": "one",
        },
        "doctor": {
            "description": "Doctor",
            "parameters": {"urgent": {"type": "boolean", "optional": True}},
            "refuse": "{% if not call.open and not urgent %}"
            "The doctor is there {{ call.next_opening }}.{% endif %}",
            "confirm": "Shall I put you through?",
            "builtin": "transfer",
            "to": "nurse_line",
        },
        "text_me": {
            "description": "Text",
            "parameters": {"message": "string"},
            "builtin": "send_sms",
            "idempotent": True,
        },
        "refill": {
            "description": "Refill",
            "parameters": {"medicine": "string"},
            "requires": ["patient_id"],
            "sql": "INSERT INTO refills (patient_id, medicine)"
            " VALUES (:state.patient_id, :medicine) RETURNING patient_id",
            "returns": "one",
            "idempotent": True,
        },
        "hours": {
            "description": "Hours",
            "builtin": "answer",
            "result": {"line": "{{ nurse_line }}", "open": "Until six."},
        },
    },
    "database": {
        "tables": {
            "patients": {
                "columns": {"id": "serial", "name": "text", "phone": {"type": "phone"}},
                "unique": [["phone"]],
            },
            "refills": {
                "columns": {
                    "id": "serial",
                    "patient_id": {"references": "patients"},
                    "medicine": "text",
                }
            },
            "slots": {
                "columns": {
                    "id": "serial",
                    "doctor": "text",
                    "starts_at": "timestamptz",
                    "patient_id": {"references": "patients", "optional": True},
                }
            },
        }
    },
}
WRITTEN["agents"] = {"desk": {"entry": True, "prompt": "p.md", "tools": [*WRITTEN["tools"]]}}  # type: ignore[misc]
VERTICAL = Vertical.model_validate(WRITTEN)
SEED: dict[str, list[dict[str, object]]] = {
    "patients": [{"id": 1, "name": "Maria Lopez", "phone": "+15550107788"}],
    "slots": [{"id": n, "doctor": "Dr. Chen", "starts_at": f"today+{n} 09:00"} for n in (1, 2, 3)],
}


@dataclass
class Desk(callers.Desk):
    """The clinic's."""

    def against(self, url: str) -> "Desk":
        """The same call with its service elsewhere."""
        endpoints = {"ehr": {"base_url": url, "retries": 0}}
        vertical = Vertical.model_validate({**WRITTEN, "endpoints": endpoints})
        return replace(self, vertical=vertical)

    async def owner(self, slot: int) -> object:
        async with tenant_transaction(self.database, VERTICAL.name, self.call.tenant) as session:
            found = await session.execute(
                text("SELECT patient_id FROM slots WHERE id = :id"), {"id": slot}
            )
            return found.scalar_one()


def new_call(sid: str, tenant: str) -> CallState:
    return callers.new_call(
        VERTICAL.name,
        tenant,
        sid,
        variables={
            "timezone": "America/Chicago",
            "nurse_line": "+15550100911",
            "west_line": "+15550100912",
        },
        secrets={"token": "s3cret"},
        hours=VERTICAL.hours,
    )


@pytest.fixture
async def desk(database: Database, request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    tables = VERTICAL.database.tables
    await create_tables(database, VERTICAL.name, tables)
    tenant = request.node.name[:60]
    await load_seed(
        database,
        VERTICAL.name,
        tenant,
        tables,
        SEED,
        today=date(2026, 3, 2),
        timezone="America/Chicago",
    )
    http = HttpCaller(private_hosts=["127.0.0.1"])
    yield Desk(VERTICAL, database, http, new_call(f"CA-{tenant}", tenant))
    await http.close()


async def test_what_is_found_fills_the_state(desk: Desk) -> None:
    answer = await desk.run("find_patient")

    assert answer == {"status": "ok", "result": {"id": 1, "name": "Maria Lopez"}}
    assert desk.call.state == {"patient_id": 1, "patient_name": "Maria Lopez"}
    assert desk.notes.ran == [("desk", "find_patient", {"phone": "+15550107788"}, "ok")]


async def test_nothing_found_is_an_answer(desk: Desk) -> None:
    answer = await desk.run("find_patient", phone="+15550109999")

    assert answer["status"] == "not_found"
    assert desk.call.state == {}


async def test_moments_are_told_by_the_clock_of_the_business(desk: Desk) -> None:
    answer = await desk.run("find_slots")

    rows = answer["result"]
    assert isinstance(rows, list)
    assert rows[0] == {"id": 1, "starts_at": "2026-03-03T09:00-06:00"}


async def test_a_booking_needs_the_patient_then_the_callers_word_and_happens_once(
    desk: Desk,
) -> None:
    refused = await desk.run("book_visit", slot_id=2)
    assert refused["status"] == "refused"
    assert refused["first"] == ["find_patient"]
    await desk.run("find_patient")

    asked = await desk.run("book_visit", slot_id=2)
    assert asked["status"] == "confirm"
    assert asked["say"] == "Shall I book Wednesday, March 4 at 9 AM with Dr. Chen?"
    again = await desk.run("book_visit", slot_id=2)
    assert again == asked
    assert await desk.owner(2) is None

    desk.call.caller_turns += 1
    booked = await desk.run("book_visit", slot_id=2)
    assert booked == {
        "status": "ok",
        "result": {"id": 2, "starts_at": "2026-03-04T09:00-06:00"},
    }
    assert await desk.run("book_visit", slot_id=2) == booked
    assert await desk.owner(2) == 1


async def test_other_arguments_are_asked_about_again(desk: Desk) -> None:
    await desk.run("find_patient")
    await desk.run("book_visit", slot_id=1)
    desk.call.caller_turns += 1

    assert (await desk.run("book_visit", slot_id=3))["status"] == "confirm"
    assert await desk.owner(1) is None


async def test_two_bookings_at_once_do_the_work_once_and_hear_the_same(desk: Desk) -> None:
    await desk.run("find_patient")
    await desk.run("book_visit", slot_id=1)
    desk.call.caller_turns += 1

    first, second = await asyncio.gather(
        desk.run("book_visit", slot_id=1), desk.run("book_visit", slot_id=1)
    )

    assert first == second
    assert first["status"] == "ok"


async def test_the_same_words_for_another_patient_are_another_deed(desk: Desk) -> None:
    await desk.run("add_patient", name="Ana Lopez", phone="+15550107789")
    await desk.run("find_patient")
    mother = await desk.run("refill", medicine="ibuprofen")
    again = await desk.run("refill", medicine="ibuprofen")
    await desk.run("find_patient", phone="+15550107789")

    daughter = await desk.run("refill", medicine="ibuprofen")

    assert mother == again == {"status": "ok", "result": {"patient_id": 1}}
    assert daughter["status"] == "ok"
    assert daughter != mother


async def test_a_slot_taken_by_another_call_is_not_found_and_not_kept(desk: Desk) -> None:
    other = new_call("CA-other-" + desk.call.tenant, desk.call.tenant)
    for call in (desk.call, other):
        await desk.runner.run("find_patient", "{}", call)
        await desk.runner.run("book_visit", '{"slot_id": 1}', call)
        call.caller_turns += 1

    taken = json.loads(await desk.runner.run("book_visit", '{"slot_id": 1}', other))
    late = await desk.run("book_visit", slot_id=1)

    assert taken["status"] == "ok"
    assert late["status"] == "not_found"
    assert (await desk.run("book_visit", slot_id=1))["status"] == "confirm"


async def test_what_was_cancelled_is_booked_again_when_the_caller_agrees_anew(desk: Desk) -> None:
    await desk.run("find_patient")
    first = await desk.agreed("book_visit", slot_id=2)
    cancelled = await desk.agreed("cancel_visit")
    assert (first["status"], cancelled["status"]) == ("ok", "ok")
    assert await desk.owner(2) is None

    again = await desk.agreed("book_visit", slot_id=2)

    assert again["status"] == "ok"
    assert await desk.owner(2) == 1


async def test_cancelling_twice_cancels_the_next_visit_too(desk: Desk) -> None:
    await desk.run("find_patient")
    await desk.agreed("book_visit", slot_id=1)
    await desk.agreed("book_visit", slot_id=2)

    first = await desk.agreed("cancel_visit")
    second = await desk.agreed("cancel_visit")

    assert (first["result"], second["result"]) == ({"id": 1}, {"id": 2})


async def test_what_was_done_is_asked_about_when_it_is_called_for_in_a_later_turn(
    desk: Desk,
) -> None:
    await desk.run("find_patient")
    await desk.agreed("book_visit", slot_id=2)
    desk.call.caller_turns += 1

    asked = await desk.run("book_visit", slot_id=2)

    assert asked["status"] == "confirm"
    assert "done earlier in this call" in str(asked["message"])
    assert (await desk.run("book_visit", slot_id=2))["status"] == "confirm"


async def waits_for_a_lock(database: Database) -> None:
    """Return once a statement hangs at what another transaction holds."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    async with asyncio.timeout(30), database.engine.connect() as connection:
        while not await connection.scalar(text(waiting)):
            await connection.rollback()
            await asyncio.sleep(0.02)


async def test_a_repetition_while_the_first_still_works_joins_it_though_the_caller_spoke(
    desk: Desk,
) -> None:
    await desk.run("find_patient")
    await desk.run("book_visit", slot_id=1)
    desk.call.caller_turns += 1
    # The row is locked, so that the booking hangs until the caller has said another thing.
    async with tenant_transaction(desk.database, VERTICAL.name, desk.call.tenant) as other:
        await other.execute(text("SELECT 1 FROM slots WHERE id = 1 FOR UPDATE"))
        first = asyncio.create_task(desk.run("book_visit", slot_id=1))
        await waits_for_a_lock(desk.database)
        desk.call.caller_turns += 1
        second = asyncio.create_task(desk.run("book_visit", slot_id=1))
        await asyncio.sleep(0.1)
        assert not first.done()

    assert await first == await second
    assert (await first)["status"] == "ok"
    assert await desk.run("book_visit", slot_id=1) == await first


async def test_one_word_of_the_caller_is_one_deed_without_idempotent_too(desk: Desk) -> None:
    await desk.run("find_patient")
    await desk.run("note")
    desk.call.caller_turns += 1

    both = await asyncio.gather(desk.run("note"), desk.run("note"))

    assert sorted(str(one["status"]) for one in both) == ["confirm", "ok"]


async def test_a_deed_that_failed_stays_agreed_to_and_keeps_its_key(desk: Desk) -> None:
    seen: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        seen.append(next(line for line in head.split("\r\n") if line.startswith("idempotency")))
        status = "500 Oh" if len(seen) == 1 else "200 OK"
        writer.write(f"HTTP/1.1 {status}\r\ncontent-length: 2\r\n\r\n{{}}".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        desk = desk.against(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        assert (await desk.agreed("flaky"))["status"] == "failed"
        desk.call.caller_turns += 1
        retried = await desk.run("flaky")
        assert await desk.run("flaky") == retried
        anew = await desk.agreed("flaky")

    assert retried["status"] == anew["status"] == "ok"
    assert seen[0] == seen[1] != seen[2]
    assert len(seen) == 3


async def test_a_wrong_argument_is_named(desk: Desk) -> None:
    answer = await desk.run("add_patient", name="Ana", phone="12")

    assert answer["status"] == "invalid"
    assert answer["parameter"] == "phone"


async def test_what_the_data_forbids_is_refused_and_the_log_has_no_caller_data(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        answer = await desk.run("add_patient", name="Ana", phone="+15550107788")

    assert answer["status"] == "refused"
    assert "5550107788" not in "".join(str(record.__dict__) for record in caplog.records)


async def test_a_slow_tool_fills_the_silence_and_ends_at_its_limit(desk: Desk) -> None:
    answer = await desk.run("sleep")

    assert answer["status"] == "failed"
    assert desk.said == ["One moment.", "Still here."]
    assert (await desk.run("find_patient"))["status"] == "ok"


async def test_a_service_that_is_down_fails_with_the_authors_words(desk: Desk) -> None:
    answer = await desk.run("verify")

    assert answer["status"] == "failed"
    assert answer["say"] == "The insurer does not answer."


async def test_a_transfer_goes_to_the_named_number_only(desk: Desk) -> None:
    assert (await desk.run("nurse", to="+19005550100"))["status"] == "invalid"

    assert (await desk.run("nurse"))["result"] == {"transferred_to": "nurse_line"}
    assert desk.line.done == [("transfer", "+15550100911")]


async def test_a_column_may_hold_a_list(desk: Desk) -> None:
    answer = await desk.run("weekend")

    assert answer["result"] == {"mornings": ["2026-03-07T09:00-06:00", "2026-03-08T09:00-05:00"]}


@pytest.mark.parametrize(
    ("area", "line"),
    [
        ({"area": "west side"}, "west_line"),
        ({"area": "+19005550100"}, "nurse_line"),
        ({}, "nurse_line"),
    ],
)
async def test_a_parameter_chooses_among_named_numbers_and_gives_none(
    desk: Desk, area: dict[str, str], line: str
) -> None:
    answer = await desk.run("desk_of", **area)

    assert answer["result"] == {"transferred_to": line}
    assert desk.line.done == [("transfer", desk.call.variables[line])]


async def test_a_text_message_is_what_the_author_wrote_and_not_what_the_model_says(
    desk: Desk,
) -> None:
    assert (await desk.run("text_name"))["first"] == ["find_patient"]
    await desk.run("find_patient")

    assert (await desk.run("text_name", message="You won."))["status"] == "invalid"
    assert (await desk.run("text_name"))["result"] == {"sent": True}

    [(kind, to, body)] = desk.line.done
    assert (kind, to) == ("sms", "+15550107788")
    assert body == "Hello Maria Lopez, today we are open from 8 AM to 6 PM."


async def test_what_must_be_refused_is_not_even_asked(desk: Desk) -> None:
    await desk.run("find_patient")
    await desk.agreed("book_visit", slot_id=1)

    taken = await desk.run("move_visit", slot_id=1)
    free = await desk.run("move_visit", slot_id=2)

    assert taken["status"] == "refused"
    assert str(taken["message"]).endswith("is busy then.")
    assert free["status"] == "confirm"


async def test_what_its_author_refuses_is_neither_asked_nor_done(desk: Desk) -> None:
    desk.call.now = lambda: datetime(2026, 3, 2, 3, tzinfo=UTC)

    refused = await desk.run("doctor")
    urgent = await desk.run("doctor", urgent=True)

    assert refused["status"] == "refused"
    assert refused["message"] == "The doctor is there tomorrow at 8 AM."
    assert urgent["status"] == "confirm"
    assert desk.line.done == []


async def test_what_was_agreed_to_is_refused_when_its_time_is_over(desk: Desk) -> None:
    asked = await desk.run("doctor")
    desk.call.caller_turns += 1
    desk.call.now = lambda: datetime(2026, 3, 3, 3, tzinfo=UTC)

    late = await desk.run("doctor")

    assert [asked["status"], late["status"]] == ["confirm", "refused"]
    assert desk.line.done == []


async def test_a_carrier_that_refuses_is_a_fixed_sentence(desk: Desk) -> None:
    desk.line.broken = True

    answer = await desk.run("nurse")

    assert answer["status"] == "failed"
    assert "carrier" not in str(answer["message"])


async def test_an_idempotent_text_message_is_sent_once(desk: Desk) -> None:
    first = await desk.run("text_me", message="Your visit is on Tuesday.")
    second = await desk.run("text_me", message="Your visit is on Tuesday.")

    assert first == second
    assert desk.line.done == [("sms", "+15550107788", "Your visit is on Tuesday.")]


async def test_sql_knows_the_hours_and_the_keypad(desk: Desk) -> None:
    desk.call.digits = "42"

    assert (await desk.run("when"))["result"] == {
        "open": True,
        "today": "open from 8 AM to 6 PM",
        "next": "tomorrow at 8 AM",
        "digits": "42",
    }


async def test_an_answer_comes_from_the_file(desk: Desk) -> None:
    assert await desk.run("hours") == {
        "status": "ok",
        "result": {"line": "+15550100911", "open": "Until six."},
    }


async def test_a_tool_that_the_agent_does_not_have_is_refused_and_counted(desk: Desk) -> None:
    desk.call.agent = "back_office"

    unknown = await desk.run("nothing")
    of_another = await desk.run("refill", medicine="aspirin")
    scoped = json.loads(
        await desk.runner.run("hours", "{}", desk.call, scope=["find_slots", "find_patient"])
    )

    for answer in (unknown, of_another, scoped):
        assert answer["status"] == "refused"
        assert "Use only the tools you were given" in str(answer["message"])
    assert [(tool, status) for _, tool, _, status in desk.notes.ran] == [
        ("nothing", "refused"),
        ("refill", "refused"),
        ("hours", "refused"),
    ]


def test_secrets_and_numbers_are_not_in_the_repr_of_a_call() -> None:
    shown = repr(new_call("CA1", "t"))

    assert "s3cret" not in shown
    assert "+15550107788" not in shown


async def test_sql_that_cannot_be_taken_is_located_before_a_call(desk: Desk) -> None:
    tools = {"bad": {"description": "d", "sql": "SELECT :nobody"}}
    vertical = Vertical.model_validate({**WRITTEN, "tools": tools})

    with pytest.raises(ToolError, match=r"tools.bad.sql: `:nobody` is not a value"):
        replace(desk, vertical=vertical)
