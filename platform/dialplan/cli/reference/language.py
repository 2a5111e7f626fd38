"""docs/reference/language.md: every key of every YAML file, from the types that read them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from dialplan.cli.reference.examples import ANY, WRITTEN, Examples
from dialplan.cli.reference.kinds import described, maps_of, sample
from dialplan.cli.reference.markdown import GENERATED, code, slug, table
from dialplan.model.schema import KINDS
from dialplan.model.schema import described as schema_of_kind
from dialplan.model.shape import IDENTIFIER, PHONE, Shape
from dialplan.model.voice import DAY_RANGE

Schema = dict[str, Any]

FILES = {
    "vertical": "`verticals/NAME/vertical.yaml`: one line of business.",
    "tenants": "`verticals/tenants.yaml`: what a called number resolves to.",
    "conversation": "`conversations/*.yaml` of a vertical: a test, as turns and what must follow.",
    "rehearsal": "A file that an endpoint names under `rehearsal`: routes for rehearsals.",
    "retrieval": "A file that a collection names under `tests`: questions for its articles.",
}
_KEYS = {IDENTIFIER: "NAME", PHONE: "NUMBER", DAY_RANGE: "DAYS"}


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a file. `schema` is what its value must be."""

    name: str
    schema: Schema
    required: bool
    default: str
    example: str


@dataclass(frozen=True, slots=True)
class Section:
    """One mapping of a file: where it stands, what it is, and its keys."""

    kind: str
    path: tuple[str, ...]
    meaning: str
    keys: tuple[Key, ...]

    @property
    def title(self) -> str:
        """Its heading."""
        return ".".join(self.path) or f"The {self.kind} file"


def language_page(examples: Examples) -> str:
    """Return the page."""
    parts = [*_INTRODUCTION]
    for kind in KINDS:
        sections = list(sections_of(kind, examples))
        titles = {one.path: one.title for one in sections}
        parts += [f"## {kind}", "", FILES.get(kind, ""), ""]
        for one in sections:
            parts += [f"### {one.title}", "", one.meaning, "", *_table(one, titles), ""]
    return "\n".join(parts).rstrip() + "\n"


def sections_of(kind: str, examples: Examples) -> Iterator[Section]:
    """Yield the mappings of a kind of file, outermost first; each type once."""
    root = schema_of_kind(kind)
    definitions: Schema = root.get("$defs", {})
    waiting: list[tuple[tuple[str, ...], Schema, str]] = [((), root, KINDS[kind].__name__)]
    seen = {KINDS[kind].__name__}
    while waiting:
        path, schema, name = waiting.pop(0)
        model = _model(name)
        keys = tuple(_keys(kind, path, schema, model, examples))
        yield Section(kind, path, str(schema.get("description", "")), keys)
        inner: list[tuple[tuple[str, ...], Schema, str]] = []
        for key, what in schema.get("properties", {}).items():
            for where, found, found_name in _mappings(what, (*path, key), definitions):
                if found_name not in seen:
                    seen.add(found_name)
                    inner.append((where, found, found_name))
        waiting = inner + waiting


