"""Yes, no and the talk that every call has."""

from __future__ import annotations

import pytest

from dialplan.emulators.rehearsal.lexicon import reply, small_talk, verbs_said


@pytest.mark.parametrize(
    "said", ["Yes please.", "yeah", "sure go ahead", "that's right", "no problem"]
)
def test_agreement_is_heard(said: str) -> None:
    assert reply(said) == "yes"


@pytest.mark.parametrize("said", ["No.", "nope", "um no thanks", "don't", "actually no"])
def test_refusal_is_heard(said: str) -> None:
    assert reply(said) == "no"


@pytest.mark.parametrize("said", ["the second one", "i need a visit", "tomorrow"])
def test_neither_is_neither(said: str) -> None:
    assert reply(said) is None


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("hello", "greeting"),
        ("thanks so much", "thanks"),
        ("okay bye", "goodbye"),
        ("no that's all", "nothing"),
        ("say that again please", "repeat"),
        ("hold on a second", "wait"),
        ("never mind", "dismiss"),
        ("can i speak to a human", "human"),
        ("i need a refill", None),
    ],
)
def test_small_talk_is_told_apart(said: str, kind: str | None) -> None:
    assert small_talk(said) == kind


def test_verbs_are_of_a_kind() -> None:
    assert "move" in verbs_said("can we reschedule")
    assert "cancel" in verbs_said("i can't make it")
    assert verbs_said("the weather") == frozenset()
