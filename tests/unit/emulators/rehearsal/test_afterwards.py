from datetime import UTC, datetime
from typing import Any

import pytest

from dialplan.config.jsonschemas import Draft202012Validator
from dialplan.emulators.rehearsal.afterwards import Afterwards
from dialplan.emulators.rehearsal.choose import Chooser
from dialplan.emulators.rehearsal.record import Deed, Heard, Record

BEGAN = datetime(2026, 3, 2, 9, tzinfo=UTC)
TIME = "^([01][0-9]|2[0-3]):[0-5][0-9]$"
MOMENT = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]$"
PHONE = "^\\+[1-9][0-9]{6,14}$"
BOOKED = {"type": ["boolean", "null"], "description": "Whether a table was booked."}
BACK = {"type": ["boolean", "null"], "description": "Whether the owner must call back."}


def heard(*turns: str | tuple[str, str]) -> list[Heard]:
    return [Heard("", one) if isinstance(one, str) else Heard(*one) for one in turns]


def value(
    chooser: Chooser,
    schema: dict[str, Any],
    *turns: str | tuple[str, str],
    name: str = "it",
    deeds: list[Deed] | None = None,
) -> Any:
    record = Record(heard(*turns), deeds or [], BEGAN)
    whole = {"type": "object", "properties": {name: schema}, "required": [name]}
    filled = Afterwards(chooser).fill_in(whole, record)
    Draft202012Validator(whole).validate(filled)
    return filled[name]


def enum(*values: str) -> dict[str, Any]:
    return {"type": ["string", "null"], "enum": [*values, None]}


def test_the_value_whose_words_were_said_is_chosen(chooser: Chooser) -> None:
    schema = enum("delivery", "table", "other")

    assert value(chooser, schema, "I want a table for two.") == "table"
    assert value(chooser, schema, "Is delivery free?") == "delivery"


def test_a_value_for_all_else_is_chosen_where_none_is_near(chooser: Chooser) -> None:
    assert value(chooser, enum("delivery", "table", "other"), "My cat sings.") == "other"
    assert value(chooser, enum("delivery", "table"), "My cat sings.") is None


def test_what_was_done_says_more_than_what_was_asked_on_the_way(chooser: Chooser) -> None:
    done = [Deed("cancel booking", {})]

    got = value(chooser, enum("book", "cancel", "other"), "About my booking.", deeds=done)

    assert got == "cancel"


@pytest.mark.parametrize(
    ("said", "tone"),
    [
        ("This is ridiculous.", "negative"),
        ("You have been so helpful, wonderful.", "positive"),
        ("A table for two.", "neutral"),
    ],
)
def test_a_tone_is_heard_in_words_that_are_the_same_everywhere(
    chooser: Chooser, said: str, tone: str
) -> None:
    assert value(chooser, enum("negative", "neutral", "positive"), said) == tone


def test_what_is_told_as_done_was_done_by_a_tool_alone(chooser: Chooser) -> None:
    wish = "I want to have a table booked."

    assert value(chooser, BOOKED, wish) is False
    assert value(chooser, BOOKED, wish, deeds=[Deed("book table", {})]) is True
    assert value(chooser, BOOKED, wish, deeds=[Deed("cancel table", {})]) is False


def test_a_yes_or_no_to_a_question_decides(chooser: Chooser) -> None:
    question = "Shall the owner call back?"

    assert value(chooser, BACK, (question, "Yes please.")) is True
    assert value(chooser, BACK, (question, "No, thanks.")) is False


def test_what_a_caller_asks_for_is_so_unless_they_say_that_it_is_not(chooser: Chooser) -> None:
    assert value(chooser, BACK, "The owner must call back.") is True
    assert value(chooser, BACK, "The owner must not call back.") is False
    assert value(chooser, BACK, "A table for two.") is False


def test_the_number_nearest_to_the_words_of_a_field_counts(chooser: Chooser) -> None:
    guests = {"type": ["integer", "null"], "description": "How many guests come."}
    budget = {"type": ["number", "null"], "description": "The budget in dollars."}
    said = "We are four guests and can pay 90 dollars."

    assert value(chooser, guests, said) == 4
    assert value(chooser, budget, said) == 90
    assert value(chooser, guests, said, "Sorry, five guests.") == 5


