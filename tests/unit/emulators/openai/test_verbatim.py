"""Word-for-word requests inside a response's instructions."""

from __future__ import annotations

import pytest

from dialplan.emulators.openai.verbatim import verbatim


def test_the_text_between_typographic_quotes_is_what_is_said() -> None:
    asked = "Say this to the caller, word for word, and nothing else: “Good day. How may I help?”"

    assert verbatim(asked) == "Good day. How may I help?"


def test_a_text_that_quotes_somebody_is_kept_whole() -> None:
    assert verbatim("Say: “Press “one” to stay.”") == "Press “one” to stay."


@pytest.mark.parametrize("asked", [None, "", "Greet the caller.", "”x“", "“”", "“ ”", '"x"'])
def test_without_a_quoted_text_nothing_is_asked_for(asked: str | None) -> None:
    assert verbatim(asked) is None
