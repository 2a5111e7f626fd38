"""A rehearsal in one terminal, a phone in another: real processes, as their user starts them."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # ships no types
import pytest

ROOT = Path(__file__).parents[3]
CLINIC = "+15550100001"

pytestmark = pytest.mark.timeout(400)


class Terminal:
    """Starts commands over one data folder."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self._log = folder / "serve.log"
        self.environ = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("OPENAI", "TWILIO"))},
            "PYTHONPATH": str(ROOT / "platform"),
            "PYTHONUNBUFFERED": "1",
            "DIALPLAN_DATA": str(self.data),
            "DIALPLAN_VERTICALS": str(ROOT / "verticals"),
        }

    def run(self, *arguments: str, limit_s: float = 100) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603  our own command
            [sys.executable, "-m", "dialplan", *arguments],
            env=self.environ,
            text=True,
            capture_output=True,
            timeout=limit_s,
            check=False,
        )

    def serve(self) -> subprocess.Popen[bytes]:
        started = self.start(self._log, "serve", "--rehearse", "--written", "--port", "0")
        until(lambda: "ring it from another terminal" in self.said, 90)
        return started

    def start(self, log: Path, *arguments: str) -> subprocess.Popen[bytes]:
        with log.open("wb") as output:
            return subprocess.Popen(  # noqa: S603  our own command
                [sys.executable, "-m", "dialplan", *arguments],
                env=self.environ,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def said(self) -> str:
        return self._log.read_text()


def until(holds: Callable[[], bool], limit_s: float) -> None:
    end = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.05)


def peers_of(server: subprocess.Popen[bytes]) -> psutil.Process:
    found = [c for c in psutil.Process(server.pid).children() if "peers" in c.cmdline()]
    assert len(found) == 1
    return found[0]


def postgres_over(data: Path) -> list[psutil.Process]:
    return [
        one
        for one in psutil.process_iter(["cmdline"])
        if any(str(data) in part for part in one.info["cmdline"] or [])
        and any("postgres" in part for part in one.info["cmdline"])
    ]


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


@pytest.fixture
def served(terminal: Terminal) -> Iterator[subprocess.Popen[bytes]]:
    server = terminal.serve()
    yield server
    if server.poll() is None:
        server.send_signal(signal.SIGINT)
        server.wait(60)


def test_a_phone_in_another_terminal_rings_a_rehearsal_that_runs(
    terminal: Terminal, served: subprocess.Popen[bytes]
) -> None:
    peers = peers_of(served)
    control = terminal.data / "rehearsal.json"
    assert stat.S_IMODE(control.stat().st_mode) == 0o600

    rung = terminal.run(
        *("call", CLINIC, "--from", "anonymous", "--seed"),
        *("--say", "When are you open?", "--say", "Goodbye."),
        *("--show", "SELECT count(*) AS visits FROM slots"),
    )

    assert rung.returncode == 0, rung.stderr
    assert "When are you open?" in rung.stdout
    assert "clinic_info {} -> ok in" in rung.stdout
    assert "first sound after" in rung.stdout
    assert "visits" in rung.stdout
    sid = next(word for word in rung.stdout.split() if word.startswith("CA"))
    with wave.open(str(terminal.data / "calls" / f"{sid}.wav")) as audio:
        assert (audio.getnchannels(), audio.getframerate()) == (2, 8000)
        assert audio.getnframes() > 8000
    transcript = (terminal.data / "calls" / f"{sid}.txt").read_text()
    assert "When are you open?" in transcript

    nobody = terminal.run("call", "+15550109999", "--say", "Hello?")
    assert nobody.returncode == 2
    assert nobody.stderr.startswith(
        f"dialplan: nobody answers `+15550109999`; the tenants file knows {CLINIC}, "
    )

    second = terminal.run("serve", "--rehearse", "--written", "--port", "0")
    assert second.returncode == 2
    assert "another rehearsal runs over" in second.stderr
    assert second.stderr.count("\n") == 1

    served.send_signal(signal.SIGINT)
    assert served.wait(60) == 0
    assert "Traceback" not in terminal.said
    until(lambda: not peers.is_running(), 60)
    until(lambda: not postgres_over(terminal.data), 60)
    assert control.read_bytes() == b""


def test_peers_do_not_outlive_a_server_that_was_killed(
    terminal: Terminal, served: subprocess.Popen[bytes]
) -> None:
    peers = peers_of(served)

    served.kill()
    served.wait(60)

    until(lambda: not peers.is_running() or peers.status() == psutil.STATUS_ZOMBIE, 60)
    # What it left in the data folder is not taken for a running rehearsal.
    assert json.loads((terminal.data / "rehearsal.json").read_text())["pid"] == served.pid
    rung = terminal.run("call", CLINIC, "--written", "--say", "When are you open?")
    assert rung.returncode == 0, rung.stderr
    assert "clinic_info {} -> ok in" in rung.stdout
    # The killed server's Postgres has served the next rehearsal, and ended with it.
    until(lambda: not postgres_over(terminal.data), 60)


def test_a_server_whose_peers_die_says_so_and_ends(
    terminal: Terminal, served: subprocess.Popen[bytes]
) -> None:
    peers_of(served).kill()

    assert served.wait(60) == 2
    assert terminal.said.splitlines()[-1] == (
        "dialplan: the emulated peers have ended (signal 9): start the rehearsal again"
    )
    assert "Traceback" not in terminal.said
    until(lambda: not postgres_over(terminal.data), 60)


def test_a_phone_that_is_put_down_with_ctrl_c_leaves_nothing_behind(terminal: Terminal) -> None:
    log = terminal.data.parent / "call.log"
    said = [one for n in range(20) for one in ("--say", f"Hello {n}.")]
    phone = terminal.start(log, "call", CLINIC, "--written", *said)
    until(lambda: "first sound after" in log.read_text(), 90)
    peers = peers_of(phone)

    phone.send_signal(signal.SIGINT)

    assert phone.wait(60) == 130
    assert "Traceback" not in log.read_text()
    until(lambda: not peers.is_running(), 60)
    until(lambda: not postgres_over(terminal.data), 60)
