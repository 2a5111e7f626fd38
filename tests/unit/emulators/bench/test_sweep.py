"""A sweep finds how many calls are held, in few runs."""

from __future__ import annotations

from typing import Any

import pytest

from dialplan.emulators.bench.sweep import MOST_CALLS, holds, most_held, next_calls


def run(up: float = 1.0, down: float = 1.0, *, clean: bool = True) -> dict[str, Any]:
    return {
        "clean": clean,
        "latency_ms": {"up_every_byte": {"p99": up}, "down": {"p99": down}},
    }


def swept(capacity: int) -> tuple[list[int], int]:
    held: dict[int, bool] = {}
    while (calls := next_calls(held)) is not None:
        held[calls] = calls <= capacity
    return list(held), most_held(held)


def test_a_run_holds_while_both_ways_are_within_the_limit() -> None:
    assert holds(run(20.0, 20.0))
    assert not holds(run(20.1, 1.0))
    assert not holds(run(1.0, 20.1))


def test_a_run_that_lost_audio_does_not_hold() -> None:
    assert not holds(run(clean=False))


@pytest.mark.parametrize("capacity", [10, 75, 80, 100, 199])
def test_a_sweep_finds_the_capacity_to_ten_calls(capacity: int) -> None:
    tried, held = swept(capacity)

    assert capacity - 10 < held <= capacity or held == 0
    assert len(tried) < 9


def test_a_sweep_ends_at_the_most_calls_that_it_may_try() -> None:
    assert swept(10 * MOST_CALLS)[1] == MOST_CALLS


def test_a_gap_below_counts_as_not_held() -> None:
    assert most_held({50: True, 100: False, 150: True}) == 50


def test_nothing_held_is_zero() -> None:
    assert most_held({50: False, 20: False}) == 0
