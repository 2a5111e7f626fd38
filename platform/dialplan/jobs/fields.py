"""The fields of `after_call`: the schema a model must answer in, and whether an answer holds. Pure.

The schema keeps to what strict structured output takes ("Supported schemas" of OpenAI's guide to
structured outputs): the length of a text is no part of that, so it is told and checked here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, tzinfo
from typing import Any, cast

from dialplan.model.after_call import MOST_CHARACTERS, AfterCall, CallField
from dialplan.model.shape import Json
from dialplan.model.tool import ValueType
from dialplan.tools.values import convert, plain

_JSON_TYPES: Mapping[ValueType, str] = {
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
}
_FORMS: Mapping[ValueType, Mapping[str, str]] = {
    "date": {"format": "date"},
    "time": {"pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"},
    "datetime": {"pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]$"},
    "email": {"format": "email"},
    "phone": {"pattern": "^\\+[1-9][0-9]{6,14}$"},
}
_HINTS: Mapping[ValueType, str] = {
    "date": "A date such as 2026-03-02.",
    "time": "A time of day such as 14:30.",
    "datetime": "A date and time such as 2026-03-02T14:30, by the clock of the business.",
    "phone": "A phone number with its country, such as +15550107788.",
}


def fields_schema(after: AfterCall) -> dict[str, Any]:
    """Return the strict JSON Schema of an answer: every field is there, and each may be null."""
    return {
        "type": "object",
        "properties": {name: _property(field) for name, field in after.fields.items()},
        "required": list(after.fields),
        "additionalProperties": False,
    }


def check_fields(
    after: AfterCall, answer: object, *, zone: tzinfo = UTC, region: str = "US"
) -> tuple[dict[str, Json], list[str]]:
    """Return the values that hold, and a sentence about each that does not and is null then.

    Sentences name the field and what was expected, never what was given.

    Args:
        after: whose fields.
        answer: what a model gave, any JSON value.
        zone: the time zone of moments that come without one.
        region: the country (`US`) of phone numbers that come without one.
    """
    given = answer if isinstance(answer, Mapping) else {}
    values: dict[str, Json] = {}
    wrong: list[str] = [] if isinstance(answer, Mapping) else ["Expected one JSON object."]
    for name, field in after.fields.items():
        values[name] = None
        if name not in given:
            wrong.append(f"`{name}` is missing: give it a value, or null.")
            continue
        try:
            values[name] = _value(field, given[name], zone, region)
        except ValueError as error:
            wrong.append(f"`{name}`: expected {error}, or null.")
    return values, wrong


def _property(field: CallField) -> dict[str, Any]:
    if field.enum is not None:
        made: dict[str, Any] = {"type": ["string", "null"], "enum": [*field.enum, None]}
        return made | _described(field.description)
    kind = field.type or "string"
    made = {"type": [_JSON_TYPES.get(kind, "string"), "null"], **_FORMS.get(kind, {})}
    if kind in ("integer", "number"):
        made |= {} if field.minimum is None else {"minimum": field.minimum}
        made |= {} if field.maximum is None else {"maximum": field.maximum}
    hint = f"At most {_most(field)} characters." if kind == "string" else _HINTS.get(kind)
    return made | _described(field.description, hint)


def _described(*parts: str | None) -> dict[str, str]:
    said = " ".join(part for part in parts if part)
    return {"description": said} if said else {}


def _most(field: CallField) -> int:
    return MOST_CHARACTERS if field.max_length is None else field.max_length


def _value(field: CallField, given: object, zone: tzinfo, region: str) -> Json:
    """Return a value as it is kept; the ValueError says what was expected."""
    if given is None or (isinstance(given, str) and not given.strip()):
        return None
    if field.enum is not None:
        if not isinstance(given, str) or given not in field.enum:
            raise ValueError("one of " + ", ".join(f"`{one}`" for one in field.enum))
        return given
    kind = field.type or "string"
    if kind == "string":
        return _text(given, _most(field))
    if kind not in _JSON_TYPES and not isinstance(given, str):
        raise ValueError("text")
    made: Any = plain(convert(given, kind, zone, region), zone)
    if kind in ("integer", "number"):
        _in_range(field, made)
    return cast("Json", made)


def _text(given: object, most: int) -> str:
    if not isinstance(given, str):
        raise ValueError("text")
    if len(given.strip()) > most:
        raise ValueError(f"at most {most} characters")
    return given.strip()


def _in_range(field: CallField, value: float) -> None:
    if value != value or value in (float("inf"), float("-inf")):
        raise ValueError("a number")
    if field.minimum is not None and value < field.minimum:
        raise ValueError(f"at least {field.minimum:g}")
    if field.maximum is not None and value > field.maximum:
        raise ValueError(f"at most {field.maximum:g}")
