"""YAML files read safely: every value stays the text that was written and knows its place.

Reads files inside one folder only; makes no type of anything (that is `shape`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from dialplan.config.problem import Problem

MOST_BYTES = 512 * 1024
"""The largest file read, in bytes."""
MOST_VALUES = 20_000
"""The most values a file may come to when its aliases are followed."""
DEEPEST = 40
"""The deepest nesting of values, includes counted."""

_STANDARD = "tag:yaml.org,2002:"
_TAGS = frozenset(
    _STANDARD + name
    for name in ("str", "int", "float", "bool", "null", "timestamp", "merge", "seq", "map", "value")
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: line and column from 1."""

    file: str
    line: int
    column: int
    width: int = 1


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a YAML file: text, a list or a mapping."""

    place: Place
    content: str | list[Value] | dict[str, Value]
    plain: bool = False
    keys: dict[str, Place] = field(default_factory=dict)


class _Stop(Exception):
    """Reading cannot go on; the problem is already noted."""


class Source:
    """Reads files of one folder and collects what is wrong with them.

    Attributes:
        problems: everything found so far.
        read: the bytes of every file read, by its path inside the folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems: list[Problem] = []
        self.read: dict[str, bytes] = {}
        self._values = 0
        self._opened: list[Path] = []

    def load(self, name: str) -> Value | None:
        """The values of a file of the folder, or nothing when it cannot be read."""
        self._values = 0
        try:
            return self._file(self.folder / name, Place(str(self.folder / name), 1, 1), 0)
        except _Stop:
            return None

    def text(self, name: str, place: Place) -> str | None:
        """The text of a file of the folder that stands at `place`, or nothing."""
        try:
            return self._text(self.folder / name, place)
        except _Stop:
            return None

    def problem(
        self, place: Place, code: str, message: str, hint: str = "", path: str = ""
    ) -> None:
        """Note an error."""
        self.problems.append(
            Problem(
                place.file,
                place.line,
                place.column,
                code,
                "warning" if code.startswith("W") else "error",
                path,
                message,
                hint,
                place.width,
            )
        )

    def _stop(self, place: Place, code: str, message: str, hint: str = "") -> _Stop:
        self.problem(place, code, message, hint)
        return _Stop()

    def _text(self, file: Path, place: Place) -> str:
        inside = self.folder.resolve()
        if not file.resolve().is_relative_to(inside):
            raise self._stop(
                place, "E107", f"`{file.name}` is outside the folder", "keep files inside it"
            )
        shown = file.relative_to(self.folder).as_posix()
        try:
            with file.open("rb") as stream:
                content = stream.read(MOST_BYTES + 1)
        except OSError as error:
            why = (error.strerror or "unknown reason").lower()
            raise self._stop(place, "E108", f"cannot read `{shown}`: {why}") from error
        if len(content) > MOST_BYTES:
            raise self._stop(
                place, "E106", f"`{shown}` is larger than {MOST_BYTES} bytes", "split it"
            )
        self.read[shown] = content
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise self._stop(place, "E101", f"`{shown}` is not UTF-8 text") from error

    def _file(self, file: Path, place: Place, depth: int) -> Value:
        text = self._text(file, place)
        if file.suffix not in (".yaml", ".yml"):
            return Value(Place(str(file), 1, 1), text)
        if file.resolve() in self._opened:
            raise self._stop(place, "E107", f"`{file.name}` includes itself")
        for number, line in enumerate(text.splitlines(), 1):
            if tab := re.match(r" *\t", line):
                where = Place(str(file), number, tab.end())
                raise self._stop(where, "E103", "a tab in the indentation", "use spaces")
        self._opened.append(file.resolve())
        try:
            node = self._compose(text, str(file))
            if node is None:
                raise self._stop(Place(str(file), 1, 1), "E101", "the file is empty")
            return self._value(node, file, depth, ())
        finally:
            self._opened.pop()

    def _compose(self, text: str, file: str) -> yaml.Node | None:
        try:
            node: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file, 1, 1)
            message = (error.problem or error.context or "not YAML").replace("'", "`")
            code = "E103" if "\\t" in message else "E101"
            raise self._stop(place, code, message, _syntax_hint(message)) from error
        except yaml.YAMLError as error:
            raise self._stop(Place(file, 1, 1), "E101", "not YAML text") from error
        except RecursionError as error:
            raise self._stop(Place(file, 1, 1), "E105", "values are nested too deep") from error
        return node

    def _value(
        self, node: yaml.Node, file: Path, depth: int, above: tuple[yaml.Node, ...]
    ) -> Value:
        mark = node.start_mark
        place = Place(str(file), mark.line + 1, mark.column + 1, _width(node))
        self._values += 1
        if self._values > MOST_VALUES or depth > DEEPEST or node in above:
            raise self._stop(
                place,
                "E105",
                f"more than {MOST_VALUES} values or {DEEPEST} levels, aliases followed",
                "write the values out, or fewer of them",
            )
        above = (*above, node)
        if node.tag == "!include" and isinstance(node, yaml.ScalarNode):
            return self._file(file.parent / node.value, place, depth + 1)
        if node.tag not in _TAGS:
            tag = node.tag.replace(_STANDARD, "!!")
            self.problem(place, "E104", f"unknown tag `{tag}`", "only `!include` is known")
        if isinstance(node, yaml.ScalarNode):
            return Value(place, node.value, plain=node.style is None)
        if isinstance(node, yaml.SequenceNode):
            return Value(place, [self._value(item, file, depth + 1, above) for item in node.value])
        return self._mapping(node, place, file, depth, above)

    def _mapping(
        self,
        node: yaml.Node,
        place: Place,
        file: Path,
        depth: int,
        above: tuple[yaml.Node, ...],
    ) -> Value:
        content: dict[str, Value] = {}
        merged: dict[str, Value] = {}
        keys: dict[str, Place] = {}
        origins: dict[str, Place] = {}
        for key, inner in node.value:
            mark = key.start_mark
            where = Place(str(file), mark.line + 1, mark.column + 1, _width(key))
            if not isinstance(key, yaml.ScalarNode):
                self.problem(where, "E101", "a key must be text")
                continue
            value = self._value(inner, file, depth + 1, above)
            if key.tag == _STANDARD + "merge":
                self._merge(value, merged, origins)
            elif key.value in content:
                first = keys[key.value].line
                self.problem(
                    where, "E102", f"`{key.value}` is given twice", f"first on line {first}"
                )
            else:
                content[key.value], keys[key.value] = value, where
        for name, value in merged.items():
            if name not in content:
                content[name], keys[name] = value, origins[name]
        return Value(place, content, keys=keys)

    def _merge(self, value: Value, merged: dict[str, Value], origins: dict[str, Place]) -> None:
        many = value.content if isinstance(value.content, list) else [value]
        for one in many:
            if not isinstance(one.content, dict):
                self.problem(one.place, "E101", "`<<` takes a mapping or a list of mappings")
                continue
            for name, inner in one.content.items():
                if name not in merged:
                    merged[name], origins[name] = inner, one.keys[name]


def _width(node: yaml.Node) -> int:
    start, end = node.start_mark, node.end_mark
    same = isinstance(node, yaml.ScalarNode) and end.line == start.line
    return max(1, end.column - start.column) if same else 1


def _syntax_hint(message: str) -> str:
    if "mapping values are not allowed" in message:
        return "put text that holds `: ` in quotes"
    if "cannot start any token" in message:
        return "put text that begins with this character in quotes"
    if "but got `?`" in message:
        return "put text that holds `?` in quotes"
    return ""
