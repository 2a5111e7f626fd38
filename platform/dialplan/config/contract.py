"""The published JSON Schemas, compiled once, and YAML text as the plain data that they judge.

A scalar becomes a number or a boolean only where the schema wants one, and only in plain form.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from jsonschema_rs import Draft202012Validator

from dialplan.config.values import Value
from dialplan.model.shape import Shape

if TYPE_CHECKING:
    from jsonschema import ValidationError

Schema = dict[str, Any]
HOLE = object()
"""Stands in plain data for a value that could not be read; no schema with a type accepts it."""

_SCHEMAS = Path(__file__).parent / "schemas"
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
"""Up to 18 digits: what fits into 64 bits and back out of JSON."""
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,17})?([eE][+-]?[0-9]{1,3})?")


class Contract:
    """One published schema. What fits is known in a millisecond; what does not is explained.

    The verdict is jsonschema-rs's, which takes less to import than jsonschema takes to judge one
    file. What it does not accept goes to jsonschema, for the faults and their places; a test has
    the two agree.
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = _exact(schema)
        self._quick = Draft202012Validator(schema)

    def faults(self, data: object) -> list[ValidationError]:
        """All that is wrong with plain data, nothing when it fits."""
        return [] if self.accepts(data) else list(self.slowly.iter_errors(data))

    def accepts(self, data: object) -> bool:
        """Whether plain data fits."""
        try:
            return self._quick.is_valid(data)
        except ValueError:
            # It cannot be said in JSON: it has a hole, or is deeper than the validator goes.
            return False

    @cached_property
    def slowly(self) -> Validator:
        """The same schema, compiled by jsonschema."""
        return _explaining()(self.schema)


@cache
def contract(kind: type[Shape]) -> Contract:
    """The published schema of one kind of file."""
    name = f"{kind.__name__.lower()}.schema.json"
    return Contract(json.loads((_SCHEMAS / name).read_text(encoding="utf-8")))


class Validator(Protocol):
    """What this package asks of jsonschema."""

    def iter_errors(self, instance: object) -> Iterator[ValidationError]:
        """All that is wrong with plain data."""


@cache
def _explaining() -> Callable[[Schema], Validator]:
    from dialplan.config.jsonschemas import Draft202012Validator as Slow
    from dialplan.config.jsonschemas import extend

    types = Slow.TYPE_CHECKER.redefine("integer", _whole)
    made: Callable[[Schema], Validator] = extend(Slow, type_checker=types)  # type: ignore[no-untyped-call]  # jsonschema types it nowhere
    return made


def _whole(_checker: object, instance: object) -> bool:
    # `1.0` is a whole number to JSON Schema and not to the types; YAML that says 1.0 means no 1.
    return isinstance(instance, int) and not isinstance(instance, bool)


def _exact(node: Any) -> Any:
    # `$` also stands before a last line end in Python, but not in ECMA 262, which schemas follow.
    made: Any
    if isinstance(node, list):
        return [_exact(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {
        key: value if key == "examples" and isinstance(value, list) else _exact(value)
        for key, value in node.items()
    }
    if isinstance(made.get("pattern"), str):
        made["pattern"] = _ended(made["pattern"])
    if isinstance(made.get("patternProperties"), dict):
        inner = made["patternProperties"]
        made["patternProperties"] = {_ended(key): value for key, value in inner.items()}
    return made


def _ended(pattern: str) -> str:
    return pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern


def plain(value: Value, root: Schema) -> Any:
    """The plain data of a file, for its schema to judge."""
    return _plain(value, [root], root)


def _leaves(schemas: Sequence[Schema], root: Schema) -> list[Schema]:
    found: list[Schema] = []
    for schema in schemas:
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            found += _leaves([root["$defs"][name]], root)
        elif "anyOf" in schema:
            found += _leaves(schema["anyOf"], root)
        else:
            found.append(schema)
    return found


def _plain(value: Value, schemas: Sequence[Schema], root: Schema) -> object:
    if value.broken:
        return HOLE
    leaves = _leaves(schemas, root)
    content = value.content
    if isinstance(content, str):
        return _scalar(content, leaves) if value.plain else content
    if isinstance(content, list):
        inner = [leaf["items"] for leaf in leaves if isinstance(leaf.get("items"), dict)]
        return [_plain(item, inner or [{}], root) for item in content]
    return {name: _plain(item, _children(leaves, name), root) for name, item in content.items()}


def _children(leaves: Sequence[Schema], name: str) -> list[Schema]:
    found: list[Schema] = []
    for leaf in leaves:
        if name in leaf.get("properties", {}):
            found.append(leaf["properties"][name])
            continue
        found += [
            inner
            for pattern, inner in leaf.get("patternProperties", {}).items()
            if re.search(pattern, name)
        ]
        if isinstance(leaf.get("additionalProperties"), dict):
            found.append(leaf["additionalProperties"])
    return found or [{}]


def _scalar(text: str, leaves: Sequence[Schema]) -> object:
    wanted = {leaf.get("type", "any") for leaf in leaves}
    free = "any" in wanted
    if text == "" or (free and text == "null"):
        return None
    if (free or wanted & {"integer", "number"}) and _INTEGER.fullmatch(text):
        return int(text)
    if (free or "number" in wanted) and _NUMBER.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) else text
    if (free or "boolean" in wanted) and text in ("true", "false"):
        return text == "true"
    return text
