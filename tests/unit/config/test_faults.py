"""Every rule of a schema can be told to an author."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dialplan.config.faults import PATTERNS
from dialplan.model.schema import KINDS, PACKAGED

SCHEMAS = [PACKAGED / f"{kind}.schema.json" for kind in KINDS]


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    for inner in node.values() if isinstance(node, dict) else node if type(node) is list else ():
        yield from _nodes(inner)


@pytest.mark.parametrize("file", SCHEMAS, ids=lambda file: file.stem)
def test_no_pattern_is_shown_to_an_author_as_it_is(file: Path) -> None:
    nodes = list(_nodes(json.loads(file.read_text(encoding="utf-8"))))

    patterns = {one["pattern"] for one in nodes if isinstance(one.get("pattern"), str)}
    patterns |= {one for node in nodes for one in node.get("patternProperties", {})}

    assert patterns <= PATTERNS.keys()
