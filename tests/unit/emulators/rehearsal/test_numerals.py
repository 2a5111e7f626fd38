"""Number words as recognised speech leaves them."""

from __future__ import annotations

import pytest

from dialplan.emulators.rehearsal.numerals import ordinal, with_digits


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("march third", "march 3rd"),
        ("the twenty-first", "the 21st"),
        ("five five five", "5 5 5"),
        ("forty two", "42"),
        ("two thirty", "2 30"),
        ("two thousand and one", "2001"),
        ("four thousand two hundred and six", "4206"),
        ("one hundred and ten", "110"),
        ("$450,000", "$ 450000"),
        ("5pm on June 5th", "5 pm on june 5th"),
    ],
)
def test_number_words_become_digits(said: str, written: str) -> None:
    assert with_digits(said) == written


@pytest.mark.parametrize(("value", "written"), [(1, "1st"), (2, "2nd"), (11, "11th"), (23, "23rd")])
def test_ordinals_are_written_with_their_ending(value: int, written: str) -> None:
    assert ordinal(value) == written
