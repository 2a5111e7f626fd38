"""What a schema finds, in the words of an author: each fault as a located problem."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dialplan.config.contract import HOLE, Schema
from dialplan.config.problem import listed
from dialplan.config.source import Source
from dialplan.config.steps import locate
from dialplan.config.values import Value
from dialplan.model.conversation import KEYS, NOW
from dialplan.model.endpoint import ADDRESS, HEADER
from dialplan.model.kinds import PYTHON, VARIABLE
from dialplan.model.knowledge import SOURCE
from dialplan.model.rehearsal import ROUTE
from dialplan.model.shape import CURRENCY, DURATION, IDENTIFIER, LANGUAGE, PHONE, RELATIVE_PATH
from dialplan.model.tenants import FROM_ENVIRONMENT, SHARE
from dialplan.model.voice import DAY_RANGE, HOLIDAYS, SPANS

if TYPE_CHECKING:
    from jsonschema import ValidationError

_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "`true` or `false`",
}
PATTERNS = {
    IDENTIFIER: "a name in `snake_case`",
    PHONE: "a phone number such as `+15550100001`",
    DURATION: "a length of time with its unit, such as `20s` or `15m`",
    CURRENCY: "a currency such as `USD`",
    LANGUAGE: "a language tag such as `en-US`",
    RELATIVE_PATH: "a path below the vertical's folder, such as `seed/demo.yaml`",
    DAY_RANGE: "a day or a range of days such as `mon-fri`",
    HOLIDAYS: "a country such as `US`, or a part of one such as `US-IL`",
    ADDRESS: "an address such as `https://api.example.com`, without a slash at the end",
    HEADER: "the name of a header such as `X-Api-Key`",
    PYTHON: "a package's function such as `mycompany.tools:check_stock`",
    VARIABLE: "the name of an environment variable such as `CRM_TOKEN`",
    SOURCE: "a path below the vertical's folder, such as `knowledge/*.md`",
    ROUTE: "a path that begins with a slash, such as `/orders/{id}`",
    KEYS: "keys of a phone such as `1234#`",
    NOW: "a day and a time such as `2026-03-02 09:00`",
    FROM_ENVIRONMENT: "the variable that holds it, such as `env:CRM_TOKEN`",
    SHARE: "a share such as `10%`",
    SPANS: "hours such as `08:00-18:00`, or `closed`",
}
"""What an author reads instead of a regular expression."""
_NO_NUMBER = "write the name of a variable of type phone that holds the number"
_LIMITS = {
    "minimum": "at least",
    "maximum": "at most",
    "minLength": "at least this many characters:",
    "maxLength": "at most this many characters:",
    "minItems": "at least this many items:",
    "minProperties": "at least this many keys:",
}


def leaves(error: ValidationError) -> list[ValidationError]:
    """The faults behind a fault: of a choice, those of the branch that was most likely meant."""
    if error.validator != "anyOf":
        return [error]
    branches: dict[object, list[ValidationError]] = {}
    for inner in error.context or []:
        branches.setdefault(inner.schema_path[0], []).append(inner)
    fitting = [inner for inner in branches.values() if not any(map(_of_type, inner))]
    if not fitting:
        return [error]
    return [leaf for inner in min(fitting, key=len) for leaf in leaves(inner)]


def unknown_keys(error: ValidationError) -> list[str]:
    """The keys that an `additionalProperties` fault is about."""
    schema: Schema = error.schema if isinstance(error.schema, dict) else {}
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    return [
        key
        for key in _keys(error.instance)
        if key not in known and not any(re.search(pattern, key) for pattern in patterns)
    ]


def missing_keys(error: ValidationError) -> list[str]:
    """The key that a `required` fault is about; jsonschema makes one fault a key."""
    limit = error.validator_value
    wanted = [str(key) for key in limit] if isinstance(limit, list) else []
    absent = [key for key in wanted if key not in _keys(error.instance)]
    return [key for key in absent if error.message.startswith(repr(key))]


def report(source: Source, root: Value, error: ValidationError) -> None:
    """Note a fault that is none of a choice with a branch that fits (see `leaves`)."""
    if error.instance is HOLE or (error.validator == "oneOf" and not _keys(error.instance)):
        # Noted already: as unreadable, or as of the wrong type.
        return
    limit: Any = error.validator_value
    rule = str(error.validator)
    place, path = locate(root, error.absolute_path)
    schema: Schema = error.schema if isinstance(error.schema, dict) else {}
    got = _got(error.instance)
    match rule:
        case "additionalProperties":
            _report_keys(source, root, error)
        case "anyOf":
            kinds = [_type(one) for one in error.context or () if _of_type(one)]
            words = " or ".join(dict.fromkeys(kinds))
            source.problem(place, "E201", f"expected {words}, got {got}", path=path)
        case "oneOf" | "required" | "minProperties" if "type" not in schema:
            # A rule about several keys carries its own words.
            words = schema["description"].rstrip(".")
            place, path = locate(root, error.absolute_path, key=True)
            source.problem(place, "E207", f"expected {words[:1].lower()}{words[1:]}", path=path)
        case "required":
            place, path = locate(root, error.absolute_path, key=True)
            for key in missing_keys(error):
                source.problem(place, "E202", f"`{key}` is missing", path=path)
        case "type":
            hint = _type_hint(limit, error.instance)
            source.problem(place, "E201", f"expected {_type(error)}, got {got}", hint, path)
        case "enum" | "const":
            known = [str(one) for one in (limit if rule == "enum" else [limit])]
            hint = source.hint(str(error.instance), known)
            source.problem(place, "E204", f"expected {listed(known)}, got {got}", hint, path)
        case "pattern":
            wanted = _pattern(limit, "text")
            hint = _NO_NUMBER if wanted == PATTERNS[IDENTIFIER] and got[:2] == "`+" else ""
            source.problem(place, "E205", f"expected {wanted}, got {got}", hint, path)
        case _:
            words = _LIMITS.get(rule, rule)
            source.problem(place, "E206", f"expected {words} {limit}, got {got}", path=path)


def _report_keys(source: Source, root: Value, error: ValidationError) -> None:
    schema: Schema = error.schema if isinstance(error.schema, dict) else {}
    known = schema.get("properties", {})
    patterns = list(schema.get("patternProperties", {}))
    left = [key for key in sorted(known) if key not in _keys(error.instance)]
    others = f"known: {listed(left)}" if left else ""
    for key in unknown_keys(error):
        place, path = locate(root, [*error.absolute_path, key], key=True)
        if patterns:
            message = f"expected {_pattern(patterns[0], 'a key')}, got `{key[:60]}`"
            source.problem(place, "E205", message, source.hint(key, known), path)
        else:
            hint = source.hint(key, known) or others
            source.problem(place, "E203", "unknown key", hint, path)


def _keys(instance: object) -> list[str]:
    return list(instance) if isinstance(instance, dict) else []


def _of_type(error: ValidationError) -> bool:
    return error.validator == "type" and not error.path


def _type(error: ValidationError) -> str:
    return _TYPES.get(str(error.validator_value), str(error.validator_value))


def _pattern(pattern: str, what: str) -> str:
    pattern = pattern.removesuffix(r"\Z") + "$" if pattern.endswith(r"\Z") else pattern
    return PATTERNS.get(pattern, f"{what} like `{pattern}`")


def _got(instance: object) -> str:
    if instance is None:
        return "nothing"
    if isinstance(instance, dict):
        return "a mapping" if instance else "an empty mapping"
    if isinstance(instance, list):
        return "a list" if instance else "an empty list"
    if isinstance(instance, bool):
        return f"`{str(instance).lower()}`"
    lines = str(instance)[:200].splitlines() or [""]
    return f"`{lines[0][:60]}`"


def _type_hint(wanted: object, instance: object) -> str:
    text = str(instance)[:60]
    if wanted == "boolean" and text.lower() in ("yes", "on", "no", "off", "true", "false"):
        right = "true" if text.lower() in ("yes", "on", "true") else "false"
        return f"write `{right}`"
    if wanted in ("integer", "number") and isinstance(instance, str):
        return "write digits only, without quotes, leading zeros or `_`"
    if wanted == "array" and isinstance(instance, str):
        return f"write `[{text[:40].strip()}]`"
    return ""
