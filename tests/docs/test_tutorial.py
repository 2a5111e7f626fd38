"""A tutorial is complete and true: all of its blocks, in order, in the home of somebody new.

What a block is stands behind its language. `sh` is run; with `repository` it is for a clone, with
`fails` it must not succeed. `text` and `mermaid` are what the commands before them print, with
`...` for lines left out; how quick the agent was is always left out. `file=` is a whole file, for
`diff` lines to change in one; `into=` and `above=` say where a part goes. Nothing else may stand
between the blocks: what a reader needs is on the page.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from datetime import time as dt_time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

ROOT = Path(__file__).parents[2]
REHEARSALS_TAKE = 240.0
# A fifth of it where this was measured, in seconds.
READING_TAKES = 480
ZONE = "America/New_York"
_DAY = r"(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, )?[A-Z][a-z]+ \d{1,2}(?:st|nd|rd|th)?\b"
_CHANGING = (
    (re.compile(r"^ *\d+\.\d +latency .*\n", re.MULTILINE), ""),
    (re.compile(_DAY), "DAY"),
    (re.compile(r"\b\d+(?:\.\d+)? (?:s|ms)\b"), "TIME"),
    (re.compile(r"(?<![\w.])\d+\.\d(?![\w.])"), "TIME"),
    (re.compile(r"\b[0-9a-f]{16}\b"), "HASH"),
)


@dataclass
class Reader:
    """Somebody who does what the page says. `here` is the folder they are in."""

    here: Path
    environ: dict[str, str]
    shown: str | None = None
    done: list[str] = field(default_factory=list)

    def follow(self, block: Any) -> None:
        info = dict(one.partition("=")[::2] for one in block.info)
        self.done.append(block.language)
        match block.language, sorted(info):
            case "sh", ["repository"]:
                in_a_clone(block.text)
            case "sh", [] | ["fails"]:
                self.shown = self.run(block.text, fails="fails" in info)
            case "text" | "mermaid", []:
                assert self.shown is not None, f"{block}: nothing was run before it"
                compare(self.shown, block.text)
                self.shown = None
            case "yaml", ["file"]:
                (self.here / info["file"]).write_text(block.text)
            case "yaml", ["above", "into"]:
                self.edit(info["into"], lambda text: put_above(text, info["above"], block.text))
            case "diff", ["file"]:
                self.edit(info["file"], lambda text: patched(text, block.text))
            case _:
                pytest.fail(f"{block}: a reader would not know what to do with this")

    def run(self, text: str, *, fails: bool) -> str:
        folder = self.here.parent / "folder"
        done = subprocess.run(  # noqa: S603
            ["/bin/bash", "-e", "-c", f"trap 'pwd > \"{folder}\"' EXIT\n{text}"],
            cwd=self.here,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=REHEARSALS_TAKE,
        )
        assert (done.returncode != 0) == fails, f"{text}\n{done.stdout}"
        self.here = Path(folder.read_text().strip())
        return done.stdout

    def edit(self, path: str, change: Any) -> None:
        file = self.here / path
        file.write_text(change(file.read_text()))


def in_a_clone(text: str) -> None:
    """Ask make whether it knows the targets: a test neither installs nor builds."""
    targets = re.findall(r"^make (\S+)$", text, re.MULTILINE)
    others = [line for line in text.splitlines() if not line.startswith("make ")]
    assert targets
    assert others == [". .venv/bin/activate"]
    for target in targets:
        done = subprocess.run(  # noqa: S603
            ["make", "--dry-run", target],  # noqa: S607
            cwd=ROOT, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr


def patched(text: str, difference: str) -> str:
    """Return a text with lines changed; those to change, with what is around, are there once."""
    lines = difference.splitlines(keepends=True)
    assert all(line[0] in " +-" for line in lines)
    before = "".join(line[1:] for line in lines if line[0] in " -")
    after = "".join(line[1:] for line in lines if line[0] in " +")
    assert before, "nothing says where"
    assert f"\n{text}".count(f"\n{before}") == 1, f"not there, or more than once:\n{before}"
    return f"\n{text}".replace(f"\n{before}", f"\n{after}")[1:]


def put_above(text: str, start: str, part: str) -> str:
    """Return a text with a part above the one line that begins so."""
    found = re.findall(rf"^ *{re.escape(start)}.*\n", text, re.MULTILINE)
    assert len(found) == 1, f"`{start}` begins {len(found)} lines"
    return text.replace(found[0], part + found[0])


def steady(text: str) -> str:
    """Return a text without what differs from run to run, and however it was broken into lines."""
    for changing, name in _CHANGING:
        text = changing.sub(name, text)
    return " ".join(text.split())


def compare(printed: str, shown: str) -> None:
    parts = [steady(one) for one in re.split(r"^\.\.\.$", shown, flags=re.MULTILINE)]
    pattern = " " + "(?:.* )?".join(re.escape(f"{one} ") if one else "" for one in parts)
    assert re.fullmatch(pattern, f" {steady(printed)} "), f"printed was:\n{printed}"


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    (tmp_path / "bin").mkdir()
    (tmp_path / "home").mkdir()
    command = tmp_path / "bin" / "dialplan"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m dialplan "$@"\n')
    command.chmod(0o755)
    environ = {
        "PATH": f"{command.parent}:{os.defpath}",
        "HOME": str(tmp_path / "home"),
        "PYTHONPATH": str(ROOT / "platform"),
        "LANG": "C.UTF-8",
        # The rehearsal model says "tomorrow" by the clock of this machine, the business by its own,
        # which is that of `ZONE`.
        "TZ": "EST5EDT,M3.2.0,M11.1.0",
    }
    return Reader(tmp_path / "home", environ)


def sounding(blocks: list[Any]) -> Iterator[str]:
    """Yield the calls of a page that are held in real speech."""
    for block in blocks:
        for command in block.text.replace("\\\n", " ").splitlines():
            if command.startswith("dialplan call") and "--written" not in command:
                yield command


def until_a_day_lasts(seconds: float) -> None:
    """Wait for midnight when it is near: what is tomorrow before it is today behind it."""
    now = datetime.now(ZoneInfo(ZONE))
    midnight = datetime.combine(now.date() + timedelta(days=1), dt_time(), now.tzinfo)
    left = midnight.timestamp() - now.timestamp()
    if left < seconds:
        time.sleep(left)


@pytest.mark.timeout(900 + READING_TAKES)
def test_all_of_the_page_is_true_in_its_order(tutorial: list[Any], reader: Reader) -> None:
    until_a_day_lasts(READING_TAKES)

    for block in tutorial:
        try:
            reader.follow(block)
        except AssertionError as exc:
            exc.add_note(f"at {block}")
            raise

    assert {"sh", "text", "yaml", "diff"} <= set(reader.done)
    assert len(list(sounding(tutorial))) == 1
    assert any(one.read_bytes()[:4] == b"RIFF" for one in reader.here.glob("data/calls/*.wav"))


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("a 1.5 s b\n", "a 22.0 s\nb\n"),
        ("on Friday, May 1 we\n", "on Monday, March 12th we\n"),
        ("x\ny\nz\n", "x\n...\n"),
        ("x\ny\nz\n", "...\ny\n...\n"),
        ("x\nz\n", "x\n...\nz\n"),
    ],
)
def test_an_output_that_is_the_same_but_for_times_is_the_same(printed: str, shown: str) -> None:
    compare(printed, shown)


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("a b\n", "a c\n"),
        ("a b\n", "a\n"),
        ("a\n", "a b\n"),
        ("x\ny\n", "x\n...\nz\n"),
        ("opening_id 3\n", "opening_id 2\n"),
    ],
)
def test_an_output_that_differs_is_found(printed: str, shown: str) -> None:
    with pytest.raises(AssertionError):
        compare(printed, shown)


@pytest.mark.parametrize("difference", ["-c\n+d\n", "-a\n+d\n", "+d\n", " a\n-c\n", "-  a\n+d\n"])
def test_a_change_that_does_not_fit_is_found(difference: str) -> None:
    with pytest.raises(AssertionError):
        patched("a\nb\na\n", difference)


def test_a_change_is_made_where_it_fits() -> None:
    assert patched("a\nb\na\n", " a\n-b\n+  c\n+d\n a\n") == "a\n  c\nd\na\n"
    assert put_above("a:\n  b: 1\n", "b:", "  new: 1\n") == "a:\n  new: 1\n  b: 1\n"
