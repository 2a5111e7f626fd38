"""Where each value of a YAML file comes from: `file:line`, or the default of its type."""

from __future__ import annotations

from pathlib import Path

from dialplan.config.source import Source
from dialplan.config.steps import Steps, exists, walk
from dialplan.config.values import Place, Value

DEFAULT = "default"
"""The place of a value that no file gives."""


class Places:
    """The places of one file's values, those of the files that it includes among them."""

    def __init__(self, root: Value | None) -> None:
        self._root = root

    @classmethod
    def of_file(cls, path: Path) -> Places:
        """Read the places of a file; one that cannot be read has none."""
        return cls(Source(path.parent).load(path.name))

    def of(self, *steps: str | int) -> str:
        """Return the place of the value that keys and indices lead to.

        A mapping or list stands where its key does, one that is included where its file begins.
        """
        if self._root is None or not exists(self._root, steps):
            return DEFAULT
        value, key = walk(self._root, steps)[0], self._key(steps)
        if key is None or isinstance(value.content, str) or key.file != value.place.file:
            return _shown(value.place)
        return _shown(key)

    def of_key(self, *steps: str | int) -> str:
        """Return the place of the last key itself."""
        if self._root is None or not exists(self._root, steps):
            return DEFAULT
        return _shown(self._key(steps) or walk(self._root, steps)[0].place)

    def _key(self, steps: Steps) -> Place | None:
        if self._root is None or not steps:
            return None
        above, _ = walk(self._root, steps[:-1])
        return above.keys.get(str(steps[-1]))


def _shown(place: Place) -> str:
    return f"{place.file}:{place.line}"
