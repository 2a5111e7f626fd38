from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dialplan.emulators.openai.strict import refusal
from dialplan.jobs.fields import check_fields, fields_schema
from dialplan.model.after_call import AfterCall

EVERY = AfterCall.model_validate(
    {
        "fields": {
            "intent": {"enum": ["book", "move", "other"], "description": "What they want."},
            "score": {"type": "integer", "minimum": 0, "maximum": 100},
            "price": "number",
            "follow_up": "boolean",
            "summary": {"type": "string", "max_length": 20},
            "notes": "string",
            "day": "date",
            "hour": "time",
            "moment": "datetime",
            "number": "phone",
            "address": "email",
        }
    }
)
GOOD: dict[str, Any] = {
    "intent": "book",
    "score": 40,
    "price": 12.5,
    "follow_up": True,
    "summary": "Wants a visit.",
    "notes": None,
    "day": "2026-03-04",
    "hour": "14:30",
    "moment": "2026-03-04T14:30",
    "number": "+15550107788",
    "address": "maria@example.com",
}
CHICAGO = ZoneInfo("America/Chicago")


def check(**changed: object) -> tuple[dict[str, Any], list[str]]:
    values, wrong = check_fields(EVERY, GOOD | changed, zone=CHICAGO)
    return dict(values), wrong


def test_the_schema_is_one_that_strict_structured_output_takes() -> None:
    schema = fields_schema(EVERY)

    assert refusal("call_fields", schema) is None
    assert schema["required"] == list(EVERY.fields)


def test_every_field_of_the_schema_may_be_null() -> None:
    schema = fields_schema(EVERY)

    assert all("null" in one["type"] for one in schema["properties"].values())
    assert schema["properties"]["intent"] == {
        "type": ["string", "null"],
        "enum": ["book", "move", "other", None],
        "description": "What they want.",
    }


def test_the_model_is_told_the_limits_of_a_field() -> None:
    properties = fields_schema(EVERY)["properties"]

    assert (properties["score"]["minimum"], properties["score"]["maximum"]) == (0, 100)
    assert properties["summary"]["description"] == "At most 20 characters."
    assert properties["notes"]["description"] == "At most 1000 characters."


def test_a_good_answer_holds_as_a_whole() -> None:
    values, wrong = check()

    assert wrong == []
    assert values == GOOD | {"moment": "2026-03-04T14:30-06:00"}


def test_an_answer_of_nulls_holds() -> None:
    nothing = dict.fromkeys(EVERY.fields)

    assert check_fields(EVERY, nothing) == (nothing, [])


@pytest.mark.parametrize(
    ("name", "given", "sentence"),
    [
        ("intent", "refund", "`intent`: expected one of `book`, `move`, `other`, or null."),
        ("intent", True, "`intent`: expected one of `book`, `move`, `other`, or null."),
        ("score", 101, "`score`: expected at most 100, or null."),
        ("score", -1, "`score`: expected at least 0, or null."),
        ("score", 4.5, "`score`: expected a whole number, or null."),
        ("score", True, "`score`: expected a whole number, or null."),
        ("price", float("nan"), "`price`: expected a number, or null."),
        ("price", float("inf"), "`price`: expected a number, or null."),
        ("price", {"a": 1}, "`price`: expected a number, or null."),
        ("follow_up", "perhaps", "`follow_up`: expected true or false, or null."),
        ("follow_up", 1, "`follow_up`: expected true or false, or null."),
        ("summary", "x" * 21, "`summary`: expected at most 20 characters, or null."),
        ("summary", ["x"], "`summary`: expected text, or null."),
        ("notes", "x" * 1001, "`notes`: expected at most 1000 characters, or null."),
        ("day", "tomorrow", "`day`: expected a date such as 2026-03-02, or null."),
        ("day", 20260304, "`day`: expected text, or null."),
        ("hour", "25:00", "`hour`: expected a time such as 14:30, or null."),
        (
            "moment",
            "soon",
            "`moment`: expected a date and time such as 2026-03-02T14:30, or null.",
        ),
        ("number", "12", "`number`: expected a phone number with all its digits, or null."),
        ("address", "maria", "`address`: expected an email address, or null."),
    ],
)
def test_a_value_that_does_not_hold_is_null_and_is_told(
    name: str, given: object, sentence: str
) -> None:
    values, wrong = check(**{name: given})

    assert wrong == [sentence]
    assert values[name] is None
    assert {key: value for key, value in values.items() if key != name} == {
        key: value
        for key, value in (GOOD | {"moment": "2026-03-04T14:30-06:00"}).items()
        if key != name
    }


def test_values_are_kept_in_one_form() -> None:
    values, wrong = check(
        score=40.0, number="555 010 7788", summary="  Wants a visit. ", address=" m@example.com "
    )

    assert wrong == []
    assert (values["score"], values["number"]) == (40, "+15550107788")
    assert (values["summary"], values["address"]) == ("Wants a visit.", "m@example.com")


def test_a_number_without_its_country_is_of_the_region() -> None:
    after = AfterCall.model_validate({"fields": {"number": "phone"}})

    values, wrong = check_fields(after, {"number": "030 123456"}, region="DE")

    assert (values, wrong) == ({"number": "+4930123456"}, [])


def test_an_empty_text_is_nothing() -> None:
    assert check(summary="  ")[0]["summary"] is None


def test_a_field_that_is_missing_is_told() -> None:
    given = {name: value for name, value in GOOD.items() if name != "score"}

    values, wrong = check_fields(EVERY, given)

    assert wrong == ["`score` is missing: give it a value, or null."]
    assert values["score"] is None


@pytest.mark.parametrize("answer", [None, "book", 3, [GOOD]])
def test_an_answer_that_is_no_object_holds_nothing(answer: object) -> None:
    values, wrong = check_fields(EVERY, answer)

    assert wrong[0] == "Expected one JSON object."
    assert values == dict.fromkeys(EVERY.fields)


def test_a_key_that_nobody_asked_for_is_left_out() -> None:
    values, wrong = check(password="x")

    assert wrong == []
    assert "password" not in values
