"""The published JSON Schemas (2020-12) of the YAML files, made from the types.

`python -m dialplan.model.schema` writes them into `schemas/`, where editors find them, and into
the package, where the loader does; a test compares. Nothing else imports this module.
"""

from __future__ import annotations

import ast
import inspect
import itertools
import json
import textwrap
from pathlib import Path

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from dialplan.model.conversation import Conversation
from dialplan.model.rehearsal import Rehearsal
from dialplan.model.retrieval import Retrieval
from dialplan.model.shape import Shape
from dialplan.model.tenants import Tenants
from dialplan.model.vertical import Vertical

KINDS: dict[str, type[Shape]] = {
    "vertical": Vertical,
    "tenants": Tenants,
    "conversation": Conversation,
    "rehearsal": Rehearsal,
    "retrieval": Retrieval,
}
"""Kind of file to its type."""
PACKAGED = Path(__file__).parents[1] / "config" / "schemas"
"""Where the loader finds them."""


def _tidy(node: object) -> object:
    """Close the maps of names, drop `null` where a key is only left out, and drop noise."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    tidy: dict[str, object] = {}
    for key, value in node.items():
        if key in ("properties", "$defs", "patternProperties"):
            tidy[key] = {name: _tidy(inner) for name, inner in value.items()}
        elif key not in ("title", "default"):
            tidy[key] = _tidy(value)
    if "patternProperties" in tidy:
        tidy["additionalProperties"] = False
    choices = tidy.get("anyOf")
    if isinstance(choices, list) and {"type": "null"} in choices:
        rest = [choice for choice in choices if choice != {"type": "null"}]
        if len(rest) == 1:
            del tidy["anyOf"]
            return {**rest[0], **tidy}
        tidy["anyOf"] = rest
    return tidy


def _described(schema: dict[str, JsonSchemaValue], owner: type[Shape]) -> None:
    """Give each key of a type what stands below it in the source."""
    words = _words_below(owner)
    for name, field in owner.model_fields.items():
        key = field.alias or name
        if name in words and key in schema.get("properties", {}):
            said = schema["properties"][key]
            schema["properties"][key] = {"description": words[name]} | said


def _words_below(owner: type[Shape]) -> dict[str, str]:
    body = ast.parse(textwrap.dedent(inspect.getsource(owner))).body[0]
    assert isinstance(body, ast.ClassDef)  # noqa: S101  # the source of a class is a class
    found: dict[str, str] = {}
    for field, below in itertools.pairwise(body.body):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[name] = inspect.cleandoc(text)
    return found


def _types(owner: type[Shape]) -> dict[str, type[Shape]]:
    found = {one.__name__: one for one in owner.__subclasses__()}
    return found | {name: one for sub in found.values() for name, one in _types(sub).items()}


def described(kind: str) -> JsonSchemaValue:
    """The schema of one kind of file as pydantic makes it, with the words below each key."""
    made = KINDS[kind].model_json_schema(by_alias=True, mode="validation")
    types = _types(Shape)
    _described(made, KINDS[kind])
    for name, schema in made.get("$defs", {}).items():
        if name in types:
            _described(schema, types[name])
    return made


def schema_of(kind: str) -> JsonSchemaValue:
    """The JSON Schema of one kind of file."""
    tidy = _tidy(described(kind))
    assert isinstance(tidy, dict)  # noqa: S101  # a schema of a model is a mapping
    return {"$schema": GenerateJsonSchema.schema_dialect, "title": kind, **tidy}


def written(kind: str) -> str:
    """The schema as it stands in its file."""
    return json.dumps(schema_of(kind), indent=2, ensure_ascii=False) + "\n"


def main(*folders: Path) -> None:
    """Write every schema into each folder."""
    for folder in folders:
        folder.mkdir(exist_ok=True)
        for kind in KINDS:
            (folder / f"{kind}.schema.json").write_text(written(kind), encoding="utf-8")


if __name__ == "__main__":
    main(Path("schemas"), PACKAGED)
