"""Figures of a distribution."""

from __future__ import annotations

import math

import pytest

from dialplan.emulators.bench.figures import Spread, bucket_quantile, quantile, spread


def test_a_spread_holds_what_so_many_values_do_not_exceed() -> None:
    assert spread(range(1, 101)) == Spread(100, 50, 95, 99, 100)


def test_a_spread_of_few_values_has_the_largest_as_its_tail() -> None:
    assert spread([3, 1, 2]) == Spread(3, 2, 3, 3, 3)


def test_a_spread_of_nothing_is_zero() -> None:
    assert spread([]) == Spread()


def test_a_factor_changes_the_unit() -> None:
    assert spread([0.001, 0.002], factor=1000).max == pytest.approx(2)


def test_json_is_rounded_to_a_thousandth() -> None:
    assert spread([1.23456]).wire() == {
        "count": 1,
        "p50": 1.235,
        "p95": 1.235,
        "p99": 1.235,
        "max": 1.235,
    }


def test_a_quantile_of_zero_is_the_smallest_value() -> None:
    assert quantile([1, 2, 3], 0.0) == 1


def test_a_bucket_quantile_counts_only_what_came_between_two_scrapes() -> None:
    before = [(0.001, 100.0), (0.01, 100.0), (math.inf, 100.0)]
    after = [(0.001, 150.0), (0.01, 199.0), (math.inf, 200.0)]

    assert bucket_quantile(before, after, 0.5) == 0.001
    assert bucket_quantile(before, after, 0.99) == 0.01
    assert bucket_quantile(before, after, 1.0) == math.inf


def test_a_bucket_quantile_of_nothing_is_unknown() -> None:
    assert bucket_quantile([], [], 0.5) is None
    assert bucket_quantile([(1.0, 5.0)], [(1.0, 5.0)], 0.5) is None
