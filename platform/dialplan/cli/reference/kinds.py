"""What a JSON Schema asks for, in an author's words, and a value that fits it."""

from __future__ import annotations

from typing import Any

import yaml

from dialplan.cli.reference.markdown import code
from dialplan.model.shape import DURATION, IDENTIFIER, PHONE

Schema = dict[str, Any]

_TEXTS = {DURATION: "length of time", IDENTIFIER: "name", PHONE: "phone number"}
_SAMPLES = {
    DURATION: "20s",
    IDENTIFIER: "some_name",
    PHONE: '"+15550100001"',
    r"^env:[A-Z][A-Z0-9_]*$": "env:SOME_NAME",
    r"^/\S*$": "/orders",
}
_PLAIN = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "yes or no",
    "object": "mapping",
    "null": "nothing",
}
_PATH = "A-Za-z0-9_.*/-"


def described(schema: Schema) -> str:
    """Return what a value must be."""
    if "const" in schema:
        return code(str(schema["const"]))
    if "enum" in schema:
        return ", ".join(code(str(one)) for one in schema["enum"])
    if "$ref" in schema:
        return "mapping"
    if "anyOf" in schema:
        choices = [described(one) for one in schema["anyOf"] if one.get("type") != "null"]
        return " or ".join(dict.fromkeys(choices))
    match schema.get("type"):
        case "array":
            return f"list of {_many(described(schema.get('items', {})))}"
        case "object" if "properties" not in schema:
            return _map(schema)
        case "string":
            pattern = str(schema.get("pattern", ""))
            return "path" if _PATH in pattern else _TEXTS.get(pattern, "text")
        case "integer" | "number" as kind:
            return _PLAIN[kind] + _range(schema)
        case str() as kind:
            return _PLAIN.get(kind, kind)
        case _:
            return "any value"


def _many(one: str) -> str:
    plural = {"text": "texts", "name": "names", "mapping": "mappings", "phone number": "numbers"}
    return plural.get(one, one)


def _map(schema: Schema) -> str:
    inner = maps_of(schema)
    if not inner:
        return "mapping"
    pattern, what = inner[0]
    return f"{_TEXTS.get(pattern, 'key')} to {described(what)}"


def maps_of(schema: Schema) -> list[tuple[str, Schema]]:
    """Return what a mapping of names holds: the pattern of its keys, and what each value is."""
    rest = schema.get("additionalProperties")
    found = list(schema.get("patternProperties", {}).items())
    return [*found, ("", rest)] if isinstance(rest, dict) else found


def _range(schema: Schema) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    match (least, most):
        case (None, None):
            return ""
        case (_, None):
            return f", at least {least}"
        case (None, _):
            return f", at most {most}"
        case _:
            return f" from {least} to {most}"


def sample(schema: Schema) -> str:
    """Return a value that fits, as YAML in one line."""
    if schema.get("examples"):
        written: str = yaml.safe_dump(
            schema["examples"][0], default_flow_style=True, allow_unicode=True, width=1_000_000
        )
        return written.removesuffix("...\n").strip()
    if "const" in schema:
        return str(schema["const"])
    if "enum" in schema:
        return str(schema["enum"][-1])
    if "anyOf" in schema:
        simple = [one for one in schema["anyOf"] if one.get("type") not in ("null", None)]
        return sample(simple[0] if simple else schema["anyOf"][0])
    match schema.get("type"):
        case "array":
            return f"[{sample(schema.get('items', {}))}]"
        case "boolean":
            return "true"
        case "integer" | "number":
            return str(schema.get("minimum", schema.get("maximum", 1)))
        case "string":
            pattern = str(schema.get("pattern", ""))
            return "folder/file.yaml" if _PATH in pattern else _SAMPLES.get(pattern, "Some text.")
        case "object":
            inner = [what for _, what in maps_of(schema)]
            return "{name: %s}" % (sample(inner[0]) if inner else "...")
        case _:
            return "{...}"
