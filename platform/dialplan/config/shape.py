"""Values against the published JSON Schema: typed data, or located problems, all at once.

A scalar becomes a number or a boolean only where the schema wants one, and only in plain form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from jsonschema import Draft202012Validator, ValidationError
from pydantic import ValidationError as ModelError

from dialplan.config.problem import did_you_mean
from dialplan.config.source import Place, Source, Value
from dialplan.model.schema import KINDS, schema_of
from dialplan.model.shape import DURATION, IDENTIFIER, PHONE, Shape

Schema = dict[str, Any]
Kind = TypeVar("Kind", bound=Shape)

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "`true` or `false`",
}
_PATTERNS = {
    IDENTIFIER: "a name in `snake_case`",
    PHONE: "a phone number such as `+15550100001`",
    DURATION: "a length of time with its unit, such as `20s` or `15m`",
}


def typed(source: Source, root: Value, kind: type[Kind]) -> Kind | None:
    """The file as a value of its type; nothing when it has problems, which `source` then holds."""
    name = next(name for name, model in KINDS.items() if model is kind)
    schema = schema_of(name)
    data = _plain(root, [schema], schema)
    before = len(source.problems)
    for error in Draft202012Validator(schema).iter_errors(data):
        _report(source, root, error)
    if len(source.problems) > before:
        return None
    try:
        return kind.model_validate(data)
    except ModelError as errors:
        for fault in errors.errors(include_url=False, include_input=False):
            place, path = locate(root, fault["loc"])
            message = fault["msg"].removeprefix("Value error, ")
            source.problem(place, "E207", message[:1].lower() + message[1:], path=path)
        return None


def locate(root: Value, steps: Iterable[object], *, key: bool = False) -> tuple[Place, str]:
    """The place of a value, walking as far as the steps lead; with `key`, of its key."""
    value, path, place = root, "", root.place
    for step in steps:
        if isinstance(value.content, dict) and step in value.content:
            name = str(step)
            place, value = value.keys[name], value.content[name]
            path = f"{path}.{name}" if path else name
        elif (
            isinstance(value.content, list) and isinstance(step, int) and step < len(value.content)
        ):
            value = value.content[step]
            place = value.place
            path = f"{path}[{step}]"
    if not key and isinstance(value.content, str):
        place = value.place
    return place, path


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
        return float(text)
    if (free or "boolean" in wanted) and text in ("true", "false"):
        return text == "true"
    return text


def _report(source: Source, root: Value, error: ValidationError) -> None:
    if error.validator == "anyOf":
        _report_choice(source, root, error)
        return
    steps = list(error.absolute_path)
    limit: Any = error.validator_value
    place, path = locate(root, steps)
    match error.validator:
        case "additionalProperties":
            _report_keys(source, root, error)
        case "required":
            missing = next(k for k in limit if f"'{k}'" in error.message)
            where, _ = locate(root, steps, key=True)
            source.problem(where, "E202", f"`{missing}` is missing", path=path)
        case "type":
            wanted = limit
            source.problem(
                place,
                "E201",
                f"expected {_TYPES.get(wanted, wanted)}, got {_got(error.instance)}",
                _type_hint(wanted, error.instance),
                path,
            )
        case "enum" | "const":
            known = limit if error.validator == "enum" else [limit]
            listed = ", ".join(f"`{one}`" for one in known)
            hint = did_you_mean(str(error.instance), [str(one) for one in known])
            source.problem(
                place, "E204", f"expected {listed}, got {_got(error.instance)}", hint, path
            )
        case "pattern":
            wanted = _PATTERNS.get(limit, f"text like `{limit}`")
            source.problem(
                place, "E205", f"expected {wanted}, got {_got(error.instance)}", path=path
            )
        case _:
            words = {
                "minimum": "at least",
                "maximum": "at most",
                "minLength": "at least this many characters:",
                "minItems": "at least this many items:",
                "minProperties": "at least this many keys:",
            }.get(str(error.validator), str(error.validator))
            source.problem(
                place,
                "E206",
                f"expected {words} {limit}, got {_got(error.instance)}",
                path=path,
            )


def _report_keys(source: Source, root: Value, error: ValidationError) -> None:
    schema: Schema = error.schema if isinstance(error.schema, dict) else {}
    known = schema.get("properties", {})
    patterns = schema.get("patternProperties", {})
    instance = error.instance if isinstance(error.instance, dict) else {}
    for key in instance:
        if key in known or any(re.search(pattern, key) for pattern in patterns):
            continue
        place, path = locate(root, [*error.absolute_path, key], key=True)
        if patterns:
            wanted = [_PATTERNS.get(pattern, f"a key like `{pattern}`") for pattern in patterns]
            source.problem(place, "E205", f"expected {wanted[0]}, got `{key}`", path=path)
        else:
            source.problem(place, "E203", "unknown key", did_you_mean(key, known), path)


def _report_choice(source: Source, root: Value, error: ValidationError) -> None:
    branches: dict[object, list[ValidationError]] = {}
    for inner in error.context or []:
        branches.setdefault(inner.schema_path[0], []).append(inner)
    fitting = [
        inner
        for inner in branches.values()
        if not any(one.validator == "type" and not one.path for one in inner)
    ]
    if fitting:
        for inner_error in min(fitting, key=len):
            _report(source, root, inner_error)
        return
    wanted = [
        _TYPES.get(str(one.validator_value), str(one.validator_value))
        for inner in branches.values()
        for one in inner
        if one.validator == "type" and not one.path
    ]
    place, path = locate(root, error.absolute_path)
    message = f"expected {' or '.join(dict.fromkeys(wanted))}, got {_got(error.instance)}"
    source.problem(place, "E201", message, path=path)


def _got(instance: object) -> str:
    if instance is None:
        return "nothing"
    if isinstance(instance, dict):
        return "a mapping" if instance else "an empty mapping"
    if isinstance(instance, list):
        return "a list" if instance else "an empty list"
    if isinstance(instance, bool):
        return f"`{str(instance).lower()}`"
    text = str(instance).splitlines()[0] if str(instance) else ""
    return f"`{text[:60]}`"


def _type_hint(wanted: object, instance: object) -> str:
    text = str(instance)
    if wanted == "boolean" and text.lower() in ("yes", "on", "no", "off", "true", "false"):
        right = "true" if text.lower() in ("yes", "on", "true") else "false"
        return f"write `{right}`"
    if wanted in ("integer", "number") and isinstance(instance, str):
        return "write digits only, without quotes, leading zeros or `_`"
    if wanted == "array" and isinstance(instance, str):
        return f"write `[{text[:40]}]`"
    return ""
