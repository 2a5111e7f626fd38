"""Values against the published JSON Schema: typed data, and located problems, all at once.

Where a file is broken, what is broken is left out or stood in for, so that the rest of the file
can still be judged; `Typed.holes` says where, and nothing may be concluded from what stands there.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, KeysView
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import ValidationError as ModelError

from dialplan.config.contract import Contract, Schema, contract, plain
from dialplan.config.faults import leaves, missing_keys, report, unknown_keys
from dialplan.config.problem import MOST_OF_A_FILE, nearest
from dialplan.config.source import Source
from dialplan.config.steps import Steps, exists, locate, names, walk
from dialplan.config.values import Value
from dialplan.model.shape import Shape

if TYPE_CHECKING:
    from jsonschema import ValidationError

Kind = TypeVar("Kind", bound=Shape)

_MOST_ROUNDS = 8
"""How often what is broken is looked for again after something was left out."""


@dataclass(frozen=True, slots=True)
class Typed(Generic[Kind]):
    """A file as a value of its type, with where it is broken.

    Attributes:
        holes: ways to what is left out or stood in for; empty in a file that may be used.
    """

    content: Kind
    root: Value
    holes: frozenset[Steps] = frozenset()
    _above: frozenset[Steps] = field(init=False)

    def __post_init__(self) -> None:
        above = {hole[:size] for hole in self.holes for size in range(len(hole) + 1)}
        object.__setattr__(self, "_above", frozenset(above))

    def unsure(self, *steps: str | int) -> bool:
        """Whether the value there is a stand-in, or nothing of the file's own."""
        return self.open(*steps) or not exists(self.root, steps)

    def open(self, *steps: str | int) -> bool:
        """Whether a mapping or list may have held more than can be read: it, or more, is broken."""
        return any(steps[:size] in self.holes for size in range(len(steps) + 1))

    def lost(self, *steps: str | int) -> bool:
        """Whether anything there, or below, is broken: what is absent may have been meant."""
        return self.open(*steps) or steps in self._above

    def named(self, *steps: str | int) -> KeysView[str]:
        """The names that a mapping of the file declares, whether what they hold is right or not."""
        return names(self.root, *steps)


def typed(source: Source, root: Value, kind: type[Kind]) -> Typed[Kind] | None:
    """The file as a value of its type; its problems are in `source`. Nothing when none is left."""
    agreed = contract(kind)
    mending = _Mending(plain(root, agreed.schema))
    faults = [leaf for error in agreed.faults(mending.data) for leaf in leaves(error)]
    for fault in faults:
        report(source, root, fault)
    for fault in faults:
        mending.mend(fault)
    for _ in range(_MOST_ROUNDS):
        if mending.holes and not mending.close(agreed):
            return None
        try:
            made = kind.model_validate(mending.data)
        except ModelError as errors:
            for wrong in errors.errors(include_url=False, include_input=False):
                steps: Iterable[object] = wrong["loc"]
                if key := wrong.get("ctx", {}).get("key"):
                    steps = (*steps, key)
                _, taken = walk(root, steps)
                if not mending.covers(taken):
                    place, path = locate(root, steps)
                    message = wrong["msg"].removeprefix("Value error, ")
                    source.problem(place, "E207", message[:1].lower() + message[1:], path=path)
                mending.drop(taken)
        else:
            return Typed(made, root, frozenset(mending.holes))
    return None


class _Mending:
    """Leaves out of plain data what its schema refuses, and stands in for what it misses."""

    def __init__(self, data: Any) -> None:
        self.data = data
        self.holes: set[Steps] = set()

    def close(self, agreed: Contract) -> bool:
        """Mend until nothing is refused; false when that does not end."""
        for _ in range(_MOST_ROUNDS):
            errors = [leaf for error in agreed.faults(self.data) for leaf in leaves(error)]
            if not errors:
                return True
            for error in errors:
                self.mend(error)
        return False

    def covers(self, steps: Steps) -> bool:
        """Whether there is a hole at these steps, above or below."""
        if any(steps[:size] in self.holes for size in range(len(steps) + 1)):
            return True
        return any(hole[: len(steps)] == steps for hole in self.holes)

    def mend(self, error: ValidationError) -> None:
        """Make one fault go away."""
        steps: Steps = tuple(error.absolute_path)
        schema: Schema = error.schema if isinstance(error.schema, dict) else {}
        owner = self._at(steps)
        known: Schema = schema.get("properties", {})
        if error.validator == "additionalProperties" and isinstance(owner, dict):
            for number, key in enumerate(unknown_keys(error)):
                owner.pop(key, None)
                self.holes.add((*steps, key))
                if number < MOST_OF_A_FILE and (meant := nearest(key, known)):
                    self.holes.add((*steps, meant))
        elif error.validator == "required" and isinstance(owner, dict) and _stand_ins(error):
            for key in missing_keys(error):
                self.holes.add((*steps, key))
                owner[key] = _example(known[key])
        else:
            self.drop(steps)

    def drop(self, steps: Steps) -> None:
        """Leave out a value; of a list, the whole list, since its other items would move."""
        while steps and not isinstance(steps[-1], str):
            steps = steps[:-1]
        self.holes.add(steps)
        owner = self._at(steps[:-1])
        if not steps:
            self.data = {}
        elif isinstance(owner, dict):
            owner.pop(steps[-1], None)

    def _at(self, steps: Steps) -> Any:
        value = self.data
        for step in steps:
            if isinstance(value, dict) and step in value:
                value = value[step]
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                value = value[step]
            else:
                return None
        return value


def _stand_ins(error: ValidationError) -> bool:
    # Every key of the published schemas has an example; a rule about several keys has none.
    schema: Schema = error.schema if isinstance(error.schema, dict) else {}
    known: Schema = schema.get("properties", {})
    return all(known.get(key, {}).get("examples") for key in missing_keys(error))


def _example(schema: Schema) -> object:
    return copy.deepcopy(schema["examples"][0])
