"""What makes two runs of a tool the same deed. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping

from dialplan.model.tool import Tool

_STATE = re.compile(r"\bstate\.([a-z][a-z0-9_]*)")


def state_read(tool: Tool, declared: Collection[str]) -> frozenset[str]:
    """State that decides what a run does; what the run itself sets is its outcome.

    A function, or a specialist's prompt, may read any of the state that is `declared`.
    """
    if tool.python is not None or tool.specialist is not None:
        return frozenset(declared) - tool.set.keys()
    written = tool.model_dump_json(include={"sql", "http", "confirm", "message", "result"})
    return frozenset({*_STATE.findall(written), *tool.requires} - tool.set.keys())


def key_of(arguments: Mapping[str, object]) -> str:
    """A name for values, the same for the same values."""
    canonical = json.dumps(arguments, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
