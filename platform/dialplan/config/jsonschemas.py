"""jsonschema, imported without its checkers of `format`: whoever needs it takes it from here."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_FORMATS = (
    "fqdn",
    "idna",
    "isoduration",
    "jsonpointer",
    "rfc3339_validator",
    "rfc3986_validator",
    "rfc3987",
    "rfc3987_syntax",
    "uri_template",
    "webcolors",
)


@contextmanager
def _without_format_checkers() -> Iterator[None]:
    # jsonschema imports its optional checkers of `format` with itself, and the one of IRIs compiles
    # a grammar for a whole second. No schema of ours is checked for a `format`.
    absent = [name for name in _FORMATS if name not in sys.modules]
    for name in absent:
        sys.modules[name] = None  # type: ignore[assignment]  # what import takes for: not there
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


with _without_format_checkers():
    from jsonschema import Draft202012Validator, FormatChecker
    from jsonschema.exceptions import SchemaError, ValidationError
    from jsonschema.validators import extend

__all__ = ["Draft202012Validator", "FormatChecker", "SchemaError", "ValidationError", "extend"]
