"""Names behind a cue, and bare ones when asked for."""

from __future__ import annotations

import pytest

from dialplan.emulators.rehearsal.names import find_name, name_answer, without_name


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("it's maria lopez", "Maria Lopez"),
        ("My name is Sean O'Neil and I need a visit", "Sean O'Neil"),
        ("this is Ann", "Ann"),
        ("it's maria lopez l o p e z", "Maria Lopez"),
        ("i'm calling about a bill", None),
        ("it's about tomorrow", None),
        ("i am running late", None),
        ("this is really urgent", None),
        ("this is useless", None),
    ],
)
def test_a_name_needs_a_cue(said: str, name: str | None) -> None:
    assert find_name(said) == name


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("maria lopez", "Maria Lopez"),
        ("um yes it's john smith please", "John Smith"),
        ("Lopez, L O P E Z", "Lopez"),
        ("maria lopez may fourth nineteen eighty five", "Maria Lopez"),
        ("ten", None),
        ("the second one please", None),
    ],
)
def test_an_answer_may_be_a_bare_name(said: str, name: str | None) -> None:
    assert name_answer(said) == name


def test_who_is_speaking_is_cut_from_what_is_wanted() -> None:
    assert without_name("it's maria lopez here i need a refill") == "i need a refill"
