"""Whether a tool's parameters fit what an MCP server's tool takes. Pure; says nothing of values.

A server's schema may say more than is read here: what is not understood fits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from dialplan.config.problem import did_you_mean, listed
from dialplan.config.steps import Steps
from dialplan.model.tool import Parameter, Tool
from dialplan.tools.arguments import parameters_schema

MOST_STEPS = 20
"""How many choices and references inside each other are followed in a server's schema."""

_ALL = frozenset({"string", "number", "boolean", "object", "array", "null"})
_KINDS: Mapping[type, str] = {
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    dict: "object",
    list: "array",
}
_SAID: Mapping[str, str] = {
    "string": "text",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "nothing",
}


@dataclass(frozen=True, slots=True)
class Demands:
    """What a server's tool wants.

    Attributes:
        required: the parameters that must be given.
        known: those that may be given; None where any may.
    """

    required: frozenset[str]
    known: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Misfit:
    """Something that does not fit, and where: steps below the tool, with `key` to a key."""

    steps: Steps
    code: str
    message: str
    hint: str = ""
    key: bool = False


def demands_of(schema: Mapping[str, object]) -> Demands:
    """Read the input schema of a server's tool."""
    required, known = schema.get("required"), schema.get("properties")
    names = frozenset(map(str, known)) if isinstance(known, dict) else frozenset[str]()
    # By default JSON Schema takes any other name too; servers that say so mean it.
    anything = not names or schema.get("additionalProperties") is True
    return Demands(
        frozenset(map(str, required)) if isinstance(required, list) else frozenset(),
        None if anything else names,
    )


def misfits(tool: Tool, name: str, server: str, schema: Mapping[str, object]) -> Iterator[Misfit]:
    """Say what of a tool's parameters does not fit the tool `name` of a server."""
    theirs = f"`{name}` of `{server}`"
    demands = demands_of(schema)
    for missing in sorted(demands.required - tool.parameters.keys()):
        message = f"{theirs} needs the parameter `{missing}`"
        yield Misfit(("parameters",), "E603", message, f"add `{missing}` to `parameters`", key=True)
    properties = schema.get("properties")
    for parameter, ours in tool.parameters.items():
        at = ("parameters", parameter)
        if demands.known is not None and parameter not in demands.known:
            takes = sorted(demands.known)
            hint = did_you_mean(parameter, takes) or f"it takes {listed(takes)}"
            yield Misfit(at, "E604", f"{theirs} has no parameter `{parameter}`", hint, key=True)
            continue
        if parameter in demands.required and ours.optional and ours.default is None:
            message = f"{theirs} needs `{parameter}`, which is `optional` here: calls may fail"
            yield Misfit(at, "W601", message, "remove `optional`, or give it a `default`", key=True)
        if isinstance(properties, dict) and parameter in properties:
            yield from _values(tool, parameter, ours, theirs, properties[parameter], schema)


def _values(
    tool: Tool, name: str, ours: Parameter, theirs: str, wanted: object, root: Mapping[str, object]
) -> Iterator[Misfit]:
    kinds = _kinds(wanted, root, MOST_STEPS)
    sent = _sent(tool, name)
    if sent not in kinds:
        expected = " or ".join(_SAID[kind] for kind in sorted(kinds)) or "no value at all"
        message = f"`{name}` is sent as {_SAID[sent]}, and {theirs} takes {expected}"
        yield Misfit(("parameters", name, "type"), "E605", message)
        return
    choices = _choices(wanted, root, MOST_STEPS)
    if choices is None or sent != "string":
        return
    if ours.enum is None:
        if ours.type == "string":
            message = f"for `{name}`, {theirs} takes only some values: a model may say others"
            hint = f"write them as `enum`: {listed(choices)}"
            yield Misfit(("parameters", name), "W602", message, hint, key=True)
        return
    for index, value in enumerate(ours.enum):
        if value not in choices:
            message = f"for `{name}`, {theirs} does not take `{value}`"
            hint = did_you_mean(value, choices) or f"it takes {listed(choices)}"
            yield Misfit(("parameters", name, "enum", index), "E605", message, hint)


def _sent(tool: Tool, parameter: str) -> str:
    """The kind of JSON value that goes out."""
    properties = parameters_schema(tool)["properties"]
    own = properties.get(parameter) if isinstance(properties, dict) else None
    kind = own.get("type") if isinstance(own, dict) else None
    return "number" if kind == "integer" else str(kind)


def _kinds(schema: object, root: Mapping[str, object], left: int) -> Set[str]:
    """The kinds of JSON values that a schema may take."""
    if schema is False:
        return frozenset()
    if not isinstance(schema, dict) or left == 0:
        return _ALL
    found: Set[str] = _ALL
    written = schema.get("type")
    if isinstance(written, str | list):
        names = [written] if isinstance(written, str) else written
        found &= {"number" if one == "integer" else str(one) for one in names}
    values = _enumerated(schema)
    if values is not None:
        found &= {_KINDS.get(type(one), "null") for one in values}
    for one in _all_of(schema, root):
        found &= _kinds(one, root, left - 1)
    for some in _any_of(schema):
        found &= frozenset[str]().union(*(_kinds(one, root, left - 1) for one in some))
    return found


def _choices(schema: object, root: Mapping[str, object], left: int) -> list[str] | None:
    """The texts that a schema takes, in order; None where it takes others as well."""
    if not isinstance(schema, dict) or left == 0:
        return None
    values = _enumerated(schema)
    if values is not None:
        return [one for one in values if isinstance(one, str)]
    for one in _all_of(schema, root):
        if (inner := _choices(one, root, left - 1)) is not None:
            return inner
    for some in _any_of(schema):
        texts = [one for one in some if "string" in _kinds(one, root, left - 1)]
        inners = [_choices(one, root, left - 1) for one in texts]
        if inners and None not in inners:
            return [value for inner in inners if inner is not None for value in inner]
    return None


def _enumerated(schema: Mapping[str, object]) -> Sequence[object] | None:
    values = schema.get("enum")
    if isinstance(values, list):
        return values
    return [schema["const"]] if "const" in schema else None


def _all_of(schema: Mapping[str, object], root: Mapping[str, object]) -> Iterator[object]:
    every = schema.get("allOf")
    if isinstance(every, list):
        yield from every
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/"):
        found: object = root
        for step in reference[2:].split("/"):
            name = step.replace("~1", "/").replace("~0", "~")
            found = found.get(name) if isinstance(found, dict) else None
        yield found


def _any_of(schema: Mapping[str, object]) -> Iterator[list[object]]:
    for word in ("anyOf", "oneOf"):
        some = schema.get(word)
        if isinstance(some, list) and some:
            yield some
