from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from dialplan.model.tool import Tool
from dialplan.tools.arguments import ArgumentProblem, check_arguments, parameters_schema

CHICAGO = ZoneInfo("America/Chicago")
VALUES = {"call": {"from": "+15550107788"}}


def tool(**parameters: object) -> Tool:
    return Tool.model_validate({"description": "d", "sql": "SELECT 1", "parameters": parameters})


def check(one: Tool, arguments: str) -> dict[str, object]:
    return check_arguments(one, arguments, VALUES, CHICAGO, "US")


def test_the_model_is_shown_types_formats_and_limits() -> None:
    schema = parameters_schema(
        tool(
            born={"type": "date", "description": "Date of birth."},
            kind={"type": "string", "enum": ["new", "old"], "optional": True},
            n={"type": "integer", "minimum": 1, "default": 2},
        )
    )

    assert schema == {
        "type": "object",
        "properties": {
            "born": {
                "type": "string",
                "format": "date",
                "description": "Date of birth. Date, as YYYY-MM-DD.",
            },
            "kind": {"type": "string", "enum": ["new", "old"]},
            "n": {"type": "integer", "minimum": 1},
        },
        "required": ["born"],
        "additionalProperties": False,
    }


def test_values_become_what_they_mean() -> None:
    one = tool(
        d="date", t="time", m="datetime", p="phone", e="email", n="integer", f="number", b="boolean"
    )

    got = check(
        one,
        '{"d": "2026-03-02", "t": "14:30", "m": "2026-03-02T14:30", "p": "(555) 010-7788",'
        ' "e": " a@b.example ", "n": 3.0, "f": 2, "b": true}',
    )

    assert got == {
        "d": date(2026, 3, 2),
        "t": time(14, 30),
        "m": datetime(2026, 3, 2, 14, 30, tzinfo=CHICAGO),
        "p": "+15550107788",
        "e": "a@b.example",
        "n": 3,
        "f": 2.0,
        "b": True,
    }


def test_defaults_are_templates_and_absent_optional_values_are_none() -> None:
    one = tool(
        phone={"type": "phone", "optional": True, "default": "{{ call.from }}"},
        name={"type": "string", "optional": True},
        n={"type": "integer", "default": 5},
    )

    assert check(one, '{"name": "", "n": null}') == {
        "phone": "+15550107788",
        "name": None,
        "n": 5,
    }


def test_a_withheld_number_is_as_if_there_were_no_default() -> None:
    one = tool(phone={"type": "phone", "optional": True, "default": "{{ call.from }}"})

    got = check_arguments(one, "{}", {"call": {"from": "anonymous"}}, CHICAGO, "US")

    assert got == {"phone": None}


@pytest.mark.parametrize(
    ("arguments", "parameter", "message"),
    [
        ("{}", "name", "`name` is missing: ask the caller for it"),
        ('{"name": "A"}', "name", "`name` must be 2 characters or more"),
        ('{"name": 3}', "name", "`name` must be of type string"),
        ('{"name": "Ana", "day": "tomorrow"}', "day", "`day` must be a date such as 2026-03-02"),
        ('{"name": "Ana", "kind": "x"}', "kind", "`kind` must be one of new, old"),
        ('{"name": "Ana", "n": 9}', "n", "`n` must be 5 or less"),
        ('{"name": "Ana", "n": true}', "n", "`n` must be of type integer"),
        ('{"name": "Ana", "x": 1}', "x", "there is no parameter `x`"),
        ('{"name": "Ana", "p": "12"}', "p", "`p` must be a phone number with all its digits"),
        ("[1]", "", "expected the arguments as one JSON object"),
        ("{", "", "expected the arguments as one JSON object"),
        ("[" * 5000, "", "expected the arguments as one JSON object"),
    ],
)
def test_the_first_wrong_argument_is_named_for_the_model(
    arguments: str, parameter: str, message: str
) -> None:
    one = tool(
        name={"type": "string", "min_length": 2},
        day={"type": "date", "optional": True},
        kind={"type": "string", "enum": ["new", "old"], "optional": True},
        n={"type": "integer", "maximum": 5, "optional": True},
        p={"type": "phone", "optional": True},
    )

    with pytest.raises(ArgumentProblem) as caught:
        check(one, arguments)

    assert (caught.value.parameter, str(caught.value)) == (parameter, message)
