"""Calls from the dialled number to the row in the database, through the real protocols."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from sqlalchemy import text

from dialplan.emulators.openai.mind import CallTool, Say
from dialplan.emulators.openai.scripted import ScriptedMind
from dialplan.emulators.twilio.caller import Line
from dialplan.store.facts import CallEnded, HandedOff, ToolRan, TurnSpoken
from dialplan.store.tenancy import tenant_transaction

CLINIC = "+15550100001"
# conftest types cannot be imported in importlib mode.
Open = Callable[..., AbstractAsyncContextManager[Any]]

BICYCLES = """\
dialplan: 1
name: bicycles
title: Bicycle repair shop
voice: {greeting: "Spoke and Wheel, how can I help?"}
state: {ticket_id: integer}
agents:
  mechanic:
    entry: true
    prompt: You answer the phone of a bicycle repair shop. Be brief and friendly.
    tools: [repair_status, drop_off, opening_hours]
tools:
  repair_status:
    description: Tell how far the repair of a bicycle is.
    examples: ["Is my bike ready?", "I am calling about my repair."]
    parameters:
      ticket: {type: integer, description: Ticket number on the receipt.}
    sql: SELECT bike, progress FROM repairs WHERE id = :ticket
    returns: one
  drop_off:
    description: Put a bicycle down for repair.
    examples: [I want to bring in my bike., My brakes are broken.]
    parameters:
      bike: {type: string, description: Kind of bicycle., enum: [racer, city bike, mountain bike]}
      day: {type: date, description: Day of the drop-off.}
    confirm: "Shall I put down a {{ bike }} for {{ day | spoken_date }}?"
    idempotent: true
    sql: >
      INSERT INTO repairs (bike, due, progress) VALUES (:bike, :day, 'expected') RETURNING id
    returns: one
  opening_hours:
    description: Tell when the shop is open.
    builtin: answer
    result: {open: Tuesday to Saturday from ten to six}
database:
  tables:
    repairs:
      columns:
        id: serial
        bike: text
        due: {type: date, optional: true}
        progress: text
  seed: seed.yaml
"""


async def test_a_caller_books_a_visit_and_the_row_is_there(rehearse: Open) -> None:
    async with rehearse() as rehearsal:
        record = await rehearsal.ring(
            CLINIC,
            "I need to see a doctor this week.",
            "The first one is fine.",
            "I was born on the fourth of May, nineteen eighty five.",
            "Yes please.",
            "No, that is all. Thank you, goodbye.",
        )

        ran = [(fact.tool, fact.status) for fact in rehearsal.of(ToolRan)]
        assert ran == [
            ("find_slots", "ok"),
            ("book_visit", "refused"),
            ("find_patient", "ok"),
            ("book_visit", "confirm"),
            ("book_visit", "ok"),
        ]
        assert [(f.source, f.target) for f in rehearsal.of(HandedOff)] == [
            ("front_desk", "scheduling")
        ]
        assert record.notifications == []
        line = rehearsal.house.service.lines[CLINIC]
        async with tenant_transaction(
            rehearsal.house.service.database, line.vertical.vertical.name, line.tenant
        ) as connection:
            booked = await connection.scalar(
                text("SELECT count(*) FROM slots WHERE patient_id = 1")
            )
        assert booked == 1


async def test_a_barge_in_stops_the_agent_and_the_transcript_keeps_what_was_heard(
    rehearse: Open,
) -> None:
    long = " ".join(f"word{n}" for n in range(60)) + "."
    mind = ScriptedMind([[Say(long)], [Say("Yes?")]])
    async with rehearse(mind=mind, seeded=False) as rehearsal:
        await rehearsal.ring(CLINIC, "Tell me all.", Line("Stop please.", after_ms=1000))

        agent = [f for f in rehearsal.of(TurnSpoken) if f.speaker == "agent"]
        cut = next(fact for fact in agent if fact.text.startswith("word0"))
        assert cut.heard_ms is not None
        # 60 ms a word: the caller spoke up after one second, and the agent stopped within 300 ms
        # of being noticed.
        assert 900 <= cut.heard_ms <= 1700
        assert "word59" not in cut.text


async def test_a_tool_runs_in_the_call_and_the_agent_speaks_after_it(rehearse: Open) -> None:
    mind = ScriptedMind([[CallTool("clinic_info", {})], [Say("We are open.")], [Say("Bye.")]])
    async with rehearse(mind=mind, seeded=False) as rehearsal:
        await rehearsal.ring(CLINIC, "When are you open?", "Goodbye.")

        assert [(f.tool, f.status) for f in rehearsal.of(ToolRan)] == [("clinic_info", "ok")]
        assert "We are open." in [fact.text for fact in rehearsal.of(TurnSpoken)]


async def test_a_vertical_nobody_prepared_for_is_answered_from_its_yaml_alone(
    rehearse: Open, tmp_path: Path
) -> None:
    folder = tmp_path / "bicycles"
    folder.mkdir()
    (folder / "vertical.yaml").write_text(BICYCLES)
    (folder / "seed.yaml").write_text(
        "repairs:\n  - {id: 41, bike: racer, progress: ready to be picked up}\n"
    )
    (tmp_path / "tenants.yaml").write_text(
        'tenants:\n  spoke:\n    lines: {"+15550100077": bicycles}\n'
    )
    async with rehearse(tmp_path) as rehearsal:
        await rehearsal.ring("+15550100077", "Is my bike ready?", "It is ticket forty one.")

        ran = rehearsal.of(ToolRan)
        assert [(f.tool, f.status, f.arguments) for f in ran] == [
            ("repair_status", "ok", {"ticket": 41})
        ]
        said = " ".join(f.text for f in rehearsal.of(TurnSpoken) if f.speaker == "agent")
        assert "ready to be picked up" in said


async def test_a_call_that_the_caller_ends_is_over_everywhere(rehearse: Open) -> None:
    async with rehearse(mind=ScriptedMind([[Say("Hello.")]]), seeded=False) as rehearsal:
        record = await rehearsal.ring(CLINIC, "Hello.")

        assert record.status == "completed"
        assert len(rehearsal.of(CallEnded)) == 1
        assert rehearsal.house.service.switchboard.running == 0
