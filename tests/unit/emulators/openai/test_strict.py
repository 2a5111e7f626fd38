from typing import Any

import pytest

from dialplan.emulators.openai.strict import refusal

GOOD: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": ["string", "null"], "description": "Who."},
        "rows": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"n": {"type": "integer", "minimum": 0}},
                "required": ["n"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["name", "rows"],
    "additionalProperties": False,
}


def of(**changed: object) -> str | None:
    return refusal("it", GOOD | changed)


def test_a_closed_schema_with_everything_required_is_taken() -> None:
    assert refusal("it", GOOD) is None


def test_an_open_object_is_refused() -> None:
    expected = (
        "Invalid schema for response_format 'it': In context=(), "
        "'additionalProperties' is required to be supplied and to be false."
    )

    assert of(additionalProperties=True) == expected
    assert refusal("it", {k: v for k, v in GOOD.items() if k != "additionalProperties"}) == expected


def test_a_property_that_is_not_required_is_refused() -> None:
    assert of(required=["name"]) == (
        "Invalid schema for response_format 'it': In context=(), 'required' is required to be "
        "supplied and to be an array including every key in properties. Missing 'rows'."
    )


def test_a_required_key_that_is_no_property_is_refused() -> None:
    assert "Extra required key 'age'" in str(of(required=["name", "rows", "age"]))


def test_a_fault_inside_is_told_with_its_place() -> None:
    inner = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}

    told = of(properties={"name": {"type": "string"}, "rows": {"type": "array", "items": inner}})

    assert "In context=('properties', 'rows', 'items'), 'additionalProperties'" in str(told)


@pytest.mark.parametrize(
    ("node", "told"),
    [
        ({"type": "string", "maxLength": 5}, "'maxLength' is not permitted."),
        ({"type": "string", "default": "x"}, "'default' is not permitted."),
        ({"allOf": [{"type": "string"}], "type": "string"}, "'allOf' is not permitted."),
        ({"description": "anything"}, "schema must have a 'type' key."),
        ({"type": "text"}, "'type' is not one of"),
        ({"type": "string", "format": "phone"}, "'format' is not one of"),
        ({"type": "array"}, "array schema missing items."),
    ],
)
def test_what_strict_mode_does_not_know_is_refused(node: dict[str, Any], told: str) -> None:
    schema = GOOD | {"properties": {"name": node}, "required": ["name"]}

    assert f"In context=('properties', 'name'), {told}" in str(refusal("it", schema))


def test_only_an_object_may_stand_at_the_top() -> None:
    assert "got 'type: \"string\"'" in str(refusal("it", {"type": "string"}))
    assert "must not have 'anyOf' at the top level" in str(refusal("it", {"anyOf": [GOOD]}))


def test_a_schema_that_is_too_deep_is_refused() -> None:
    schema = GOOD
    for _ in range(10):
        schema = GOOD | {"properties": {"in": schema}, "required": ["in"]}

    assert "at most 10 levels" in str(refusal("it", schema))


def test_a_schema_of_too_many_values_is_refused() -> None:
    node = {"type": "string", "enum": [str(number) for number in range(1_001)]}

    assert "1000 enum values" in str(
        refusal("it", GOOD | {"properties": {"name": node}, "required": ["name"]})
    )
