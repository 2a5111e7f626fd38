"""What the API refuses in a strict schema of an answer, in its own words. Pure.

After "Supported schemas" of OpenAI's guide to structured outputs. Lengths of texts are not among
the keywords listed there, so they are refused here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MOST_DEPTH = 10
MOST_PROPERTIES = 5_000
MOST_ENUM_VALUES = 1_000

_ANY = frozenset({"type", "description", "title", "enum", "const", "anyOf", "$ref", "$defs"})
_PERMITTED: Mapping[str, frozenset[str]] = {
    "object": frozenset({"properties", "required", "additionalProperties", "definitions"}),
    "array": frozenset({"items", "minItems", "maxItems"}),
    "string": frozenset({"pattern", "format"}),
    "number": frozenset(
        {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
    ),
}
_FORMATS = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}
)
_KNOWN = _ANY.union(*_PERMITTED.values())
_TYPES = frozenset({"string", "number", "integer", "boolean", "object", "array", "null"})


def refusal(name: str, schema: Mapping[str, Any]) -> str | None:
    """Return why a schema is refused, None where it is taken."""
    if "anyOf" in schema:
        return _said(name, (), "schema must not have 'anyOf' at the top level.")
    if schema.get("type") != "object":
        got = schema.get("type")
        return (
            f"Invalid schema for response_format '{name}': schema must be a JSON Schema of "
            f"'type: \"object\"', got 'type: \"{got}\"'."
        )
    properties = values = 0
    for at, node, depth in _nodes(schema):
        if not isinstance(node, Mapping):
            return _said(name, at, "schema must be an object.")
        if depth > MOST_DEPTH:
            return _said(name, at, f"expected at most {MOST_DEPTH} levels of nesting.")
        wrong = _wrong(node)
        if wrong is not None:
            return _said(name, at, wrong)
        properties += len(node.get("properties") or ())
        values += len(node.get("enum") or ())
    if properties > MOST_PROPERTIES or values > MOST_ENUM_VALUES:
        return _said(
            name,
            (),
            f"expected at most {MOST_PROPERTIES} properties and {MOST_ENUM_VALUES} enum values.",
        )
    return None


def _said(name: str, at: tuple[str, ...], wrong: str) -> str:
    return f"Invalid schema for response_format '{name}': In context={at!r}, {wrong}"


def _nodes(schema: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any, int]]:
    """Yield every schema inside, the outermost first; not by recursion, for it may be deep."""
    waiting: list[tuple[tuple[str, ...], Any, int]] = [((), schema, 1)]
    while waiting:
        at, node, depth = waiting.pop(0)
        yield at, node, depth
        if not isinstance(node, Mapping):
            continue
        for key in ("properties", "$defs", "definitions"):
            below = node.get(key)
            if isinstance(below, Mapping):
                waiting += [((*at, key, name), one, depth + 1) for name, one in below.items()]
        if "items" in node:
            waiting.append(((*at, "items"), node["items"], depth + 1))
        for number, one in enumerate(node.get("anyOf") or ()):
            waiting.append(((*at, "anyOf", str(number)), one, depth))


def _wrong(node: Mapping[str, Any]) -> str | None:
    types = _types(node)
    if types is None:
        return "schema must have a 'type' key."
    if not types <= _TYPES:
        return f"'type' is not one of {sorted(_TYPES)}."
    kinds = {"number" if one == "integer" else one for one in types}
    permitted = _ANY.union(*(_PERMITTED.get(kind, frozenset()) for kind in kinds))
    for key in node:
        # A keyword of another type says nothing, and is let through.
        if key not in permitted and key not in _KNOWN:
            return f"'{key}' is not permitted."
    if node.get("format") is not None and node["format"] not in _FORMATS:
        return f"'format' is not one of {sorted(_FORMATS)}."
    if "array" in types and "items" not in node:
        return "array schema missing items."
    return _wrong_object(node) if "object" in types else None


def _types(node: Mapping[str, Any]) -> frozenset[str] | None:
    written = node.get("type")
    if isinstance(written, str):
        return frozenset({written})
    if isinstance(written, list):
        return frozenset(str(one) for one in written)
    has_other = any(key in node for key in ("anyOf", "$ref", "enum", "const"))
    return frozenset() if has_other else None


def _wrong_object(node: Mapping[str, Any]) -> str | None:
    if node.get("additionalProperties") is not False:
        return "'additionalProperties' is required to be supplied and to be false."
    named = node.get("properties") or {}
    required = node.get("required")
    missing = [name for name in named if name not in (required or ())]
    if not isinstance(required, list) or missing:
        says = "'required' is required to be supplied and to be an array including every key in "
        return f"{says}properties." + (f" Missing '{missing[0]}'." if missing else "")
    extra = [name for name in required if name not in named]
    return f"Extra required key '{extra[0]}' supplied." if extra else None
