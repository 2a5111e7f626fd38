"""The benchmark against the real server: few calls for a short time, and every figure is there.

How good the figures are is not judged here: a machine that tests is busy with tests.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

# A machine with other work takes its time to start three servers.
pytestmark = pytest.mark.timeout(600)

CORES = sorted(os.sched_getaffinity(0))
PINNED = f"{CORES[-1]},{CORES[0]}"


def bench(folder: Path, *options: str) -> tuple[subprocess.CompletedProcess[str], list[Any]]:
    file = folder / "bench.json"
    done = subprocess.run(  # noqa: S603  our own command
        (sys.executable, "-m", "dialplan", "bench", "--cores", PINNED, "--json", file, *options),
        capture_output=True,
        text=True,
        timeout=200,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    # 1 says that the machine was too busy for its figures to be used.
    assert done.returncode in (0, 1), done.stderr
    return done, orjson.loads(file.read_bytes())["runs"]


def assert_nothing_lost(run: Any) -> None:
    assert run["clean"], run
    assert run["faults"] == {}
    for way in ("up", "down"):
        frames = run["frames"][way]
        assert frames["sent"] > 0
        wrong = {kind: number for kind, number in frames.items() if kind != "sent" and number}
        assert not wrong


def test_a_benchmark_measures_the_server_and_the_yardstick(tmp_path: Path) -> None:
    picture = tmp_path / "bench.svg"

    done, runs = bench(
        tmp_path, "--calls", "4", "--seconds", "3", "--yardstick", "--plot", str(picture)
    )

    assert [run["target"] for run in runs] == ["dialplan", "yardstick"]
    for run in runs:
        assert_nothing_lost(run)
        # 4 calls, 50 frames up and 10 deltas down a second each.
        seconds = run["measured_s"]
        assert seconds >= 3
        assert run["latency_ms"]["up_every_byte"]["count"] == pytest.approx(200 * seconds, rel=0.25)
        assert run["latency_ms"]["down"]["count"] == pytest.approx(40 * seconds, rel=0.25)
        assert 0 < run["latency_ms"]["up"]["p50"] <= run["latency_ms"]["up"]["p99"]
        assert 0 < run["latency_ms"]["down"]["p50"] <= run["latency_ms"]["down"]["p99"]
        assert run["cpu_ms_per_call_second"] > 0
        assert run["rss_mb"]["base"] > 10
        assert run["setup_ms"]["loaded"]["count"] == 20
        assert run["setup_ms"]["ramp"]["count"] == 4
    assert runs[0]["loop_lag_p99_ms"] > 0
    assert "yardstick: full mix" in done.stdout
    assert picture.read_text().count("<svg") == 1


def test_a_benchmark_as_in_life_runs_tools_and_handoffs_and_is_compared(tmp_path: Path) -> None:
    before = {
        "target": "dialplan",
        "settings": {"calls": 8, "mix": "life", "deltas_ms": [20, 100, 400]},
        "latency_ms": {way: {"p50": 1.0, "p99": 2.0} for way in ("up_every_byte", "down")},
        "setup_ms": {"loaded": {"p95": 20.0}},
        "cpu_ms_per_call_second": 123.25,
        "rss_mb": {"per_call": 0.1, "base": 180.0},
    }
    saved = tmp_path / "before.json"
    saved.write_bytes(orjson.dumps({"format": 1, "runs": [before]}))

    done, (run,) = bench(
        tmp_path, "--calls", "8", "--seconds", "12", "--mix", "life", "--against", str(saved)
    )

    assert_nothing_lost(run)
    assert run["latency_ms"]["down"]["count"] > 0
    assert run["life"]["tool_calls"] > 0
    assert run["life"]["handoffs"] > 0
    assert run["life"]["unanswered"] == 0
    assert "tool calls" in done.stdout
    compared = done.stdout.partition("dialplan, 8 calls, beside the saved run")[2]
    assert "123.25" in compared
    assert f"{run['cpu_ms_per_call_second']:.2f}" in compared


def test_a_soak_leaves_no_call_behind_and_shows_what_was_kept(tmp_path: Path) -> None:
    file = tmp_path / "soak.json"

    done = subprocess.run(  # noqa: S603  our own command
        (
            *(sys.executable, "-m", "dialplan", "bench", "--cores", PINNED, "--json", file),
            *("--soak", "18s", "--lasting", "2,5", "--calls", "5", "--mix", "life"),
        ),
        capture_output=True,
        text=True,
        timeout=200,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )

    assert done.returncode in (0, 1), done.stderr
    soak = orjson.loads(file.read_bytes())["soak"]
    # Each of five lines has at least three calls in 18 s.
    assert soak["calls"] >= 15
    assert soak["failed_calls"] == 0
    assert soak["faults"] == {}
    assert set(soak["frames"].values()) == {0}
    assert len(soak["samples"]) >= 4
    assert max(one["calls"] for one in soak["samples"]) <= 5
    busy, empty = max(one["kept"]["tasks"] for one in soak["samples"]), soak["after"]
    assert empty["tasks"] <= soak["before"]["tasks"] + 2 < busy
    # The pool of the database has its connections; no call has one left.
    assert empty["sockets"] <= soak["before"]["sockets"] + 10
    # So short a time is a server's warm-up: how its memory grows then is not judged here.
    assert [one for one in soak["over"] if not one.startswith("memory grows")] == []
    assert "tasks" in done.stdout
