"""A bicycle repair shop with three tools, for which nothing was tuned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from dialplan.emulators.rehearsal.mind import RehearsalMind

from .conftest import Agent, Line

SHOP = Agent(
    "You answer for Spoke and Chain, a bicycle repair shop. Be cheerful. "
    "We only repair bicycles, not motorbikes. A full service costs 80 dollars.",
    {
        "repair_status": (
            "Check whether a repair is ready, by ticket number or phone.\n"
            'Callers say: "Is my bike done yet?"',
            {
                "ticket": {"type": "integer", "description": "Ticket number"},
                "phone": {"type": "string", "format": "phone"},
            },
            ["ticket"],
        ),
        "book_service": (
            "Book a service slot for a bicycle.",
            {
                "day": {"type": "string", "format": "date"},
                "time": {"type": "string", "format": "time"},
                "kind": {"type": "string", "enum": ["basic", "full", "brakes"]},
                "name": {"type": "string"},
            },
            ["day", "time", "kind", "name"],
        ),
        "opening_hours": ("When the shop is open.", {}, []),
    },
)


def repair_status(line: Line, given: dict[str, Any]) -> Mapping[str, Any]:
    if given["ticket"] != 1042:
        return {"status": "not_found", "message": "There is no such ticket."}
    return {"status": "ok", "result": {"id": 1, "status": "ready", "price": 45.5, "paid": False}}


def book_service(line: Line, given: dict[str, Any]) -> Mapping[str, Any]:
    if given["time"] < "09:00":
        return {"status": "invalid", "message": "too early", "parameter": "time"}
    if line.state.get("agreed") != given:
        line.state["agreed"] = given
        return {"status": "confirm", "say": f"Shall I book {given['kind']}?", "message": ""}
    return {"status": "ok", "result": {"id": 9, "day": given["day"], "time": given["time"]}}


def opening_hours(line: Line, given: dict[str, Any]) -> Mapping[str, Any]:
    return {
        "status": "ok",
        "result": [
            {"days": "Monday to Friday", "opens": "09:00", "closes": "18:00"},
            {"days": "Saturday", "opens": "10:00", "closes": "14:00"},
        ],
    }


@pytest.fixture
def shop(mind: RehearsalMind) -> Line:
    answers = {
        "repair_status": repair_status,
        "book_service": book_service,
        "opening_hours": opening_hours,
    }
    return Line(mind, {"shop": SHOP}, answers, "shop")


async def test_a_repair_is_looked_up_by_its_ticket(shop: Line) -> None:
    asked = await shop.say("hi is my bike ready yet")
    told = await shop.say("one zero four two")
    bye = await shop.say("no thanks that's it")

    assert asked == "What is the ticket number?"
    assert "The status is ready." in told
    assert "The price is $45.50." in told
    assert shop.calls == [("repair_status", {"ticket": 1042})]
    assert bye == "Thank you for calling. Goodbye."


async def test_a_wrong_ticket_is_asked_for_once_more(shop: Line) -> None:
    wrong = await shop.say("what's going on with ticket number ten forty one")
    told = await shop.say("sorry it's ten forty two")

    assert wrong == "There is no such ticket. What is the ticket number?"
    assert "ready" in told
    assert [given for _, given in shop.calls] == [{"ticket": 1041}, {"ticket": 1042}]


async def test_a_service_is_booked_question_by_question(shop: Line) -> None:
    first = await shop.say("i want to bring my bike in for a service on friday")
    second = await shop.say("at eight")
    third = await shop.say("the full one")
    early = await shop.say("this is Tom Berg")
    asked = await shop.say("quarter past ten then")
    booked = await shop.say("yes go ahead")

    assert first == "What time would suit you?"
    assert second == "Which kind would you like: basic, full or brakes?"
    assert third == "What is your name?"
    assert early.endswith("What time would suit you?")
    assert asked == "Shall I book full?"
    assert booked.startswith("All set, the service is booked: ")
    assert shop.calls[-1] == (
        "book_service",
        {"day": "2026-03-06", "time": "10:15", "kind": "full", "name": "Tom Berg"},
    )


async def test_everything_said_at_once_is_not_asked_again(shop: Line) -> None:
    asked = await shop.say(
        "my name is ana silva can i book a brakes service tomorrow at two thirty"
    )

    assert asked == "Shall I book brakes?"
    assert shop.calls[0][1] == {
        "day": "2026-03-03",
        "time": "14:30",
        "kind": "brakes",
        "name": "Ana Silva",
    }


async def test_opening_hours_are_read_out(shop: Line) -> None:
    heard = await shop.say("when are you open")

    assert "Monday to Friday" in heard
    assert "9 AM" in heard
    assert heard.endswith("Is there anything else I can help with?")


async def test_a_caller_may_break_off_and_ask_something_else(shop: Line) -> None:
    await shop.say("i'd like to book a service")
    heard = await shop.say("actually when are you open on weekends")

    assert shop.calls == [("opening_hours", {})]
    assert "10 AM" in heard


async def test_a_price_of_the_prompt_is_told(shop: Line) -> None:
    heard = await shop.say("how much does a full service cost")

    assert "80 dollars" in heard
    assert shop.calls == []
