"""Where a finding goes: to the place of a value, or into the text that a value holds."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from dialplan.config.shape import Typed
from dialplan.config.source import Source
from dialplan.config.steps import Steps, locate, walk
from dialplan.config.values import Place

_LITERAL = re.compile(r"(?:[&!]\S+\s+)*\|[+-]?\s*(?:#.*)?$")


class Notes:
    """Notes findings about one file and those that it includes, but none about what is broken."""

    def __init__(self, source: Source, made: Typed[Any]) -> None:
        self._source = source
        self._made = made
        self._root = made.root
        self._lines: dict[str, list[str]] = {}

    def hint(self, written: str, known: Collection[str]) -> str:
        """Return a hint with the nearest known name, or nothing."""
        return self._source.hint(written, known)

    def written(self, steps: Steps) -> Steps:
        """Steps as far as the file has them: a short form lacks the last ones."""
        return walk(self._root, steps)[1]

    def at(
        self, steps: Steps, code: str, message: str, hint: str = "", *, key: bool = False
    ) -> None:
        """Note a finding at a value, or with `key` at its key."""
        if self._made.open(*steps):
            return
        place, path = locate(self._root, steps, key=key)
        self._source.problem(place, code, message, hint, path)

    def inside(
        self,
        steps: Steps,
        text: str,
        span: tuple[int, int],
        code: str,
        message: str,
        hint: str = "",
    ) -> None:
        """Note a finding in the text of a value: `span` is in characters of that text.

        Texts that YAML folds or unescapes have no such places: then it is noted at their start.
        """
        # A tool with a broken part may lack the very parameter that its SQL binds.
        if self._made.open(*steps) or self._made.lost(*steps[:2]):
            return
        place, path = locate(self._root, steps)
        self._source.problem(self._within(place, text, span), code, message, hint, path)

    def _within(self, place: Place, text: str, span: tuple[int, int]) -> Place:
        start, end = span
        lines = self._read(place.file)
        before = text[:start]
        row, column = before.count("\n"), start - (before.rfind("\n") + 1)
        width = max(1, len(text[start:end].split("\n")[0]))
        if not place.file.endswith((".yaml", ".yml")):
            return Place(place.file, place.line + row, column + 1, width)
        if place.line > len(lines):
            return place
        rest = lines[place.line - 1][place.column - 1 :]
        if _LITERAL.match(rest):
            block = lines[place.line :]
            first = next((line for line in block if line.strip()), "")
            indent = len(first) - len(first.lstrip(" "))
            return Place(place.file, place.line + 1 + row, indent + column + 1, width)
        for lead in (0, 1):
            if (lead == 0 or rest[:1] in ("'", '"')) and rest[lead:].startswith(text):
                return Place(place.file, place.line, place.column + lead + start, width)
        return place

    def _read(self, file: str) -> list[str]:
        if file not in self._lines:
            prefix = f"{self._source.folder}/"
            content = self._source.read.get(file.removeprefix(prefix), b"")
            self._lines[file] = content.decode(errors="replace").splitlines()
        return self._lines[file]
