"""Spoken dates and times, seen from Monday, March 2nd 2026, 9 AM."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest

from dialplan.emulators.rehearsal.dates import find_when

NOW = datetime(2026, 3, 2, 9, 0)


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("today", date(2026, 3, 2)),
        ("to-morrow please", date(2026, 3, 3)),
        ("the day after tomorrow", date(2026, 3, 4)),
        ("next Tuesday", date(2026, 3, 10)),
        ("on thursday", date(2026, 3, 5)),
        ("March third", date(2026, 3, 3)),
        ("the third of march", date(2026, 3, 3)),
        ("january fifth", date(2027, 1, 5)),
        ("12/5", date(2026, 12, 5)),
        ("on the 14th", date(2026, 3, 14)),
        ("a week from tomorrow", date(2026, 3, 10)),
        ("in two weeks", date(2026, 3, 16)),
        ("2026-04-01", date(2026, 4, 1)),
    ],
)
def test_a_day_is_understood(said: str, day: date) -> None:
    when = find_when(said, NOW)

    assert (when.start, when.end) == (day, day)


@pytest.mark.parametrize(
    ("said", "born"),
    [
        ("june fifth nineteen ninety", date(1990, 6, 5)),
        ("May 4th 1985", date(1985, 5, 4)),
        ("May 4th, 1985.", date(1985, 5, 4)),
        ("the second of april nineteen oh five", date(1905, 4, 2)),
        ("fourth of july two thousand and one", date(2001, 7, 4)),
        ("3/4/84", date(1984, 3, 4)),
        ("the fourth of May. Nineteen eighty five.", date(1985, 5, 4)),
        ("May fourth. 1985", date(1985, 5, 4)),
        ("the fourth of May, nineteen, eighty five.", date(1985, 5, 4)),
        ("May fourth. Nineteen, eighty five.", date(1985, 5, 4)),
        ("May fourth nineteen, oh five", date(1905, 5, 4)),
        ("October seventh. Nineteen, oh eight", date(1908, 10, 7)),
        ("the thirtyeth of June. Nineteen sixty nine.", date(1969, 6, 30)),
        ("the ninth of August. Ninety eighty seven.", date(1987, 8, 9)),
        ("March twelfth, ninety sixty one", date(1961, 3, 12)),
    ],
)
def test_a_date_of_birth_keeps_its_year(said: str, born: date) -> None:
    when = find_when(said, NOW, past=True)

    assert when.start == born
    assert when.year_said


def test_a_house_number_after_a_full_stop_is_no_year() -> None:
    when = find_when("It is the 4th of May. 85 Main Street.", NOW)

    assert (when.start, when.year_said) == (date(2026, 5, 4), False)


@pytest.mark.parametrize(
    ("said", "first", "last"),
    [
        ("this week", date(2026, 3, 2), date(2026, 3, 8)),
        ("next week", date(2026, 3, 9), date(2026, 3, 15)),
        ("this weekend", date(2026, 3, 7), date(2026, 3, 8)),
        ("next month", date(2026, 4, 1), date(2026, 4, 30)),
    ],
)
def test_a_range_of_days_has_both_ends(said: str, first: date, last: date) -> None:
    when = find_when(said, NOW)

    assert (when.start, when.end) == (first, last)
    assert when.is_range


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("at half past two", time(14, 30)),
        ("quarter to five", time(16, 45)),
        ("half seven", time(7, 30)),
        ("nine o'clock", time(9)),
        ("ten-thirty", time(10, 30)),
        ("two p.m.", time(14)),
        ("at three", time(15)),
        ("9:15", time(9, 15)),
        ("noon", time(12)),
        ("eight in the evening", time(20)),
    ],
)
def test_a_time_of_day_is_understood(said: str, at: time) -> None:
    assert find_when(said, NOW).at == at


def test_a_bare_number_is_a_time_only_when_one_was_asked_for() -> None:
    assert find_when("three", NOW).at is None
    assert find_when("three", NOW, expect_time=True).at == time(15)


def test_times_have_bounds() -> None:
    after = find_when("tomorrow after three", NOW)
    between = find_when("between two and four pm", NOW)
    morning = find_when("friday morning", NOW)

    assert (after.at, after.until) == (time(15), time(23, 59))
    assert (between.at, between.until) == (time(14), time(16))
    assert (morning.part, morning.until) == ("morning", time(12))


@pytest.mark.parametrize(
    "said",
    ["five five five oh one oh seven", "the first one is fine", "February 30th", "it may hurt"],
)
def test_what_is_no_date_is_left_alone(said: str) -> None:
    when = find_when(said, NOW)

    assert (when.start, when.at) == (None, None)
