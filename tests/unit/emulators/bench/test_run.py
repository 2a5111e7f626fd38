"""Figures that say more about the ends, or about others on the machine, are void."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dialplan.emulators.bench.machine import Cores
from dialplan.emulators.bench.run import Plan, void_reasons

PLAN = Plan(50, "full", (100,), 20.0, Cores(1, 0))


def test_a_quiet_machine_gives_figures() -> None:
    assert void_reasons(PLAN, 0.5, 2.0, 0.01) == ()


@pytest.mark.parametrize(
    ("busy", "late", "foreign", "reason"),
    [
        (0.95, 2.0, 0.01, "the ends' core was full"),
        (0.5, 11.0, 0.01, "the ends were late to send"),
        (0.5, 2.0, 0.2, "other processes took 20% of the server's core"),
    ],
)
def test_a_run_that_was_disturbed_says_by_what(
    busy: float, late: float, foreign: float, reason: str
) -> None:
    (said,) = void_reasons(PLAN, busy, late, foreign)

    assert reason in said


def test_one_core_for_both_is_void() -> None:
    shared = replace(PLAN, cores=Cores(0, 0))

    assert void_reasons(shared, 0.5, 2.0, 0.0) == ("the ends shared the server's core",)


def test_others_on_the_core_do_not_matter_to_who_goes_ahead_of_them() -> None:
    assert void_reasons(replace(PLAN, ahead=True), 0.5, 2.0, 0.9) == ()
