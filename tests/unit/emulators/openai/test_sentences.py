"""Cutting text into sentences."""

from __future__ import annotations

import pytest

from dialplan.emulators.openai.sentences import breaths, split, take


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", []),
        ("   ", []),
        ("Hello", ["Hello"]),
        ("Hello. Who is it?", ["Hello.", "Who is it?"]),
        ("It is 10.30 now. Fine!\nGood.", ["It is 10.30 now.", "Fine!", "Good."]),
        ("He said “no.” Then left.", ["He said “no.”", "Then left."]),
    ],
)
def test_text_is_cut_after_each_sentence(text: str, sentences: list[str]) -> None:
    assert split(text) == sentences


def test_the_words_stay_in_order() -> None:
    text = "One. Two, three! (Four.) Five? Six"

    assert " ".join(split(text)) == text


def test_only_what_is_surely_complete_is_taken() -> None:
    assert take("One. Two. Thr") == (["One.", "Two."], "Thr")
    assert take("One.") == ([], "One.")


LONG = (
    "I have Monday, March 2nd at 9 AM with Doctor Kim, Tuesday, March 3rd at 2:30 PM with "
    "Doctor Patel, and Wednesday, March 4th at 11 AM with Doctor Lopez."
)


def test_a_long_sentence_is_cut_into_breaths_at_its_marks() -> None:
    assert breaths(LONG) == [
        "I have Monday, March 2nd at 9 AM with Doctor Kim,",
        "Tuesday, March 3rd at 2:30 PM with Doctor Patel,",
        "and Wednesday, March 4th at 11 AM with Doctor Lopez.",
    ]
    assert " ".join(breaths(LONG)) == LONG


@pytest.mark.parametrize(
    "sentence",
    [
        "",
        "Certainly, one moment.",
        "Yes, the first one that is free is on Monday at nine with Doctor Kim.",
        "The first one that is free is on Monday at nine with Doctor Kim, yes.",
        "It costs $1,200,000 " + "without any mark at all " * 5,
    ],
)
def test_a_sentence_without_two_long_parts_is_one_breath(sentence: str) -> None:
    assert breaths(sentence) == [sentence]
