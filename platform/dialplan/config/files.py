"""Files of one folder read as text: regular files inside it, of a stated size, plain UTF-8.

Knows nothing of YAML (that is `source`); says what is wrong as a fault with its line and column.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

MOST_BYTES = 512 * 1024
"""The largest file read, in bytes."""
LONGEST_LINE = 10_000
"""The most characters in one line of YAML."""

_ODD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""What no editor shows and YAML takes for a line end or refuses: line numbers would drift."""
_TAB = re.compile(r"^ *\t", re.MULTILINE)


class Fault(Exception):
    """Why a file cannot be read; without a line, the fault is with the one who named the file."""

    def __init__(
        self, code: str, message: str, hint: str = "", *, line: int = 0, column: int = 1
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.hint = code, message, hint
        self.line, self.column = line, column


@dataclass(frozen=True, slots=True)
class File:
    """A file that was read: its path inside the folder, its bytes and its text."""

    name: str
    content: bytes
    text: str


def inside(folder: Path, name: str, beside: Path) -> Path:
    """The path that `name` means when it is written in a file that stands in `beside`."""
    steps = PurePosixPath(name)
    if steps.is_absolute() or ".." in steps.parts or "\0" in name:
        raise Fault(
            "E107",
            f"`{_short(name)}` is outside the folder",
            "write a path below this file, without `..`",
        )
    file = beside / name
    try:
        real = file.resolve()
    except (OSError, RuntimeError) as error:
        raise Fault("E108", f"cannot read `{_short(name)}`: it cannot be resolved") from error
    if not real.is_relative_to(folder.resolve()):
        raise Fault("E107", f"`{_short(name)}` is outside the folder", "keep files inside it")
    return file


def read(folder: Path, file: Path) -> File:
    """Read a file that stands inside the folder."""
    shown = _short(file.relative_to(folder).as_posix())
    try:
        content = _content(file)
    except OSError as error:
        why = (error.strerror or "unknown reason").lower()
        raise Fault("E108", f"cannot read `{shown}`: {why}") from error
    if content is None:
        raise Fault("E108", f"cannot read `{shown}`: not a regular file")
    if len(content) > MOST_BYTES:
        raise Fault("E106", f"`{shown}` is larger than {MOST_BYTES} bytes", "split it")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8")
        line, column = _place(before, len(before))
        message = f"`{shown}` is not UTF-8 text"
        raise Fault("E101", message, "save it as UTF-8", line=line, column=column) from error
    if odd := _ODD.search(text):
        line, column = _place(text, odd.start())
        message, hint = _odd(odd[0], odd.start())
        raise Fault("E109", message, hint, line=line, column=column)
    return File(file.relative_to(folder).as_posix(), content, text)


def check_lines(text: str) -> None:
    """Refuse what a YAML file must not have in its lines: tabs that indent, and endless lines."""
    if tab := _TAB.search(text):
        line, column = _place(text, tab.end() - 1)
        raise Fault("E103", "a tab in the indentation", "use spaces", line=line, column=column)
    for number, line_text in enumerate(text.split("\n"), 1):
        if len(line_text) > LONGEST_LINE:
            message = f"the line is longer than {LONGEST_LINE} characters"
            hint = "fold the text with `>`, or put it into a file of its own"
            raise Fault("E106", message, hint, line=number, column=LONGEST_LINE + 1)


def _content(file: Path) -> bytes | None:
    # Without O_NONBLOCK a FIFO would hold us until somebody writes into it.
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        return stream.read(MOST_BYTES + 1)


def _place(text: str, index: int) -> tuple[int, int]:
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)


def _odd(character: str, index: int) -> tuple[str, str]:
    if character == "\r":
        return "a line ends with a carriage return", "save the file with LF line ends"
    if character == "\ufeff" and index == 0:
        return "the file begins with a byte order mark", "save it as UTF-8 without one"
    return (
        f"the character U+{ord(character):04X} cannot be seen and has no place here",
        'remove it; in text in double quotes, write it as an escape such as "\\u00a0"',
    )


def _short(name: str) -> str:
    return name.replace("\n", " ")[:100]