def _mappings(
    schema: Schema, path: tuple[str, ...], definitions: Schema
) -> Iterator[tuple[tuple[str, ...], Schema, str]]:
    """Yield the mappings with keys of their own that a value may be, or hold, with their place."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield from _mappings({**definitions[name], "title": name}, path, definitions)
    elif "properties" in schema:
        yield path, schema, str(schema.get("title", ".".join(path)))
    else:
        for choice in schema.get("anyOf", []):
            yield from _mappings(choice, path, definitions)
        if isinstance(schema.get("items"), dict):
            yield from _mappings(schema["items"], (*path, "[]"), definitions)
        for pattern, inner in maps_of(schema):
            yield from _mappings(inner, (*path, _KEYS.get(pattern, "NAME")), definitions)


def _model(name: str) -> type[BaseModel] | None:
    """Return the type of a definition; a name that two modules share is spelled out in full."""
    waiting: list[type[Shape]] = [Shape]
    while waiting:
        one = waiting.pop()
        waiting += one.__subclasses__()
        if name in (one.__name__, f"{one.__module__}.{one.__qualname__}".replace(".", "__")):
            return one
    return None


def _keys(
    kind: str,
    path: tuple[str, ...],
    schema: Schema,
    model: type[BaseModel] | None,
    examples: Examples,
) -> Iterator[Key]:
    required = schema.get("required", [])
    real = tuple(ANY if one in ("[]", *_KEYS.values()) else one for one in path)
    for name, what in schema.get("properties", {}).items():
        found = examples.of(kind, (*real, name)) or WRITTEN.get(".".join((*path, name)))
        example = found or f"{name}: {sample(what)}"
        yield Key(name, what, name in required, _default(model, name), example)
    for pattern, what in maps_of(schema):
        name = _KEYS.get(pattern, "NAME")
        fixed = schema.get("properties", {})
        example = examples.of(kind, (*real, ANY), fixed) or f"{name}: {sample(what)}"
        yield Key(name, what, False, "", example)


def _default(model: type[BaseModel] | None, name: str) -> str:
    """Return a default as an author would write it; empty without one that says anything."""
    fields = {} if model is None or name == "" else model.model_fields
    for field_name, field in fields.items():
        if name == (field.alias or field_name):
            value = field.default
            if value is PydanticUndefined or value is None or value == () or value == "":
                return ""
            if isinstance(value, timedelta):
                return _length(value)
            if isinstance(value, bool):
                return str(value).lower()
            return str(value) if isinstance(value, str | int | float) else ""
    return ""


def _length(value: timedelta) -> str:
    ms = round(value.total_seconds() * 1000)
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if ms and ms % size == 0:
            return f"{ms // size}{unit}"
    return f"{ms}ms" if ms else "0s"


def _table(section: Section, titles: dict[tuple[str, ...], str]) -> list[str]:
    rows = []
    for key in section.keys:
        anchor = "-".join((section.kind, *section.path, key.name)).replace("[]", "item").lower()
        default = code(key.default) if key.default else ("required" if key.required else "")
        inside = [title for path, title in titles.items() if _below(path, section, key)]
        see = "".join(f" See [{title}](#{slug(title)})." for title in inside[:1])
        meaning = str(key.schema.get("description", ""))
        rows.append(
            (
                f'<a id="{anchor}"></a>{code(key.name)}',
                described(key.schema),
                default,
                meaning + see,
                code(key.example),
            )
        )
    return table(("key", "type", "default", "meaning", "example"), rows)


def _below(path: tuple[str, ...], section: Section, key: Key) -> bool:
    mine = (*section.path, key.name)
    rest = path[len(mine) :]
    return path[: len(mine)] == mine and all(one in ("[]", *_KEYS.values()) for one in rest)


_INTRODUCTION = (
    "# The vertical language",
    "",
    GENERATED,
    "",
    "Every key of every YAML file, with its type, its default and an example. Most examples are",
    "cut out of the shipped verticals; `...` stands for what was left out. `dialplan check` finds",
    "every problem of a file; [problems](problems.md) explains each. The schemas in `schemas/` say",
    "the same to an editor.",
    "",
    "In headings, `NAME` stands for a name of yours, `NUMBER` for a phone number, `[]` for an item",
    "of a list. A key without a default and without `required` may be left out.",
    "",
    "Types:",
    "",
    *table(
        ("type", "is written"),
        (
            ("text", "as it stands; quotes where YAML needs them. What was written is kept."),
            ("name", "`snake_case`, at most 63 characters"),
            ("length of time", "a number with its unit: `500ms`, `20s`, `15m`, `2h`, `30d`"),
            ("phone number", 'E.164, in quotes or without: `"+15550100001"`'),
            ("path", "inside the vertical's folder"),
            ("yes or no", "`true` or `false`, nothing else"),
            ("whole number, number", "plain digits: `12`, `0.5`"),
            ("any value", "whatever JSON can say"),
        ),
    ),
    "",
    "Keys that hold text for a caller, a prompt or a request are templates (sandboxed Jinja): "
    "`{{ name }}`.",
    "[E309](problems.md#e309) lists what a template knows where.",
    "",
)
