"""The YAML files of one folder, and what is wrong with them.

Reads files inside the folder only; makes no type of anything (that is `shape`).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from dialplan.config import files
from dialplan.config.files import Fault, File
from dialplan.config.problem import MOST_OF_A_FILE, Problem, Severity, did_you_mean
from dialplan.config.reader import Opened, Reader, Size, Stop, TooMuch
from dialplan.config.values import Place, Value

MOST_INCLUDES = 200
"""The most files that one may include, and those in turn."""


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
        self._size = Size()
        self._hints = 0
        self._includes = 0

    def load(self, name: str) -> Value | None:
        """The values of a file of the folder, or nothing when it cannot be read."""
        self._size, self._includes = Size(), 0
        place = Place(str(self.folder / name), 1, 1)
        try:
            file = files.inside(self.folder, name, self.folder)
            return self.values(file, place, 0, ())
        except Fault as fault:
            self.fault(fault, place)
        except Stop:
            pass
        return None

    def text(self, name: str, place: Place) -> str | None:
        """The text of a file of the folder that stands at `place`, or nothing."""
        try:
            file = files.inside(self.folder, name, self.folder)
            return self._read(file, place).text
        except Fault as fault:
            self.fault(fault, place)
        except Stop:
            pass
        return None

    def problem(
        self, place: Place, code: str, message: str, hint: str = "", path: str = ""
    ) -> None:
        """Note a problem; a code that begins with W is a warning."""
        severity: Severity = "warning" if code.startswith("W") else "error"
        at = (place.file, place.line, place.column)
        self.problems.append(Problem(*at, code, severity, path, message, hint, place.width))

    def hint(self, written: str, known: Iterable[str]) -> str:
        """What was meant, most likely; nothing once there are more problems than anyone is shown.

        Comparing names is the dearest part of a check, and a file may hold thousands of bad ones.
        """
        self._hints += 1
        return did_you_mean(written, known) if self._hints <= MOST_OF_A_FILE else ""

    def fault(self, fault: Fault, place: Place) -> None:
        """Note why a file, named at `place`, cannot be read."""
        if fault.line:
            place = Place(place.file, fault.line, fault.column)
        self.problem(place, fault.code, fault.message, fault.hint)

    def include(self, name: str, by: Path, place: Place, depth: int, opened: Opened) -> Value:
        """The values of a file that another one includes; a broken value when it has none."""
        self._includes += 1
        if self._includes > MOST_INCLUDES:
            message = f"more than {MOST_INCLUDES} files are included"
            self.problem(place, "E105", message, "include fewer, larger ones")
            raise TooMuch
        try:
            return self.values(files.inside(self.folder, name, by.parent), place, depth, opened)
        except Fault as fault:
            self.fault(fault, place)
        except TooMuch:
            raise
        except Stop:
            pass
        return Value(place, "", broken=True)

    def values(self, file: Path, place: Place, depth: int, opened: Opened) -> Value:
        """The values of one file, which is named at `place`."""
        real = file.resolve()
        if real in opened:
            raise Fault("E107", f"`{file.name}` includes itself")
        read = self._read(file, place)
        start = Place(str(file), 1, 1)
        if file.suffix not in (".yaml", ".yml"):
            self._size.add(self, start, depth, values=0, characters=len(read.text))
            return Value(start, read.text)
        try:
            files.check_lines(read.text)
            return Reader(self, self._size, file, (*opened, real)).document(read.text, depth)
        except Fault as fault:
            self.fault(fault, start)
            raise Stop from fault

    def _read(self, file: Path, place: Place) -> File:
        try:
            read = files.read(self.folder, file)
        except Fault as fault:
            self.fault(fault, Place(str(file), 1, 1) if fault.line else place)
            raise Stop from fault
        self.read[read.name] = read.content
        return read
