from typing import Any

import pytest

from dialplan.emulators.conversations.phrases import unheard
from dialplan.model.conversation import Expect

SAID = "Shall I book Tuesday at nine with Doctor Patel?"


def _unheard(says: Any) -> list[tuple[tuple[str | int, ...], str]]:
    return list(unheard(Expect.model_validate({"says": says}).says, SAID))


@pytest.mark.parametrize(
    "says",
    [
        "tuesday at nine",
        {"any": ["move", "book"]},
        {"not": "Wednesday"},
        {"not": ["Wednesday", "Pat"]},
        {"matches": "(nine|ten) with doctor"},
        ["book", {"not": "cancel"}, {"matches": "^shall"}],
    ],
)
def test_what_was_said_is_heard(says: Any) -> None:
    assert _unheard(says) == []


def test_what_was_not_heard_has_its_place_and_is_said_in_words() -> None:
    assert _unheard("Wednesday") == [((), "to hear `Wednesday`")]
    assert _unheard(["book", "cancel", {"any": ["a", "b"]}]) == [
        ((1,), "to hear `cancel`"),
        ((2,), "to hear `a` or `b`"),
    ]


def test_of_words_that_must_not_be_said_those_that_were_are_named() -> None:
    assert _unheard({"not": ["Monday", "Tuesday", "Patel"]}) == [
        ((), "not to hear `Tuesday` or `Patel`")
    ]


def test_a_regular_expression_that_is_not_found_is_shown() -> None:
    assert _unheard([{"matches": "ten|noon"}]) == [((0,), "to hear something like `ten|noon`")]
