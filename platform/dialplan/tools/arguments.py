"""A tool's parameters: the schema shown to the model, and what its answer is turned into. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import tzinfo

from dialplan.config.jsonschemas import Draft202012Validator, ValidationError
from dialplan.model.shape import Json
from dialplan.model.tool import Parameter, Tool, ValueType
from dialplan.prompts.render import TemplateProblem
from dialplan.tools.values import convert, evaluate

MOST_CHARACTERS = 20_000
"""The longest arguments that are read, in characters."""

_TYPES: Mapping[ValueType, dict[str, Json]] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "time": {"type": "string", "format": "time"},
    "datetime": {"type": "string", "format": "date-time"},
    "phone": {"type": "string", "format": "phone"},
    "email": {"type": "string", "format": "email"},
}
_WORDS: Mapping[str, str] = {
    "date": "Date, as YYYY-MM-DD.",
    "time": "Time of day, as HH:MM on the 24-hour clock.",
    "datetime": "Date and time, as YYYY-MM-DDTHH:MM in the business's time zone.",
    "phone": "Phone number, with its country code (+15550100) where it is known.",
}


class ArgumentProblem(Exception):
    """An argument that cannot be used; the message is for the model.

    Attributes:
        parameter: which one; empty when it is all of them.
    """

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(message)
        self.parameter = parameter


def parameters_schema(tool: Tool) -> dict[str, Json]:
    """The JSON Schema of a tool's parameters, for the model."""
    return {
        "type": "object",
        "properties": {name: _schema(one) for name, one in tool.parameters.items()},
        "required": [name for name, one in tool.parameters.items() if one.required],
        "additionalProperties": False,
    }


def check_arguments(
    tool: Tool, arguments_json: str, values: Mapping[str, object], zone: tzinfo, region: str
) -> dict[str, object]:
    """Turn the model's arguments into Python values; every parameter has a key, None when absent.

    `values` fill the templates of defaults. Raises `ArgumentProblem` for the first wrong one.
    """
    given = _read(arguments_json)
    present = {name: value for name, value in given.items() if not _absent(tool, name, value)}
    errors = list(Draft202012Validator(parameters_schema(tool)).iter_errors(present))
    if errors:
        raise _first(tool, errors)
    checked: dict[str, object] = {}
    for name, parameter in tool.parameters.items():
        if name in present:
            try:
                checked[name] = convert(present[name], parameter.type, zone, region)
            except ValueError as error:
                raise ArgumentProblem(name, f"`{name}` must be {error}") from error
        else:
            checked[name] = _default(name, parameter, values, zone, region)
    return checked


def _read(arguments_json: str) -> dict[str, object]:
    if len(arguments_json) > MOST_CHARACTERS:
        raise ArgumentProblem("", f"expected at most {MOST_CHARACTERS} characters of arguments")
    try:
        given = json.loads(arguments_json or "{}")
    except (ValueError, RecursionError) as error:
        raise ArgumentProblem("", "expected the arguments as one JSON object") from error
    if not isinstance(given, dict):
        raise ArgumentProblem("", "expected the arguments as one JSON object")
    return given


def _absent(tool: Tool, name: str, value: object) -> bool:
    # Models write null or an empty text where a caller said nothing.
    return name in tool.parameters and (
        value is None or (isinstance(value, str) and not value.strip())
    )


def _schema(parameter: Parameter) -> dict[str, Json]:
    schema: dict[str, Json] = dict(_TYPES[parameter.type])
    words = [parameter.description, _WORDS.get(parameter.type)]
    if any(words):
        schema["description"] = " ".join(word for word in words if word)
    limits: dict[str, Json] = {
        "enum": None if parameter.enum is None else list(parameter.enum),
        "minimum": _short(parameter.minimum),
        "maximum": _short(parameter.maximum),
        "minLength": parameter.min_length,
        "maxLength": parameter.max_length,
        "pattern": parameter.pattern,
    }
    schema.update({key: limit for key, limit in limits.items() if limit is not None})
    return schema


def _short(limit: float | None) -> int | float | None:
    return int(limit) if limit is not None and limit.is_integer() else limit


def _first(tool: Tool, errors: list[ValidationError]) -> ArgumentProblem:
    order = {name: place for place, name in enumerate(tool.parameters)}
    problems = [_problem(tool, error) for error in errors]
    return min(problems, key=lambda problem: order.get(problem.parameter, -1))


def _problem(tool: Tool, error: ValidationError) -> ArgumentProblem:
    given = error.instance if isinstance(error.instance, dict) else {}
    if error.validator == "required":
        # One error a missing name, which its text alone tells apart: the first one is asked for.
        name = next(n for n, p in tool.parameters.items() if p.required and n not in given)
        return ArgumentProblem(name, f"`{name}` is missing: ask the caller for it")
    if error.validator == "additionalProperties":
        name = next(n for n in given if n not in tool.parameters)
        return ArgumentProblem(name, f"there is no parameter `{name}`")
    name = str(error.path[0])
    limit = error.validator_value
    words = {
        "type": f"of type {limit}",
        "enum": f"one of {', '.join(map(str, limit)) if isinstance(limit, list) else limit}",
        "minimum": f"{limit} or more",
        "maximum": f"{limit} or less",
        "minLength": f"{limit} characters or more",
        "maxLength": f"{limit} characters or fewer",
        "pattern": f"text that matches {limit}",
    }
    return ArgumentProblem(name, f"`{name}` must be {words[str(error.validator)]}")


def _default(
    name: str, parameter: Parameter, values: Mapping[str, object], zone: tzinfo, region: str
) -> object:
    value: object = parameter.default
    try:
        if isinstance(value, str):
            value = evaluate(value, values)
        if value is None or value == "":
            return None
        return convert(value, parameter.type, zone, region)
    except (ValueError, TemplateProblem) as error:
        # A withheld caller's number, say: as if there were no default.
        if parameter.optional:
            return None
        raise ArgumentProblem(name, f"`{name}` is missing: ask the caller for it") from error
