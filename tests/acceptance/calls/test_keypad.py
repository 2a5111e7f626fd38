"""Keys that a caller presses reach the agent as a turn."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from dialplan.emulators.openai.mind import Message, Say
from dialplan.emulators.openai.scripted import ScriptedMind
from dialplan.emulators.twilio.caller import Line
from dialplan.store.facts import TurnSpoken

CLINIC = "+15550100001"
PRESSED = "The caller pressed 4 7 1 1 on the keypad."
# conftest types cannot be imported in importlib mode.
Open = Callable[..., AbstractAsyncContextManager[Any]]


@pytest.mark.parametrize("keys", ["4711", "4711#"])
async def test_an_entry_is_answered_and_written_down_and_never_logged(
    rehearse: Open, caplog: pytest.LogCaptureFixture, keys: str
) -> None:
    mind = ScriptedMind([[Say("Thank you for the number.")]])
    with caplog.at_level(logging.DEBUG, logger="dialplan"):
        async with rehearse(mind=mind, seeded=False) as rehearsal:
            record = await rehearsal.ring(CLINIC, Line(digits=keys, patience_ms=600))
            said = [(f.speaker, f.text) for f in rehearsal.of(TurnSpoken)]

    assert record.digits == keys
    assert said[-2:] == [("caller", PRESSED), ("agent", "Thank you for the number.")]
    assert Message("user", PRESSED) in mind.turns[-1].items
    logged = "".join(
        str(one.__dict__) for one in caplog.records if one.name.startswith("dialplan.")
    )
    assert "4711" not in logged
    assert "4 7 1 1" not in logged


async def test_a_key_stops_the_agent(rehearse: Open) -> None:
    long = " ".join(f"word{n}" for n in range(80)) + "."
    mind = ScriptedMind([[Say(long)], [Say("Thank you.")]])
    async with rehearse(mind=mind, seeded=False) as rehearsal:
        await rehearsal.ring(CLINIC, "Tell me all.", Line(digits="1#", after_ms=800))

        agent = [f for f in rehearsal.of(TurnSpoken) if f.speaker == "agent"]
        cut = next(fact for fact in agent if fact.text.startswith("word0"))
        assert "word79" not in cut.text
        assert cut.heard_ms is not None
        assert 600 <= cut.heard_ms <= 1600
        assert agent[-1].text == "Thank you."
