"""Number words as recognised speech leaves them."""

from __future__ import annotations

import pytest

from dialplan.emulators.rehearsal.numerals import ordinal, with_digits


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("march third", "march 3rd"),
        ("the twenty-first", "the 21st"),
        ("five five", "5 5"),
        ("forty two", "42"),
        ("two thirty", "2 30"),
        ("the twentyeth", "the 20th"),
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


@pytest.mark.parametrize(
    ("heard", "written"),
    [
        ("five five five", "555"),
        ("Seven, three, zero, five, two, eight.", "730528 ."),
        ("It is nine. Zero, four, six.", "it is 9046 ."),
        ("the code is 6 1 9 4 0 2", "the code is 619402"),
        ("three double seven nine", "3779"),
        ("number two oh six", "number 2 oh 6"),
        ("my number is oh three four seven", "my number is 0347"),
        ("Oh, three four seven", "oh , 347"),
        ("five, ate, to, nine, one", "58291"),
        ("It says for six to nine one seven.", "it says 462917 ."),
    ],
)
def test_digits_said_one_by_one_are_a_row(heard: str, written: str) -> None:
    assert with_digits(heard) == written


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("from eight to nine", "from 8 to 9"),
        ("two or three, maybe four", "2 or 3 , maybe 4"),
        ("at one oh five", "at 1 oh 5"),
        ("number one one seven for two people", "number 117 for 2 people"),
        ("we are four, five with the dog", "we are 4 , 5 with the dog"),
        ("for for for for", "for for for for"),
        ("I am 45, 3 of us are younger", "i am 45 , 3 of us are younger"),
    ],
)
def test_numbers_beside_each_other_are_no_row(said: str, written: str) -> None:
    assert with_digits(said) == written
