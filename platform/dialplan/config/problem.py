"""What is wrong with a file, as a value: where, which code, what and what to do. Renderings of it.

A problem never holds a secret; it may hold what the author wrote.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from dialplan.errors import ConfigError

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
    near = difflib.get_close_matches(written, sorted(known), n=1, cutoff=0.6)
    return f"did you mean `{near[0]}`?" if near else ""


def render_text(problems: Iterable[Problem]) -> str:
    """One line a problem, with its source line, a caret and a hint, sorted by place."""
    sources: dict[str, list[str]] = {}
    return "\n".join(_lines(problem, sources) for problem in sorted(problems))


def render_json(problems: Iterable[Problem]) -> str:
    """The same problems as a JSON list."""
    return json.dumps([asdict(problem) for problem in sorted(problems)], indent=2)


def _lines(problem: Problem, sources: dict[str, list[str]]) -> str:
    path = f"{problem.path}: " if problem.path else ""
    place = f"{problem.file}:{problem.line}:{problem.column}"
    parts = [f"{place}: {problem.code} {path}{problem.message}"]
    if problem.file not in sources:
        sources[problem.file] = _source(problem.file)
    source = sources[problem.file]
    if 0 < problem.line <= len(source) and source[problem.line - 1].strip():
        text = source[problem.line - 1].replace("\t", " ")
        width = max(1, min(problem.width, len(text) - problem.column + 1))
        parts.append(f"    {problem.line:>4} | {text}")
        parts.append(f"         | {' ' * (problem.column - 1)}{'^' * width}")
    if problem.hint:
        parts.append(f"         = {problem.hint}")
    return "\n".join(parts)


def _source(file: str) -> list[str]:
    try:
        return Path(file).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
