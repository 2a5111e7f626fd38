"""Arguments by schema, from whole sentences and bare answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from dialplan.emulators.openai.mind import ToolDefinition
from dialplan.emulators.rehearsal.slots import fill
from dialplan.emulators.rehearsal.toolbox import Json, read_tool

NOW = datetime(2026, 3, 2, 9, 0)


def filled(
    properties: dict[str, Any], said: str, asked: str | None = None, required: tuple[str, ...] = ()
) -> dict[str, Json]:
    schema = {"type": "object", "properties": properties, "required": list(required)}
    return fill(read_tool(ToolDefinition("t", "", schema)).parameters, said, NOW, asked=asked)


DATE = {"type": "string", "format": "date"}
TIME = {"type": "string", "format": "time"}
STAMP = {"type": "string", "format": "date-time"}
TEXT = {"type": "string"}


@pytest.mark.parametrize(
    ("properties", "said", "found"),
    [
        ({"day": DATE}, "tomorrow please", {"day": "2026-03-03"}),
        ({"day": DATE}, "sometime this week", {}),
        ({"first_day": DATE, "last_day": DATE}, "hello", {}),
        (
            {"from_day": DATE, "to_day": DATE},
            "sometime this week",
            {"from_day": "2026-03-02", "to_day": "2026-03-08"},
        ),
        ({"day": DATE, "time": TIME}, "friday at ten", {"day": "2026-03-06", "time": "10:00"}),
        ({"time": TIME}, "in the morning", {}),
        ({"at": STAMP}, "friday at ten", {"at": "2026-03-06T10:00:00"}),
        ({"at": STAMP}, "friday", {}),
        ({"service": TEXT}, "I'd like a full body wash on Friday.", {"service": "full body wash"}),
        ({"service": TEXT}, "book polishing with Joe, please", {"service": "polishing"}),
        ({"service": TEXT}, "do you have time for a wax?", {"service": "wax"}),
        ({"service": TEXT}, "I want to come in for an appointment", {}),
        ({"service": TEXT}, "book me in for it", {}),
        ({"born": DATE, "day": DATE}, "tomorrow", {"day": "2026-03-03"}),
        ({"born": DATE, "day": DATE}, "born may 4th 1985", {"born": "1985-05-04"}),
        (
            {"size": {"enum": ["small", "extra_large"]}},
            "an extra large one",
            {"size": "extra_large"},
        ),
        ({"size": {"enum": ["small", "large"]}}, "the smal one", {"size": "small"}),
        ({"size": {"enum": ["small", "large"]}}, "whichever", {}),
        ({"party_size": {"type": "integer"}}, "a table for four at seven", {"party_size": 4}),
        ({"seats": {"type": "integer"}}, "a car with 3 seats at 8 pm", {"seats": 3}),
        ({"ride_number": {"type": "integer"}}, "ride number 7 7 3", {"ride_number": 773}),
        ({"amount": {"type": "number"}}, "my fine of 4.50", {"amount": 4.5}),
        (
            {"max_price": {"type": "number"}, "rooms": {"type": "integer"}},
            "three rooms under four hundred and fifty thousand dollars",
            {"max_price": 450000.0, "rooms": 3},
        ),
        (
            {"low_price": {"type": "number"}, "high_price": {"type": "number"}},
            "for $300,000",
            {},
        ),
        (
            {"price": {"type": "number"}, "down_payment": {"type": "number"}},
            "what would i pay a month with 80,000 dollars down",
            {"down_payment": 80000.0},
        ),
        ({"nights": {"type": "integer"}}, "for three nights from friday", {"nights": 3}),
        ({"seats": {"type": "integer", "maximum": 8}}, "we need 12 seats", {}),
        ({"ticket": {"type": "integer"}}, "ticket number ten forty two", {"ticket": 1042}),
        ({"member_id": TEXT}, "my member number is a b c one two three", {"member_id": "ABC123"}),
        ({"member_id": TEXT}, "in 3 days", {}),
        ({"doctor": TEXT}, "something with dr. chen", {"doctor": "Chen"}),
        ({"doctor": TEXT}, "something with my knee", {}),
        ({"reason": TEXT}, "because my knee hurts", {"reason": "my knee hurts"}),
        ({"message": TEXT}, "tell the doctor that i am late", {"message": "i am late"}),
        ({"notes": TEXT}, "hello there", {}),
        ({"urgent": {"type": "boolean"}}, "yes", {}),
    ],
)
def test_only_what_was_said_is_filled(
    properties: dict[str, Any], said: str, found: dict[str, Json]
) -> None:
    assert filled(properties, said) == found


@pytest.mark.parametrize(
    ("properties", "said", "found"),
    [
        ({"name": TEXT}, "maria lopez", {"name": "Maria Lopez"}),
        ({"reason": TEXT}, "um it's a sore throat.", {"reason": "a sore throat"}),
        ({"reason": TEXT}, "yes", {}),
        ({"time": TIME}, "ten", {"time": "10:00"}),
        ({"time": TIME}, "morning", {}),
        ({"urgent": {"type": "boolean"}}, "not really", {"urgent": False}),
        ({"count": {"type": "integer"}}, "two", {"count": 2}),
        ({"born": DATE}, "june fifth nineteen ninety", {"born": "1990-06-05"}),
        ({"born": DATE}, "june fifth", {}),
        ({"reason": {"type": "string", "maxLength": 4}}, "headache", {"reason": "head"}),
    ],
)
def test_a_bare_answer_goes_to_what_was_asked(
    properties: dict[str, Any], said: str, found: dict[str, Json]
) -> None:
    (asked,) = properties

    assert filled(properties, said, asked=asked, required=(asked,)) == found


def test_an_hour_is_that_of_the_business_and_not_of_this_machine() -> None:
    schema = {"type": "object", "properties": {"at": STAMP}}
    parameters = read_tool(ToolDefinition("t", "", schema)).parameters

    found = fill(parameters, "friday at ten", NOW.replace(tzinfo=UTC))

    assert found == {"at": "2026-03-06T10:00:00"}


def test_a_phone_number_is_no_ticket() -> None:
    properties = {"ticket": {"type": "integer"}, "phone": {"type": "string", "format": "phone"}}

    found = filled(properties, "my phone is five five five oh one double nine one two three")

    assert found == {"phone": "+15550199123"}


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("maria lopez", {"name": "Maria Lopez"}),
        ("maria lopez may 4th 1985", {"name": "Maria Lopez", "born": "1985-05-04"}),
        ("may 4th 1985", {"born": "1985-05-04"}),
        ("i am not sure", {}),
        ("what for", {}),
    ],
)
def test_a_name_may_be_given_where_something_else_was_asked(
    said: str, found: dict[str, Json]
) -> None:
    assert filled({"born": DATE, "name": TEXT}, said, asked="born", required=("born",)) == found
