"""The published JSON Schemas (2020-12) of the YAML files, made from the types.

`python -m dialplan.model.schema` writes them into `schemas/`; a test compares.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from dialplan.model.conversation import Conversation
from dialplan.model.rehearsal import Rehearsal
from dialplan.model.shape import Shape
from dialplan.model.tenants import Tenants
from dialplan.model.vertical import Vertical

KINDS: dict[str, type[Shape]] = {
    "vertical": Vertical,
    "tenants": Tenants,
    "conversation": Conversation,
    "rehearsal": Rehearsal,
}
"""Kind of file to its type."""


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


def schema_of(kind: str) -> JsonSchemaValue:
    """The JSON Schema of one kind of file."""
    made = KINDS[kind].model_json_schema(by_alias=True, mode="validation")
    tidy = _tidy(made)
    assert isinstance(tidy, dict)  # noqa: S101  # a schema of a model is a mapping
    return {"$schema": GenerateJsonSchema.schema_dialect, "title": kind, **tidy}


def written(kind: str) -> str:
    """The schema as it stands in its file."""
    return json.dumps(schema_of(kind), indent=2, ensure_ascii=False) + "\n"


def main(folder: Path) -> None:
    """Write every schema into a folder."""
    folder.mkdir(exist_ok=True)
    for kind in KINDS:
        (folder / f"{kind}.schema.json").write_text(written(kind), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "schemas"))
