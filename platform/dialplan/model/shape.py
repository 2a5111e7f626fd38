"""The ground that every YAML type stands on: the strict model, and the scalars a file may write.

Nothing here reads a file, a clock or the environment.
"""

import re
from datetime import timedelta
from typing import Annotated, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    JsonValue,
    PlainSerializer,
    Strict,
    StringConstraints,
    WithJsonSchema,
)

IDENTIFIER = r"^[a-z][a-z0-9_]{0,62}$"
PHONE = r"^\+[1-9][0-9]{6,14}$"
DURATION = r"^[0-9]{1,6}(\.[0-9]{1,3})?(ms|s|m|h|d)$"
CURRENCY = r"^[A-Z]{3}$"
LANGUAGE = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,5}$"
RELATIVE_PATH = r"^([A-Za-z0-9_*-][A-Za-z0-9_.*-]*/){0,10}[A-Za-z0-9_*-][A-Za-z0-9_.*-]*$"

_LENGTH = DURATION.strip("^$")
_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_MICROSECOND = timedelta(microseconds=1)


class Shape(BaseModel):
    """A frozen, strict type of a YAML file: unknown keys and wrong types are errors.

    What stands below a field is its description for editors (see `schema`). Annotations are no
    strings in these modules, and pydantic reads no source: both would double the time to start.
    """

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        serialize_by_alias=True,
        defer_build=True,
    )


def parse_duration(written: object) -> timedelta:
    """Turn `500ms`, `20s`, `15m`, `2h` or `30d` into a length of time."""
    if isinstance(written, timedelta):
        return written
    if not isinstance(written, str) or not re.fullmatch(_LENGTH, written):
        raise ValueError("expected a length of time with its unit, such as `20s` or `15m`")
    number, unit = re.split(r"(?<=[0-9])(?=[a-z])", written)
    whole, _, rest = number.partition(".")
    # In whole numbers: a float is off by a microsecond already at 70000.1 days.
    thousandths = int(whole) * 1000 + int(rest.ljust(3, "0"))
    return timedelta(**{_UNITS[unit]: 1}) * thousandths // 1000


def format_duration(length: timedelta) -> str:
    """Write a length of time in the largest unit that says it exactly."""
    whole = length // _MICROSECOND
    for unit, name in reversed(_UNITS.items()):
        size = timedelta(**{name: 1}) // _MICROSECOND
        if whole >= size and whole * 1000 % size == 0:
            return f"{_decimal(whole * 1000 // size)}{unit}"
    return f"{_decimal(whole)}ms" if whole else "0s"


def _decimal(thousandths: int) -> str:
    whole, rest = divmod(thousandths, 1000)
    return f"{whole}.{rest:03}".rstrip("0").rstrip(".")


def exactly_one(*keys: str) -> dict[str, JsonValue]:
    """A rule of a schema: one of these keys, and no second one."""
    listed = ", ".join(f"`{key}`" for key in keys[:-1]) + f" and `{keys[-1]}`"
    branches: list[JsonValue] = [{"required": [key]} for key in keys]
    return {"description": f"Exactly one of {listed}.", "oneOf": branches}


def at_most_one(*keys: str) -> dict[str, JsonValue]:
    """A rule of a schema: one of these keys or none."""
    rule = exactly_one(*keys)
    branches: list[JsonValue] = [{"required": [key]} for key in keys]
    none: JsonValue = {"not": {"anyOf": branches}}
    words = str(rule["description"]).replace("Exactly", "At most")
    return {"description": words, "oneOf": [*branches, none]}


def rules(*some: dict[str, JsonValue]) -> ConfigDict:
    """What a schema says of several keys together; the type checks the same."""
    return ConfigDict(json_schema_extra={"allOf": list(some)})


Item = TypeVar("Item")

Many = Annotated[tuple[Item, ...], Strict(False)]
"""A list in YAML, a tuple here."""

Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration, json_schema_input_type=str),
    PlainSerializer(format_duration, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": DURATION}),
]
"""A length of time, written with its unit: `500ms`, `20s`, `15m`, `2h`, `30d`."""

Identifier = Annotated[str, StringConstraints(pattern=IDENTIFIER)]
"""A `snake_case` name."""

Phone = Annotated[str, StringConstraints(pattern=PHONE)]
"""A phone number in E.164 form."""

LanguageTag = Annotated[str, StringConstraints(pattern=LANGUAGE)]
"""A BCP 47 tag."""

Template = Annotated[str, StringConstraints(min_length=1)]
"""Text with `{{ names }}` in it (sandboxed Jinja)."""

Text = Annotated[str, StringConstraints(min_length=1)]
"""Text that must not be empty."""

RelativePath = Annotated[str, StringConstraints(pattern=RELATIVE_PATH)]
"""A path inside the vertical's folder."""

Scalar = str | int | float | bool
"""One plain value."""

Json = JsonValue
"""Any JSON value; text in it may be a template."""
