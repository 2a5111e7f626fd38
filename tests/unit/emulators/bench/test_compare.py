"""A benchmark beside a saved one."""

from __future__ import annotations

import copy
from typing import Any

import orjson
import pytest

from dialplan.emulators.bench.compare import compare, load_saved, other_machine
from dialplan.emulators.bench.report import FORMAT
from dialplan.errors import ConfigError


def run(calls: int, cpu: float, mix: str = "full") -> dict[str, Any]:
    tail = {"p50": 1.0, "p95": 2.0, "p99": 4.0}
    return {
        "target": "dialplan",
        "settings": {"calls": calls, "mix": mix, "deltas_ms": [100]},
        "latency_ms": {"up_every_byte": tail, "down": copy.copy(tail)},
        "setup_ms": {"loaded": copy.copy(tail)},
        "cpu_ms_per_call_second": cpu,
        "rss_mb": {"per_call": 0.0, "base": 180.0},
    }


def saved(*runs: dict[str, Any], version: int = FORMAT) -> bytes:
    return orjson.dumps({"format": version, "runs": runs, "machine": {"python": "3.11"}})


def test_a_ratio_is_now_over_before() -> None:
    (compared,) = compare([run(50, 3.0)], [run(50, 6.0)])

    by_name = {ratio.name: ratio for ratio in compared.ratios}
    assert compared.calls == 50
    assert by_name["CPU per call-second"].times == pytest.approx(0.5)
    assert by_name["up p99"].times == pytest.approx(1.0)


def test_a_ratio_to_nothing_is_none() -> None:
    (compared,) = compare([run(50, 3.0)], [run(50, 6.0)])

    assert {r.name: r for r in compared.ratios}["memory per call"].times is None


def test_only_runs_of_the_same_settings_are_compared() -> None:
    now = [run(50, 3.0), run(100, 3.0), run(150, 3.0, mix="life")]
    before = [run(100, 6.0), run(150, 6.0), run(50, 6.0, mix="life")]

    assert [one.calls for one in compare(now, before)] == [100]


def test_runs_of_other_workers_or_batches_are_not_compared() -> None:
    alone, two, joined = run(50, 3.0), run(50, 3.0), run(50, 3.0)
    alone["settings"] |= {"workers": 1, "batch_ms": None}
    two["settings"] |= {"workers": 2, "batch_ms": None}
    joined["settings"] |= {"workers": 1, "batch_ms": 40}
    spread = run(50, 3.0)
    spread["settings"] |= {"workers": 2, "batch_ms": None, "spread": True}

    assert compare([two], [alone]) == compare([joined], [alone]) == compare([spread], [two]) == []
    # Saved before there was a choice.
    assert len(compare([alone], [run(50, 6.0)])) == 1


@pytest.mark.parametrize("choice", ["ahead", "profiled"])
def test_a_run_that_went_ahead_or_was_looked_into_is_compared_with_its_like(choice: str) -> None:
    plain, chosen = run(50, 3.0), run(50, 3.0)
    chosen["settings"] |= {choice: True}

    assert compare([chosen], [plain]) == compare([plain], [chosen]) == []
    assert len(compare([chosen], [chosen])) == 1


def test_of_several_runs_the_medians_are_compared() -> None:
    (compared,) = compare([run(50, cpu) for cpu in (9.0, 3.0, 4.0)], [run(50, 6.0), run(50, 10.0)])

    cpu = {ratio.name: ratio for ratio in compared.ratios}["CPU per call-second"]
    assert (cpu.before, cpu.now) == (8.0, 4.0)
    assert (compared.before, compared.now) == (2, 3)


def test_a_comparison_with_void_or_lossy_runs_says_so() -> None:
    void, lossy = run(50, 3.0), run(50, 3.0)
    void["void"], void["clean"] = ["the ends' core was full"], True
    lossy["void"], lossy["clean"] = [], False

    (compared,) = compare([lossy], [void])
    (fair,) = compare([run(50, 3.0)], [run(50, 3.0)])

    assert compared.doubts == (
        "a saved run is void: the ends' core was full",
        "1 new run(s) lost audio or calls",
    )
    assert fair.doubts == ()


def test_a_file_of_another_machine_is_known_for_it() -> None:
    here = {"cpu": "fast", "cores": 2, "kernel": "6", "python": "3.11", "commit": "b"}
    there = {**here, "cpu": "slow", "commit": "a"}

    assert other_machine(here, there) == ["cpu: slow then, fast now"]
    assert other_machine(here, {**here, "commit": "a"}) == []


def test_a_saved_benchmark_is_read_back() -> None:
    read = load_saved(saved(run(50, 3.0)), "a.json")

    assert read.runs == [run(50, 3.0)]
    assert read.machine == {"python": "3.11"}


@pytest.mark.parametrize(
    "text", [b"", b"[]", b'{"format": 1}', b'{"format": 1, "runs": [{"target": "x"}]}']
)
def test_another_file_is_refused_by_name(text: bytes) -> None:
    with pytest.raises(ConfigError, match=r"`a\.json` is not a saved benchmark"):
        load_saved(text, "a.json")


def test_a_benchmark_of_another_format_is_refused() -> None:
    with pytest.raises(ConfigError, match="has format 2, expected 1"):
        load_saved(saved(version=2), "a.json")
