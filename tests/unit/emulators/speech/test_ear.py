"""The transcript's odd spellings are undone; what was said is not."""

from __future__ import annotations

import pytest

from dialplan.emulators.speech.ear import MoonshineEar, clean


@pytest.mark.parametrize(
    ("transcript", "cleaned"),
    [
        ("Is there anything free to-morrow?", "Is there anything free tomorrow?"),
        ("At five p M.. please", "At five PM please"),
        ("At nine a.m. tomorrow.", "At nine AM tomorrow."),
        ("At five p.m.", "At five PM."),
        ("At ten-thirty, a follow-up", "At ten thirty, a follow up"),
        ("Well...", "Well."),
        ("Thank you, good bye .", "Thank you, goodbye."),
        ("I am fine, Pam.", "I am fine, Pam."),
        ("555-0123", "555-0123"),
        ("  ", ""),
        ("\"'Please open a ticket. I cannot sign in.'", "Please open a ticket. I cannot sign in."),
        ("? My policy is here, it's John's.", "My policy is here, it's John's."),
        ("You Can you check that?", "Can you check that?"),
        ("You I am Sam.", "You I am Sam."),
        ("You are right.", "You are right."),
        ("No, that is all. thank you. goodbye.", "No, that is all. Thank you. Goodbye."),
        ("one, zero, four,", "One, zero, four."),
        ("It's Ann Bell,.", "It's Ann Bell."),
        ("October twentieth, October twen Nineteen ten.", "October twentieth. Nineteen ten."),
        ("I want my money, I want my mon Now.", "I want my money. Now."),
        ("Come on Sunday, come on Sunday.", "Come on Sunday, come on Sunday."),
        ("The yellow one, the yellow Bird", "The yellow one, the yellow Bird"),
        ("The rock 'n' roll class", "The rock n roll class"),
    ],
)
def test_odd_spellings_are_undone(transcript: str, cleaned: str) -> None:
    assert clean(transcript) == cleaned


async def test_silence_is_not_even_shown_to_the_model() -> None:
    ear = MoonshineEar()

    assert await ear.hear(b"") == ""
    assert await ear.hear(b"\xff" * 16_000) == ""
    ear.close()
