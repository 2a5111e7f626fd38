"""Cutting text into sentences."""

from __future__ import annotations

import pytest

from dialplan.emulators.openai.sentences import split, take


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
