"""A clinic: two agents, a handoff, a search, a refused write, a confirmation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from dialplan.emulators.rehearsal.mind import RehearsalMind

from .conftest import Agent, Line

TEXT = {"type": "string"}
DATE = {"type": "string", "format": "date"}
SLOTS = [
    {"id": 3, "starts_at": "2026-03-03T09:00:00", "doctor": "Dr. Chen"},
    {"id": 5, "starts_at": "2026-03-03T14:30:00", "doctor": "Dr. Patel"},
    {"id": 8, "starts_at": "2026-03-05T11:00:00", "doctor": "Dr. Chen"},
    {"id": 9, "starts_at": "2026-03-06T10:00:00", "doctor": "Dr. Ruiz"},
]
SUMMARY = {"summary": {"type": "string", "description": "What the caller wants, in short."}}
FRONT = Agent(
    """# Front desk of Lakeside Family Clinic
You answer the phone. Be warm and brief.
- If the caller mentions chest pain, trouble breathing or heavy bleeding: hand over to triage.
- Never give medical advice.

The clinic is at 12 Lake Street in Madison. Parking behind the building is free for patients.
""",
    {
        "find_patient": (
            "Find a patient by phone number or by name and date of birth.\n"
            'Callers say: "It\'s Maria Lopez." / "You should have my number."',
            {"phone": {"type": "string", "format": "phone"}, "name": TEXT, "born": DATE},
            [],
        ),
        "clinic_hours": ("Opening hours of the clinic.", {"day": DATE}, []),
        "to_scheduling": ("The caller wants to book, move or cancel a visit.", SUMMARY, []),
        "to_triage": ("The caller describes symptoms or a medical emergency.", SUMMARY, []),
        "hang_up": ("End the call.", {}, []),
    },
)
SCHEDULING = Agent(
    "You book, move and cancel visits. Ask for one thing at a time.",
    {
        "find_slots": (
            "Find free slots for a visit.",
            {"from_day": DATE, "to_day": DATE, "doctor": TEXT},
            [],
        ),
        "book_visit": (
            "Book a visit in a free slot.",
            {"slot_id": {"type": "integer"}, "reason": {"type": "string", "maxLength": 200}},
            ["slot_id"],
        ),
        "cancel_visit": (
            "Cancel a visit.",
            {"visit_id": {"type": "integer"}},
            ["visit_id"],
        ),
        "find_patient": FRONT.tools["find_patient"],
        "register_patient": (
            "Register a new patient.",
            {"name": TEXT, "born": DATE, "phone": {"type": "string", "format": "phone"}},
            ["name", "born"],
        ),
        "to_front_desk": ("Anything that is not about visits.", SUMMARY, []),
        "hang_up": ("End the call.", {}, []),
    },
)
TRIAGE = Agent(
    "You help callers with symptoms. If the caller mentions chest pain: "
    'say "Please hang up and dial 911 now." and use `transfer_to_nurse`.',
    {"transfer_to_nurse": ("Put the caller through to the nurse on duty.", {}, [])},
)


def find_slots(line: Line, given: dict[str, Any]) -> Mapping[str, Any]:
    rows = [
        row
        for row in SLOTS
        if str(row["starts_at"])[:10] >= given.get("from_day", "")
        and str(row["starts_at"])[:10] <= given.get("to_day", "9999")
        and given.get("doctor", "") in str(row["doctor"])
    ]
    return {"status": "ok", "result": rows}


def find_patient(line: Line, given: dict[str, Any]) -> Mapping[str, Any]:
    known = line.state.get("caller_known", True)
    if known or (given.get("name") == "Maria Lopez" and given.get("born") == "1984-03-03"):
        line.state["patient_id"] = 7
        return {"status": "ok", "result": {"id": 7, "name": "Maria Lopez"}}
    return {"status": "not_found", "message": "No patient was found."}


def register_patient(line: Line, given: dict[str, Any]) -> Mapping[str, Any]:
    line.state["patient_id"] = 12
    return {"status": "ok", "result": {"id": 12, "name": given["name"]}}


def book_visit(line: Line, given: dict[str, Any]) -> Mapping[str, Any]:
    if "patient_id" not in line.state:
        return {
            "status": "refused",
            "message": "The patient must be known first.",
            "first": ["find_patient", "register_patient"],
        }
    row = next(r for r in SLOTS if r["id"] == given["slot_id"])
    if line.state.get("agreed") != given:
        line.state["agreed"] = given
        return {
            "status": "confirm",
            "say": f"Shall I book {row['starts_at']} with {row['doctor']}?",
            "message": "Ask the caller.",
        }
    return {"status": "ok", "result": {"id": 41, "starts_at": row["starts_at"]}}


def cancel_visit(line: Line, given: dict[str, Any]) -> Mapping[str, Any]:
    return {"status": "ok", "result": {"id": given["visit_id"]}}


def done(line: Line, given: dict[str, Any]) -> Mapping[str, Any]:
    return {"status": "ok", "result": None}


def hours(line: Line, given: dict[str, Any]) -> Mapping[str, Any]:
    return {
        "status": "ok",
        "result": {"day": given.get("day", "2026-03-02"), "opens": "08:00", "closes": "18:00"},
    }


@pytest.fixture
def clinic(mind: RehearsalMind) -> Line:
    answers = {
        "find_slots": find_slots,
        "find_patient": find_patient,
        "register_patient": register_patient,
        "book_visit": book_visit,
        "cancel_visit": cancel_visit,
        "clinic_hours": hours,
        "transfer_to_nurse": done,
        "hang_up": done,
    }
    agents = {"front_desk": FRONT, "scheduling": SCHEDULING, "triage": TRIAGE}
    return Line(mind, agents, answers, "front_desk")


async def test_a_known_caller_books_the_first_free_visit(clinic: Line) -> None:
    greeting = await clinic.greet("Thank you for calling Lakeside. How can I help?")
    offered = await clinic.say("I need to see a doctor this week.")
    asked = await clinic.say("The first one is fine.")
    booked = await clinic.say("Yes please.")
    farewell = await clinic.say("No, that's all. Goodbye.")

    assert greeting == "Thank you for calling Lakeside. How can I help?"
    assert "tomorrow at 9 AM with Dr. Chen" in offered
    assert "and 1 more" in offered
    assert asked.startswith("The first one")
    assert asked.endswith("Shall I book 2026-03-03T09:00:00 with Dr. Chen?")
    assert booked.startswith("All set, the visit is booked")
    assert farewell == "Thank you for calling. Goodbye."
    assert [name for name, _ in clinic.calls] == [
        "to_scheduling",
        "find_slots",
        "book_visit",
        "find_patient",
        "book_visit",
        "book_visit",
        "hang_up",
    ]
    assert clinic.calls[1][1] == {"from_day": "2026-03-02", "to_day": "2026-03-08"}
    assert clinic.calls[5][1] == {"slot_id": 3}


async def test_an_unknown_caller_is_asked_who_they_are_one_thing_at_a_time(clinic: Line) -> None:
    clinic.state["caller_known"] = False
    await clinic.say("hi i'd like to book a visit for thursday please")
    name = await clinic.say("yes that one works")
    born = await clinic.say("maria lopez")
    asked = await clinic.say("march third nineteen eighty four")
    booked = await clinic.say("yes")

    assert name.endswith("What is your name?")
    assert born == "What is your date of birth?"
    assert asked.startswith("Shall I book 2026-03-05T11:00:00")
    assert booked.startswith("All set")
    assert ("find_patient", {"name": "Maria Lopez", "born": "1984-03-03"}) in clinic.calls


async def test_a_caller_nobody_knows_is_offered_to_be_registered(clinic: Line) -> None:
    clinic.state["caller_known"] = False
    await clinic.say("i want to book an appointment tomorrow")
    await clinic.say("half past two")
    await clinic.say("it's jonas weber")
    heard = await clinic.say("fourth of july two thousand and one")
    for _ in range(2):
        if "register" not in heard:
            heard = await clinic.say("five five five oh one oh two two three three")
    assert heard.endswith("Would you like me to register a new patient?")
    asked = await clinic.say("yes please")

    assert asked.endswith("Shall I book 2026-03-03T14:30:00 with Dr. Patel?")
    _, given = next(c for c in clinic.calls if c[0] == "register_patient")
    assert (given["name"], given["born"]) == ("Jonas Weber", "2001-07-04")


async def test_who_is_speaking_does_not_hide_what_is_wanted(clinic: Line) -> None:
    heard = await clinic.say("it's maria lopez here i need an appointment with doctor chen")

    assert [name for name, _ in clinic.calls] == ["to_scheduling", "find_slots"]
    assert clinic.calls[1][1] == {"doctor": "Chen"}
    assert "Patel" not in heard


async def test_a_change_of_mind_at_the_confirmation_books_the_other_slot(clinic: Line) -> None:
    await clinic.say("I'd like to book a visit this week")
    await clinic.say("the nine o'clock please")
    asked = await clinic.say("no actually the one with Dr. Patel")
    await clinic.say("yes")

    assert asked.endswith("Shall I book 2026-03-03T14:30:00 with Dr. Patel?")
    assert clinic.calls[-1] == ("book_visit", {"slot_id": 5})


async def test_a_declined_confirmation_books_nothing(clinic: Line) -> None:
    await clinic.say("I'd like to book a visit this week")
    await clinic.say("the second one")
    before = len(clinic.calls)
    heard = await clinic.say("no thanks, never mind")

    assert len(clinic.calls) == before
    assert "leave that" in heard


async def test_another_day_searches_again(clinic: Line) -> None:
    await clinic.say("I'd like to book a visit tomorrow")
    heard = await clinic.say("do you have anything on friday instead")

    assert clinic.calls[-1] == ("find_slots", {"from_day": "2026-03-06", "to_day": "2026-03-06"})
    assert "Friday, March 6th at 10 AM with Dr. Ruiz" in heard


async def test_a_booked_visit_can_be_cancelled_in_the_same_call(clinic: Line) -> None:
    await clinic.say("I'd like to book a visit this week")
    await clinic.say("the first one")
    await clinic.say("yes")
    heard = await clinic.say("sorry can you cancel that visit after all")

    assert clinic.calls[-1] == ("cancel_visit", {"visit_id": 41})
    assert heard.startswith("All set, the visit is cancelled")


async def test_an_emergency_rule_wins_over_everything(clinic: Line) -> None:
    await clinic.greet("How can I help?")
    heard = await clinic.say("i want to book a visit because i have chest pain and cannot breathe")

    assert [name for name, _ in clinic.calls] == ["to_triage", "transfer_to_nurse"]
    assert heard.startswith("Please hang up and dial 911 now.")


async def test_no_chest_pain_is_no_emergency(clinic: Line) -> None:
    await clinic.say("I have no chest pain, I just want to book a visit")

    assert clinic.calls[0][0] == "to_scheduling"


async def test_facts_of_the_prompt_are_told_and_orders_are_not(clinic: Line) -> None:
    where = await clinic.say("where can i park my car")
    hours = await clinic.say("what are your opening hours tomorrow")

    assert where.startswith("Parking behind the building is free for patients.")
    assert "The opens is" not in hours
    assert clinic.calls == [("clinic_hours", {"day": "2026-03-03"})]


async def test_nonsense_is_apologised_for(clinic: Line) -> None:
    heard = await clinic.say("purple elephants dancing on spreadsheets")

    assert heard.startswith("Sorry, I did not understand that")
    assert clinic.calls == []
