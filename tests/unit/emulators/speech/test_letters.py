"""Words that no lexicon has still get plausible sounds."""

# ruff: noqa: RUF001 - phonetic letters are meant

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialplan.emulators.speech.letters import VOWELS, read_letters


@pytest.mark.parametrize(
    ("word", "sounds"),
    [
        ("Emily", "ɛmˈɪli"),
        ("Patel", "pˈætɛl"),
        ("Ruiz", "ɹˈuz"),
        ("Knox", "nˈɑks"),
        ("Blake", "blˈAk"),
        ("Phan", "fˈæn"),
        ("Zoë", "zˈO"),
    ],
)
def test_names_are_read_by_the_rules(word: str, sounds: str) -> None:
    assert read_letters(word) == sounds


@given(st.text())
def test_any_word_gives_at_most_one_stress_and_never_fails(word: str) -> None:
    assert read_letters(word).count("ˈ") <= 1


@given(st.from_regex(r"[a-z]*[aou][bdt][a-z]*", fullmatch=True))
def test_a_word_with_a_vowel_is_never_silent(word: str) -> None:
    sounds = read_letters(word)

    assert VOWELS & set(sounds)
    assert sounds[sounds.index("ˈ") + 1] in VOWELS
