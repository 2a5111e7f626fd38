"""The ground that every YAML type stands on: the strict model, and the scalars a file may write.

Nothing here reads a file, a clock or the environment.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    JsonValue,
    Strict,
    StringConstraints,
    WithJsonSchema,
)

IDENTIFIER = r"^[a-z][a-z0-9_]{0,62}$"
PHONE = r"^\+[1-9][0-9]{6,14}$"
DURATION = r"^[0-9]+(\.[0-9]+)?(ms|s|m|h|d)$"

_LENGTH = DURATION.strip("^$")
_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Shape(BaseModel):
    """A frozen, strict type of a YAML file: unknown keys and wrong types are errors."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        use_attribute_docstrings=True,
        serialize_by_alias=True,
    )


def parse_duration(written: object) -> timedelta:
    """Turn `500ms`, `20s`, `15m`, `2h` or `30d` into a length of time."""
    if isinstance(written, timedelta):
        return written
    if not isinstance(written, str) or not re.fullmatch(_LENGTH, written):
        raise ValueError("expected a length of time with its unit, such as `20s` or `15m`")
    number, unit = re.split(r"(?<=[0-9])(?=[a-z])", written)
    return timedelta(**{_UNITS[unit]: float(number)})


Item = TypeVar("Item")

Many = Annotated[tuple[Item, ...], Strict(False)]
"""A list in YAML, a tuple here."""

Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration, json_schema_input_type=str),
    WithJsonSchema({"type": "string", "pattern": DURATION, "examples": ["20s", "15m"]}),
]
"""A length of time, written with its unit: `500ms`, `20s`, `15m`, `2h`, `30d`."""

Identifier = Annotated[str, StringConstraints(pattern=IDENTIFIER)]
"""A `snake_case` name."""

Phone = Annotated[str, StringConstraints(pattern=PHONE)]
"""A phone number in E.164 form."""

Template = Annotated[str, StringConstraints(min_length=1)]
"""Text with `{{ names }}` in it (sandboxed Jinja)."""

Text = Annotated[str, StringConstraints(min_length=1)]
"""Text that must not be empty."""

RelativePath = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_*][A-Za-z0-9_.*/-]*$")]
"""A path inside the vertical's folder."""

Scalar = str | int | float | bool
"""One plain value."""

Json = JsonValue
"""Any JSON value; text in it may be a template."""
