"""What is wrong with a file, as a value: where, which code, what and what to do. Renderings of it.

A problem never holds a secret; it may hold what the author wrote.
"""

from __future__ import annotations

import difflib
import json
import os
import stat
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Literal
from unicodedata import east_asian_width

from dialplan.config.files import MOST_BYTES
from dialplan.errors import ConfigError

MOST_OF_A_FILE = 200
"""The most problems of one file that are shown."""

_LONGEST_NAME = 64
_MOST_NAMES = 200
_MOST_LISTED = 20
_WIDEST = 160

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing to change, at a place in a file (line and column from 1)."""

    file: str
    line: int
    column: int
    code: str
    severity: Severity
    path: str
    message: str
    hint: str = ""
    width: int = 1


class VerticalProblems(ConfigError):
    """Files have errors; `problems` holds all of them, warnings too."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(problems))
        super().__init__(render_text(self.problems))


def errors_in(problems: Iterable[Problem]) -> bool:
    """Whether anything stops a load."""
    return any(problem.severity == "error" for problem in problems)


def did_you_mean(written: str, known: Iterable[str]) -> str:
    """A hint with the nearest known name, or nothing."""
    near = nearest(written, known)
    return f"did you mean `{near}`?" if near else ""


def nearest(written: str, known: Iterable[str]) -> str:
    """The known name that was most likely meant, or an empty text."""
    length = len(written)
    if length > _LONGEST_NAME:
        return ""
    # Less alike in length cannot be alike enough; where there are many, the likeliest go first.
    likely = [(abs(len(name) - length), name) for name in known if 3 * length >= len(name)]
    names = [name for _, name in sorted(likely)[:_MOST_NAMES]]
    for name in names:
        if name.lower() == written.lower():
            return name
    near = difflib.get_close_matches(written, sorted(names), n=1, cutoff=0.6)
    return near[0] if near else ""


def listed(names: Iterable[str]) -> str:
    """Names in backticks; the first few where there are many."""
    names = list(names)
    few = ", ".join(f"`{name[:_LONGEST_NAME]}`" for name in names[:_MOST_LISTED])
    return f"{few} and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else few


def limited(problems: Iterable[Problem]) -> list[Problem]:
    """The problems once each, sorted, and of each file no more than a person would read."""
    kept: list[Problem] = []
    for file, of_file in groupby(sorted(set(problems)), key=lambda problem: problem.file):
        # Errors go first, so that what is left out never changes whether the file may be served.
        ranked = sorted(of_file, key=lambda problem: problem.severity)
        some, left = sorted(ranked[:MOST_OF_A_FILE]), len(ranked) - MOST_OF_A_FILE
        kept += some
        if left > 0:
            at = (file, some[-1].line, some[-1].column)
            message, hint = f"{left} more in this file are not shown", "mend these and check again"
            kept.append(Problem(*at, "W101", "warning", "", message, hint))
    return kept


def seen_from(folder: Path, problems: Iterable[Problem]) -> list[Problem]:
    """The problems with the paths of their files as one who stands in `folder` writes them."""
    made: list[Problem] = []
    for problem in problems:
        file = Path(os.path.abspath(problem.file))
        inside = file.is_relative_to(folder)
        shown = str(file.relative_to(folder)) if inside else problem.file
        made.append(replace(problem, file=shown))
    return made


def render_text(problems: Iterable[Problem]) -> str:
    """One line a problem, with its source line, a caret and a hint, sorted by place."""
    sources: dict[str, list[str]] = {}
    return "\n".join(_lines(problem, sources) for problem in sorted(problems))


def render_json(problems: Iterable[Problem]) -> str:
    """The same problems as a JSON object with one list."""
    found = [asdict(problem) for problem in sorted(problems)]
    return json.dumps({"problems": found}, indent=2, ensure_ascii=False)


def render_github(problems: Iterable[Problem]) -> str:
    """The same problems as workflow commands, which GitHub shows beside the lines of a change."""
    return "\n".join(map(_command, sorted(problems)))


def _command(problem: Problem) -> str:
    words = f"{problem.path}: {problem.message}" if problem.path else problem.message
    if problem.hint:
        words += f" ({problem.hint})"
    facts = {
        "file": problem.file,
        "line": problem.line,
        "col": problem.column,
        "endColumn": problem.column + problem.width,
        "title": problem.code,
    }
    properties = ",".join(f"{name}={_property(str(fact))}" for name, fact in facts.items())
    return f"::{problem.severity} {properties}::{_data(words)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _lines(problem: Problem, sources: dict[str, list[str]]) -> str:
    path = f"{problem.path}: " if problem.path else ""
    place = f"{problem.file}:{problem.line}:{problem.column}"
    parts = [f"{place}: {problem.code} {path}{problem.message}"]
    if problem.file not in sources:
        sources[problem.file] = _source(problem.file)
    source = sources[problem.file]
    if 0 < problem.line <= len(source) and source[problem.line - 1].strip():
        text, column = _window(source[problem.line - 1], problem.column)
        width = max(1, min(problem.width, len(text) - column + 1))
        parts.append(f"    {problem.line:>4} | {_visible(text)}".rstrip())
        parts.append(f"         | {_blank(text[: column - 1])}{'^' * width}")
    if problem.hint:
        parts.append(f"         = {problem.hint}")
    return "\n".join(parts)


def _window(line: str, column: int) -> tuple[str, int]:
    """The part of a long line that stands around a column, and the column in it."""
    if len(line) <= _WIDEST:
        return line, column
    start = max(0, min(column - _WIDEST // 2, len(line) - _WIDEST))
    before, after = "…" if start else "", "…" if start + _WIDEST < len(line) else ""
    return before + line[start : start + _WIDEST] + after, column - start + len(before)


def _visible(text: str) -> str:
    # A file may hold what a terminal would obey.
    return "".join(one if one.isprintable() else " " for one in text)


def _blank(text: str) -> str:
    # As wide as the text above it: a caret under Chinese or an emoji stands right in a terminal.
    return "".join("  " if east_asian_width(one) in "WF" else " " for one in text)


def _source(file: str) -> list[str]:
    try:
        with Path(file).open("rb") as stream:
            content = stream.read(MOST_BYTES) if stat.S_ISREG(os.stat(file).st_mode) else b""
    except OSError:
        return []
    return content.decode("utf-8", errors="replace").replace("\r", " ").split("\n")
