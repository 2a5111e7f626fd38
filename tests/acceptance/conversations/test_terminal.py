"""`dialplan test` at a real terminal: its bar, and what Ctrl-C leaves behind."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import psutil  # type: ignore[import-untyped]  # ships no types
import pytest

from dialplan.store.embedded import start_embedded
from dialplan.store.throwaway import PREFIX

Shop = Callable[[Mapping[str, str]], Path]

ROOT = Path(__file__).parents[3]
ROWS, COLUMNS = 40, 160
GOOD = 'turns: [{caller: Hello there., model: [{say: "Good morning."}], expect: {says: morning}}]\n'
BAD = GOOD.replace("says: morning", "says: evening")
# More than a minute of it: the test's own limit ends before it does.
LONG = "turns:\n" + 60 * f"  - {{caller: Hello there., model: [{{say: {'word ' * 60}}}]}}\n"
BAR = "\N{BOX DRAWINGS HEAVY HORIZONTAL}"
COUNT = re.compile(r"(\d+)/(\d+)")
# An interpreter with so many modules takes seconds to end on a busy machine.
ENDS_S = 60.0

# Each starts an interpreter and a database, beside other work.
pytestmark = pytest.mark.timeout(400)


def screen_of(written: str) -> list[str]:
    """Return the lines that a terminal shows once this was written to it; fails on what is new."""
    lines, row, column = [""], 0, 0
    for control, text in re.findall(r"(\x1b\[[?0-9;]*[a-zA-Z]|\r|\n)|([^\x1b\r\n]+)", written):
        if text:
            lines[row] = lines[row][:column].ljust(column) + text + lines[row][column + len(text) :]
            column += len(text)
        elif control == "\r":
            column = 0
        elif control == "\n":
            row += 1
            lines += [""] * (row == len(lines))
        elif control == "\x1b[2K":
            lines[row] = ""
        elif control[-1] == "A":
            row -= int(control[2:-1])
        else:
            assert control[-1] == "m" or control in ("\x1b[?25l", "\x1b[?25h"), repr(control)
    return [line.rstrip() for line in lines if line.strip()]


class Terminal:
    """The command in a session of its own, at a terminal that it is the foreground of."""

    def __init__(self, folder: Path, data: Path) -> None:
        self.data = data
        self.scratch = folder / "scratch"
        self.scratch.mkdir()
        runtime = folder / "runtime"
        runtime.mkdir(mode=0o700)
        self.written = ""
        self.piped = ""
        self.process: subprocess.Popen[str]
        self._ours, self._theirs = pty.openpty()
        size = struct.pack("HHHH", ROWS, COLUMNS, 0, 0)
        fcntl.ioctl(self._theirs, termios.TIOCSWINSZ, size)
        self._reader = threading.Thread(target=self._read)
        self._environ = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("OPENAI", "TWILIO"))},
            "PYTHONPATH": str(ROOT / "platform"),
            "DIALPLAN_DATA": str(data),
            "TERM": "xterm-256color",
            "TMPDIR": str(self.scratch),
            # The database's wheel keeps its lock here, for the next one that starts.
            "XDG_RUNTIME_DIR": str(runtime),
        }

    def start(
        self, *arguments: str | Path, stdout: int | None = None, stderr: int | None = None
    ) -> None:
        """Start it; an output is the terminal unless another is named."""
        theirs = self._theirs
        self.process = subprocess.Popen(  # noqa: S603  our own command
            [sys.executable, "-m", "dialplan", "test", *map(str, arguments)],
            env=self._environ,
            stdin=theirs,
            stdout=theirs if stdout is None else stdout,
            stderr=theirs if stderr is None else stderr,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(theirs)
        self._theirs = -1
        self._reader.start()

    def press(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def until(self, holds: Callable[[], bool], limit_s: float = 120) -> None:
        end = time.monotonic() + limit_s
        while not holds():
            assert time.monotonic() < end, screen_of(self.written)
            assert self.process.poll() is None, screen_of(self.written)
            time.sleep(0.02)

    def ends(self, limit_s: float) -> int:
        """Wait for its end, and for the last of what it wrote; return its exit code."""
        self.piped = self.process.communicate(timeout=limit_s)[0] or ""
        self._reader.join(30)
        return self.process.returncode

    def drawn(self) -> list[tuple[int, int]]:
        """Return each count that the bar showed, in order."""
        bars = [one for one in re.split(r"[\r\n]", self.written) if BAR in one]
        return [(int(done), int(of)) for one in bars for done, of in COUNT.findall(one)]

    def postgres(self) -> list[str]:
        """Return the programs of the database that run over the data folder."""
        found = (one.info["cmdline"] or [] for one in psutil.process_iter(["cmdline"]))
        return [" ".join(one) for one in found if any(str(self.data) in part for part in one)]

    def left(self) -> list[object]:
        """Return what it left behind: processes of its session, the database, temporary files."""
        processes = []
        for pid in psutil.pids():
            try:
                processes += [pid] if os.getsid(pid) == self.process.pid else []
            except ProcessLookupError:
                continue
        return [*processes, *self.postgres(), *self.scratch.rglob("*")]

    def close(self) -> None:
        if self._reader.ident is not None:
            if self.process.poll() is None:
                self.process.kill()
                self.process.communicate(timeout=60)
            self._reader.join(30)
        else:
            os.close(self._theirs)
        os.close(self._ours)

    def _read(self) -> None:
        pieces = []
        while True:
            try:
                piece = os.read(self._ours, 65536)
            except OSError:  # Linux says so when the last of the other side is closed
                return
            pieces.append(piece)
            self.written = b"".join(pieces).decode(errors="replace")


@pytest.fixture
def terminal(tmp_path: Path, data: Path) -> Iterator[Terminal]:
    made = Terminal(tmp_path, data)
    yield made
    made.close()


@pytest.fixture
def new_terminal(tmp_path: Path) -> Iterator[Terminal]:
    """One whose database is yet to be made."""
    made = Terminal(tmp_path, tmp_path / "data")
    yield made
    made.close()


async def databases(data: Path) -> list[str]:
    server = await start_embedded(data)
    try:
        connection = await asyncpg.connect(server.url)
        try:
            rows = await connection.fetch("SELECT datname FROM pg_database")
        finally:
            await connection.close()
    finally:
        await server.stop()
    return [row["datname"] for row in rows]


def test_the_bar_counts_up_and_is_wiped_at_the_end(terminal: Terminal, shop: Shop) -> None:
    folder = shop({"one": GOOD, "two": BAD, "three": GOOD})

    terminal.start(folder)
    code = terminal.ends(120)

    assert code == 1
    drawn = terminal.drawn()
    assert (drawn[0], drawn[-1]) == ((0, 3), (3, 3))
    assert drawn == sorted(drawn)
    assert "1 failed" in terminal.written
    assert terminal.written.rfind("\x1b[?25h") > terminal.written.rfind("\x1b[?25l") >= 0
    shown = screen_of(terminal.written)
    assert not [line for line in shown if BAR in line]
    assert [line[:4] for line in shown if " shop: " in line] == ["ok  ", "ok  ", "FAIL"]
    assert shown[-1].endswith("2 passed, 1 failed")
    assert terminal.left() == []


def test_where_no_terminal_is_no_bar_appears(terminal: Terminal, shop: Shop) -> None:
    terminal.start(shop({"one": GOOD}), stdout=subprocess.PIPE)
    code = terminal.ends(120)

    assert code == 0
    lines = terminal.piped.splitlines()
    assert terminal.written == ""
    assert [line[:4] for line in lines] == ["ok  ", "1 co"]
    assert "\x1b" not in "".join(lines)


def test_results_for_a_program_leave_the_bar_to_the_other_channel(
    terminal: Terminal, shop: Shop
) -> None:
    terminal.start(shop({"one": GOOD}), "--format", "json", stdout=subprocess.PIPE)
    code = terminal.ends(120)

    assert code == 0
    assert [row["passed"] for row in json.loads(terminal.piped)] == [True]
    assert terminal.drawn()[-1] == (1, 1)
    assert screen_of(terminal.written) == []


def ctrl_c(terminal: Terminal) -> None:
    terminal.press("\x03")


def ctrl_c_by_the_impatient(terminal: Terminal) -> None:
    terminal.press("\x03")
    terminal.until(lambda: "^C" in terminal.written)
    time.sleep(0.1)
    terminal.press("\x03\x03")


def asked_to_end(terminal: Terminal) -> None:
    terminal.process.send_signal(signal.SIGTERM)


@pytest.mark.parametrize("end", [ctrl_c, ctrl_c_by_the_impatient, asked_to_end])
def test_an_end_in_the_middle_tells_what_had_passed_and_leaves_nothing(
    terminal: Terminal, shop: Shop, end: Callable[[Terminal], None]
) -> None:
    # Those that are over stand behind the one that lasts: nothing was shown of them yet.
    terminal.start(shop({"a": LONG, "b": GOOD, "c": BAD}))
    terminal.until(lambda: (2, 3) in terminal.drawn())
    assert " shop: " not in terminal.written

    end(terminal)

    assert terminal.ends(ENDS_S) == 130
    shown = screen_of(terminal.written)
    assert [line[:4] for line in shown if " shop: " in line] == ["ok  ", "FAIL"]
    assert re.fullmatch(r"2 conversations in \d+\.\d s: 1 passed, 1 failed", shown[-2])
    assert shown[-1] == "interrupted, before all 3 were held"
    assert not [line for line in shown if BAR in line]
    assert terminal.written.rfind("\x1b[?25h") > terminal.written.rfind("\x1b[?25l")
    assert "Traceback" not in terminal.written
    assert "Warning" not in terminal.written
    assert terminal.left() == []
    assert not [one for one in asyncio.run(databases(terminal.data)) if one.startswith(PREFIX)]


def test_ctrl_c_before_anything_began_is_one_word(terminal: Terminal, shop: Shop) -> None:
    terminal.start(shop({"one": LONG}))
    terminal.until(lambda: (0, 1) in terminal.drawn())

    terminal.press("\x03")

    assert terminal.ends(ENDS_S) == 130
    shown = screen_of(terminal.written)
    assert shown[-2].startswith("0 conversations in ")
    assert shown[-1] == "interrupted, before all 1 were held"
    assert "Warning" not in terminal.written
    assert terminal.left() == []


def test_ctrl_c_while_the_database_is_made_says_nothing_of_its_programs(
    new_terminal: Terminal, shop: Shop
) -> None:
    new_terminal.start(shop({"one": LONG}))
    # The last database of those that every new server has: only writing to disk is left to do.
    new_terminal.until(lambda: (new_terminal.data / "postgres" / "base" / "5").exists())

    new_terminal.press("\x03")

    assert new_terminal.ends(ENDS_S) == 130
    shown = screen_of(new_terminal.written)
    assert shown[-1] == "interrupted, before all 1 were held"
    assert "postgres" not in new_terminal.written
    assert new_terminal.left() == []
    # Nothing half made stands in the way of the next one.
    assert "dialplan" in asyncio.run(databases(new_terminal.data))