def test_a_number_is_taken_where_it_was_asked_for(chooser: Chooser) -> None:
    guests = {"type": ["integer", "null"], "description": "How many guests come."}

    assert value(chooser, guests, ("How many guests?", "Twelve.")) == 12


def test_a_number_that_nobody_said_is_not_made_up(chooser: Chooser) -> None:
    score = {"type": ["integer", "null"], "minimum": 0, "maximum": 100}

    assert value(chooser, score, "I am 45 and want a table.", name="lead_score") is None


def test_a_number_out_of_the_limits_is_none(chooser: Chooser) -> None:
    guests = {"type": ["integer", "null"], "maximum": 20}

    assert value(chooser, guests, "We are 300 guests.", name="guests") is None


@pytest.mark.parametrize(
    ("schema", "said", "wanted"),
    [
        ({"pattern": PHONE}, "Call me at 555 010 7788.", "+15550107788"),
        ({"format": "date"}, "I come tomorrow.", "2026-03-03"),
        ({"pattern": TIME}, "At half past three.", "15:30"),
        ({"pattern": MOMENT}, "Tomorrow at 4 pm.", "2026-03-03T16:00"),
        ({"format": "email"}, "It's maria at example dot com.", "maria@example.com"),
        ({"format": "date"}, "A table, please.", None),
    ],
)
def test_what_has_a_form_of_its_own_is_read_by_it(
    chooser: Chooser, schema: dict[str, Any], said: str, wanted: str | None
) -> None:
    assert value(chooser, {"type": ["string", "null"], **schema}, said) == wanted


def test_what_a_tool_was_given_under_the_name_of_a_field_is_its_value(chooser: Chooser) -> None:
    guests = {"type": ["integer", "null"]}
    deeds = [Deed("book table", {"guests": 4}), Deed("move table", {"guests": 6})]

    assert value(chooser, guests, "A table.", name="guests", deeds=deeds) == 6
    assert (
        value(chooser, guests, "A table.", name="guests", deeds=[Deed("x", {"guests": "y"})])
        is None
    )


def test_a_summary_is_the_request_in_the_callers_own_words(chooser: Chooser) -> None:
    text = {"type": ["string", "null"], "description": "What the caller wanted."}

    got = value(chooser, text, "Hello, I need a table for two.", "At the window.")

    assert got == "I need a table for two."


def test_a_text_that_was_asked_for_is_the_answer(chooser: Chooser) -> None:
    text = {"type": ["string", "null"]}

    got = value(
        chooser, text, "A pizza.", ("What is the address?", "14 Elm Street."), name="address"
    )

    assert got == "14 Elm Street."


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("The owner must call back about my bill.", "The owner must call back about my bill."),
        ("I need a table for two this week.", None),
    ],
)
def test_a_text_that_explains_what_is_not_so_is_null(
    chooser: Chooser, said: str, wanted: str | None
) -> None:
    reason = {"type": ["string", "null"], "description": "What for; null if nobody must call back."}
    fields = {"back": BACK, "back_reason": reason}

    filled = Afterwards(chooser).fill_in(
        {"type": "object", "properties": fields}, Record(heard(said), [], BEGAN)
    )

    assert filled == {"back": wanted is not None, "back_reason": wanted}


def test_a_text_that_nothing_was_said_of_is_null(chooser: Chooser) -> None:
    text = {"type": ["string", "null"], "description": "Their allergies."}

    assert value(chooser, text, "A table for two.", name="allergies") is None
    assert value(chooser, text, name="allergies") is None


def test_a_long_request_is_cut_between_words(chooser: Chooser) -> None:
    got = value(chooser, {"type": "string"}, "I want " + "pasta " * 100, name="request")

    assert 150 < len(got) <= 200
    assert got.endswith("pasta")


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        {"type": "integer", "minimum": 3},
        {"type": "boolean"},
        {"type": "string", "enum": ["a", "b"]},
        {"type": "array", "items": {"type": "string"}},
        {
            "type": "object",
            "properties": {"n": {"type": "number"}},
            "required": ["n"],
            "additionalProperties": False,
        },
    ],
)
def test_what_may_not_be_null_is_as_empty_as_it_may_be(
    chooser: Chooser, schema: dict[str, Any]
) -> None:
    value(chooser, schema, name="xyz")
