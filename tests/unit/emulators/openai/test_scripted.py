"""A mind that plays a script."""

from __future__ import annotations

import pytest

from dialplan.emulators.openai.mind import CallTool, Decision, Say, Turn
from dialplan.emulators.openai.scripted import ScriptedMind


def turn(session_id: str = "s", response_instructions: str | None = None) -> Turn:
    return Turn(
        session_id=session_id,
        instructions="",
        response_instructions=response_instructions,
        tools=(),
        tool_choice="auto",
        items=(),
    )


async def decisions(mind: ScriptedMind, asked: Turn) -> list[Decision]:
    return [decision async for decision in mind.respond(asked)]


async def test_each_response_takes_one_step() -> None:
    mind = ScriptedMind([[Say("One."), CallTool("book", {"a": 1})], [Say("Two.")]])

    assert await decisions(mind, turn()) == [Say("One."), CallTool("book", {"a": 1})]
    assert mind.left() == 1
    assert await decisions(mind, turn("another")) == [Say("Two.")]
    assert [seen.session_id for seen in mind.turns] == ["s", "another"]


async def test_exact_words_are_spoken_and_take_no_step() -> None:
    mind = ScriptedMind([[Say("One.")]])

    assert await decisions(mind, turn(response_instructions="Say: “Good day. Yes?”")) == [
        Say("Good day."),
        Say("Yes?"),
    ]
    assert mind.left() == 1


async def test_other_instructions_take_a_step() -> None:
    mind = ScriptedMind([[Say("One.")]])

    assert await decisions(mind, turn(response_instructions="Greet them.")) == [Say("One.")]


async def test_every_session_can_have_the_whole_script() -> None:
    mind = ScriptedMind([[Say("One.")]], per_session=True)

    assert await decisions(mind, turn("a")) == await decisions(mind, turn("b")) == [Say("One.")]
    assert (mind.left("a"), mind.left("c")) == (0, 1)


async def test_a_script_that_is_over_is_an_error() -> None:
    with pytest.raises(LookupError, match="script has 0 steps"):
        await decisions(ScriptedMind([]), turn())
