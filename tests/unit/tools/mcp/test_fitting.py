"""Parameters held against schemas of all the forms that servers write."""

from __future__ import annotations

import pytest

from dialplan.model.tool import Tool
from dialplan.tools.mcp.fitting import Misfit, demands_of, misfits


def found(parameters: dict[str, object], schema: dict[str, object]) -> list[Misfit]:
    written = {
        "description": "Do it.",
        "parameters": parameters,
        "mcp": {"server": "desk", "tool": "do"},
    }
    return list(misfits(Tool.model_validate(written), "do", "desk", schema))


def of_one(ours: object, theirs: object, **root: object) -> list[str]:
    """The codes for one parameter that both know."""
    schema = {"type": "object", "properties": {"x": theirs}, **root}
    return [one.code for one in found({"x": ours}, schema)]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("string", {"type": "string"}),
        ("date", {"type": "string", "format": "date"}),
        ("phone", {}),
        ("string", True),
        ("integer", {"type": "integer"}),
        ("integer", {"type": "number"}),
        # 2.0 is an integer to JSON Schema: it can fit.
        ("number", {"type": "integer"}),
        ("boolean", {"type": ["boolean", "null"]}),
        ("boolean", {"anyOf": [{"type": "boolean"}, {"type": "null"}]}),
        ("integer", {"oneOf": [{"type": "string"}, {"type": "integer"}]}),
        ("string", {"$ref": "#/$defs/Name"}),
        ("string", {"$ref": "https://example.com/name.json"}),
        ("string", {"$ref": "#/$defs/Loop"}),
        ("string", {"$ref": "#/$defs/Nowhere"}),
        ("string", {"type": "string", "allOf": [{"minLength": 2}]}),
        ("string", {"not": {"type": "string"}}),
        ("integer", {"enum": [1, 2]}),
        ({"type": "string", "enum": ["low"]}, {"enum": ["low", "high", None]}),
        ({"type": "string", "enum": ["low"]}, {"$ref": "#/$defs/Level"}),
        ("string", {"anyOf": [{"enum": ["low"]}, {"type": "string"}]}),
    ],
)
def test_what_can_fit_is_left_alone(ours: object, theirs: object) -> None:
    defs = {
        "Name": {"type": "string"},
        "Loop": {"$ref": "#/$defs/Loop"},
        "Level": {"enum": ["low", "high"], "type": "string"},
    }

    assert of_one(ours, theirs, **{"$defs": defs}) == []


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("string", {"type": "integer"}),
        ("date", {"type": "object"}),
        ("integer", {"type": "string"}),
        ("boolean", {"type": ["string", "null"]}),
        ("boolean", {"anyOf": [{"type": "string"}, {"type": "array"}]}),
        ("string", {"$ref": "#/$defs/Count"}),
        ("string", {"allOf": [{"$ref": "#/$defs/Count"}]}),
        ("string", {"enum": [1, 2]}),
        ("string", {"const": True}),
        ("string", False),
        ({"type": "string", "enum": ["low", "huge"]}, {"enum": ["low", "high"]}),
        ({"type": "string", "enum": ["huge"]}, {"anyOf": [{"enum": ["low"]}, {"type": "null"}]}),
    ],
)
def test_what_cannot_fit_is_an_error(ours: object, theirs: object) -> None:
    assert of_one(ours, theirs, **{"$defs": {"Count": {"type": "integer"}}}) == ["E605"]


def test_what_is_missing_unknown_or_may_be_missing_is_told_apart() -> None:
    schema: dict[str, object] = {
        "properties": {"a": {}, "b": {}, "c": {}, "d": {}},
        "required": ["a", "b", "c"],
    }
    parameters: dict[str, object] = {
        "b": {"type": "string", "optional": True},
        "c": {"type": "string", "optional": True, "default": "x"},
        "urgency": "string",
    }

    problems = found(parameters, schema)

    assert [(one.code, one.steps) for one in problems] == [
        ("E603", ("parameters",)),
        ("W601", ("parameters", "b")),
        ("E604", ("parameters", "urgency")),
    ]
    assert problems[2].hint == "it takes `a`, `b`, `c`, `d`"


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "object", "properties": {}},
        {"properties": {"a": {}}, "additionalProperties": True},
        {"properties": "none", "required": "all"},
    ],
)
def test_a_schema_that_is_open_or_no_schema_takes_any_parameter(schema: dict[str, object]) -> None:
    assert found({"x": "string"}, schema) == []
    assert demands_of(schema).known is None


def test_only_some_values_are_a_warning_where_a_model_may_say_any() -> None:
    assert of_one("string", {"enum": ["low", "high"]}) == ["W602"]
    # No value of these types is one that could be written as `enum`.
    assert of_one("date", {"enum": ["2026-03-02"]}) == []
