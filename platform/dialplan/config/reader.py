"""One YAML file from the events of its parser: values with places, within limits.

Includes are handed back to whoever reads the folder (`source`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

import yaml

from dialplan.config.files import MOST_BYTES, Fault
from dialplan.config.values import Place, Value

MOST_VALUES = 50_000
"""The most values a file may come to when its aliases and includes are followed."""
MOST_CHARACTERS = 2 * MOST_BYTES
"""The most characters those values may hold together."""
DEEPEST = 40
"""The deepest nesting of values, includes counted."""

_TAGS = {None, "!", *("tag:yaml.org,2002:" + kind for kind in ("str", "seq", "map"))}
_MERGE = "tag:yaml.org,2002:merge"


class Stop(Exception):
    """Reading a file cannot go on; the problem is already noted."""


class TooMuch(Stop):
    """Reading cannot go on at all: a limit of the whole is reached."""


class Notes(Protocol):
    """Where a reader notes what is wrong, and asks for what a file includes."""

    def problem(
        self, place: Place, code: str, message: str, hint: str = "", path: str = ""
    ) -> None:
        """Note a problem."""

    def hint(self, written: str, known: Iterable[str]) -> str:
        """What was meant, most likely."""

    def include(self, name: str, by: Path, place: Place, depth: int, opened: Opened) -> Value:
        """The values of a file that another one includes."""


class _Mark(Protocol):
    line: int
    column: int


class _Event(Protocol):
    """What libyaml tells; which of these are there depends on the kind of event."""

    start_mark: _Mark
    end_mark: _Mark
    anchor: str | None
    tag: str | None
    value: str
    style: str | None


Opened = tuple[Path, ...]


@dataclass(slots=True)
class Size:
    """How much has been read; aliases and includes count each time that they are used."""

    values: int = 0
    characters: int = 0
    deepest: int = 0

    def add(self, notes: Notes, place: Place, depth: int, *, values: int, characters: int) -> None:
        """Count something read at a place; over a limit, stop."""
        self.values += values
        self.characters += characters
        self.deepest = max(self.deepest, depth)
        if self.values > MOST_VALUES or depth > DEEPEST or self.characters > MOST_CHARACTERS:
            notes.problem(
                place,
                "E105",
                f"more than {MOST_VALUES} values, {MOST_CHARACTERS} characters or {DEEPEST} "
                "levels, aliases followed",
                "write the values out, or fewer of them",
            )
            raise TooMuch


@dataclass(frozen=True, slots=True)
class _Anchored:
    """A value with a name, and what using it again adds; nothing while it is still open."""

    value: Value | None = None
    values: int = 0
    characters: int = 0
    height: int = 0


class Reader:
    """Builds the values of one file from the events of its parser.

    Events, not nodes: libyaml and PyYAML compose nested nodes by recursion without a limit, and
    the parser itself grows slow with depth; so reading stops at the first event too many.
    """

    def __init__(self, notes: Notes, size: Size, file: Path, opened: Opened) -> None:
        self._notes = notes
        self._size = size
        self._file = file
        self._name = str(file)
        self._opened = opened
        self._anchors: dict[str, _Anchored] = {}

    def document(self, text: str, depth: int) -> Value:
        """The value of the one document of a file."""
        parser = yaml.CSafeLoader(text)
        self._next = cast("Callable[[], _Event]", parser.get_event)
        try:
            self._next()
            if isinstance(self._next(), yaml.StreamEndEvent):
                raise Fault("E101", "the file is empty", line=1)
            value = self._value(self._next(), depth)
            self._next()
            after = self._next()
            if not isinstance(after, yaml.StreamEndEvent):
                line, column = after.start_mark.line + 1, after.start_mark.column + 1
                message, hint = "a second document begins", "write one document a file"
                raise Fault("E101", message, hint, line=line, column=column)
            return value
        except yaml.MarkedYAMLError as error:
            raise _syntax(error, text) from error
        except yaml.YAMLError as error:
            raise Fault("E101", "not YAML text", line=1) from error
        finally:
            parser.dispose()

    def _place(self, event: _Event) -> Place:
        start, end = event.start_mark, event.end_mark
        flat = isinstance(event, yaml.ScalarEvent | yaml.AliasEvent) and start.line == end.line
        width = max(1, end.column - start.column) if flat else 1
        return Place(self._name, start.line + 1, start.column + 1, width)

    def _value(self, event: _Event, depth: int) -> Value:
        place = self._place(event)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event.anchor or "", place, depth)
        length = len(event.value) if isinstance(event, yaml.ScalarEvent) else 0
        before = (self._size.values, self._size.characters, self._size.deepest)
        self._size.deepest = depth
        self._size.add(self._notes, place, depth, values=1, characters=length)
        anchor: str | None = event.anchor
        if anchor is not None:
            if anchor in self._anchors:
                self._notes.problem(place, "E102", f"the anchor `&{anchor[:60]}` is given twice")
            self._anchors[anchor] = _Anchored()
        value = self._content(event, place, depth)
        if anchor is not None:
            size = self._size
            used = (size.values - before[0], size.characters - before[1], size.deepest - depth)
            self._anchors[anchor] = _Anchored(value, *used)
        self._size.deepest = max(before[2], self._size.deepest)
        return value

    def _content(self, event: _Event, place: Place, depth: int) -> Value:
        scalar = isinstance(event, yaml.ScalarEvent)
        if event.tag == "!include" and scalar:
            return self._notes.include(event.value, self._file, place, depth + 1, self._opened)
        if event.tag not in _TAGS:
            tag = (event.tag or "").replace("tag:yaml.org,2002:", "!!")[:60]
            hint = "only `!include` is known; a value is read as what its key wants"
            self._notes.problem(place, "E104", f"unknown tag `{tag}`", hint)
        if scalar:
            if "\0" in event.value:
                self._notes.problem(place, "E109", "the text holds the character U+0000")
            return Value(place, event.value, plain=not event.style and event.tag is None)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(place, depth)
        items: list[Value] = []
        while not isinstance(item := self._next(), yaml.SequenceEndEvent):
            items.append(self._value(item, depth + 1))
        return Value(place, items)

    def _alias(self, name: str, place: Place, depth: int) -> Value:
        known = self._anchors.get(name)
        if known is None:
            hint = self._notes.hint(name, self._anchors)
            self._notes.problem(place, "E101", f"no anchor named `&{name[:60]}` above", hint)
            return Value(place, "", broken=True)
        if known.value is None:
            message = f"the alias `*{name[:60]}` stands inside what it names"
            self._notes.problem(place, "E105", message, "write the values out")
            raise TooMuch
        self._size.add(
            self._notes,
            place,
            depth + known.height,
            values=known.values,
            characters=known.characters,
        )
        return known.value

    def _mapping(self, place: Place, depth: int) -> Value:
        content: dict[str, Value] = {}
        merged: dict[str, Value] = {}
        keys: dict[str, Place] = {}
        origins: dict[str, Place] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            where = self._place(event)
            merges = isinstance(event, yaml.ScalarEvent) and _merges(event)
            if merges and event.tag is not None:
                event.tag = None
            key = self._value(event, depth + 1)
            value = self._value(self._next(), depth + 1)
            name = key.content
            if merges:
                self._merge(value, merged, origins)
            elif not isinstance(name, str):
                self._notes.problem(where, "E101", "a key must be text")
            elif name in content:
                hint = f"first on line {keys[name].line}"
                self._notes.problem(where, "E102", f"`{name[:60]}` is given twice", hint)
            else:
                content[name], keys[name] = value, where
        for name, value in merged.items():
            if name not in content:
                content[name], keys[name] = value, origins[name]
        return Value(place, content, keys=keys)

    def _merge(self, value: Value, merged: dict[str, Value], origins: dict[str, Place]) -> None:
        many = value.content if isinstance(value.content, list) else [value]
        for one in many:
            if one.broken:
                continue
            if not isinstance(one.content, dict):
                message = "`<<` takes a mapping or a list of mappings"
                self._notes.problem(one.place, "E101", message)
                continue
            for name, inner in one.content.items():
                if name not in merged:
                    merged[name], origins[name] = inner, one.keys[name]


def _merges(event: _Event) -> bool:
    return event.value == "<<" and (event.tag == _MERGE or (not event.style and event.tag is None))


def _syntax(error: yaml.MarkedYAMLError, text: str) -> Fault:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    message = (error.problem or error.context or "not YAML").replace("'", "`")
    written = text.split("\n")[line - 1 : line]
    if "cannot start any token" in message and written and written[0][column - 1 :][:1] == "\t":
        return Fault("E103", "a tab where a value begins", "use spaces", line=line, column=column)
    hint = next((hint for words, hint in _HINTS.items() if words in message), "")
    if not hint and error.context and error.context_mark:
        begun = error.context.removeprefix("while ").replace("'", "`")
        hint = f"{begun} that begins on line {error.context_mark.line + 1}"
    return Fault("E101", message, hint, line=line, column=column)


_HINTS = {
    "mapping values are not allowed": "put text that holds `: ` in quotes",
    "cannot start any token": "put text that begins with this character in quotes",
    "did not find expected `,` or": "a bracket is not closed, or text that holds `?` needs quotes",
    "could not find expected `:`": "a `:` is missing here, or a quote above is not closed",
    "unexpected end of stream": "a quote is not closed",
    "invalid Unicode character escape": "write the character itself, in UTF-8",
}
"""What to do, by words of libyaml."""
