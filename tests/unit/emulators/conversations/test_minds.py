from dataclasses import replace
from typing import Any

import pytest

from dialplan.emulators.conversations.minds import PlayedMind, ReadingMind, WatchedMind
from dialplan.emulators.openai.mind import (
    AnswerForm,
    CallTool,
    Decision,
    Message,
    Mind,
    Say,
    ToolDefinition,
)
from dialplan.emulators.openai.mind import Turn as Asked
from dialplan.emulators.openai.scripted import ScriptedMind
from dialplan.model.conversation import Turn

TO_BOSS = {"type": "object", "properties": {"summary": {"type": "string"}}}
TOOLS = (ToolDefinition("find", "", {}), ToolDefinition("to_boss", "", TO_BOSS))


def _asked(words: str | None = None) -> Asked:
    return Asked("s", "", words, TOOLS, "auto", (Message("user", "I am angry."),))


def _turns(*steps: list[dict[str, Any]]) -> list[Turn]:
    return [Turn.model_validate({"caller": "Hi.", "model": one}) for one in steps]


async def _all(mind: Mind, asked: Asked) -> list[Decision]:
    return [one async for one in mind.respond(asked)]


async def test_each_response_takes_the_next_step_of_the_callers_turn() -> None:
    said = 1
    mind = PlayedMind(
        _turns(
            [{"say": "One. Two.", "tool": {"find": {"id": 3}}}, {"say": "Found."}],
            [{"handoff": "boss"}],
        ),
        lambda: said,
    )

    first = [await _all(mind, _asked()), await _all(mind, _asked())]
    said = 2
    second = await _all(mind, _asked())

    assert first == [[Say("One."), Say("Two."), CallTool("find", {"id": 3})], [Say("Found.")]]
    assert second == [CallTool("to_boss", {"summary": "I am angry."})]
    assert (mind.misses, mind.untaken()) == ([], [])


async def test_exact_words_take_no_step() -> None:
    mind = PlayedMind(_turns([{"say": "One."}]), lambda: 0)

    assert await _all(mind, _asked("Say this: “Hello. Who is it?”")) == [
        Say("Hello."),
        Say("Who is it?"),
    ]
    assert mind.misses == []


async def test_a_response_that_is_not_written_down_is_a_miss() -> None:
    mind = PlayedMind(_turns([{"say": "One."}]), lambda: 1)

    await _all(mind, _asked())

    assert await _all(mind, _asked()) == []
    assert [miss.at for miss in mind.misses] == [("turns", 0, "model")]


async def test_a_tool_that_the_agent_has_not_is_a_miss_and_not_called() -> None:
    mind = PlayedMind(_turns([{"tool": "book"}]), lambda: 1)

    assert await _all(mind, _asked()) == []
    assert [(miss.at, miss.got) for miss in mind.misses] == [
        (("turns", 0, "model", 0), "the agent has only find, to_boss")
    ]


@pytest.mark.parametrize(("said", "places"), [(0, []), (1, [("turns", 0, "model", 0)])])
async def test_a_step_nobody_asked_for_counts_once_its_turn_was_said(
    said: int, places: list[object]
) -> None:
    mind = PlayedMind(_turns([{"say": "One."}]), lambda: said)

    assert [miss.at for miss in mind.untaken()] == places


async def test_a_mind_is_busy_until_the_answer_after_its_tool_is_given() -> None:
    played = PlayedMind(_turns([{"tool": "find"}, {"say": "Found."}]), lambda: 1)
    mind = WatchedMind(played)
    seen = [mind.busy]

    await _all(mind, _asked())
    seen.append(mind.busy)
    await _all(mind, _asked("Say: “One moment.”"))
    seen.append(mind.busy)
    async for _ in mind.respond(_asked()):
        seen.append(mind.busy)
    seen.append(mind.busy)

    assert seen == [False, True, True, True, False]


FORM = AnswerForm(
    "fields",
    {
        "type": "object",
        "properties": {
            "intent": {"type": ["string", "null"], "enum": ["book", None]},
            "score": {"type": ["integer", "null"], "maximum": 100},
        },
    },
)


def _read() -> Asked:
    return replace(_asked(), form=FORM)


async def test_what_is_written_is_read_out_of_the_call_and_the_rest_is_null() -> None:
    talks, reads = ScriptedMind([[Say("Hello.")]]), ScriptedMind([])
    mind = ReadingMind(talks, reads, {"intent": "book"})

    assert await _all(mind, _read()) == [Say('{"intent": "book", "score": null}')]
    assert await _all(mind, _asked()) == [Say("Hello.")]
    assert mind.misses == []


async def test_where_nothing_is_written_another_mind_reads() -> None:
    mind = ReadingMind(ScriptedMind([]), ScriptedMind([[Say("{}")]]), {})

    assert await _all(mind, _read()) == [Say("{}")]


async def test_an_answer_that_no_model_could_give_is_a_miss_where_it_is_written() -> None:
    mind = ReadingMind(ScriptedMind([]), ScriptedMind([]), {"intent": "book", "score": 101})

    assert await _all(mind, _read()) == [Say('{"intent": "book", "score": null}')]
    assert [(miss.at, miss.got) for miss in mind.misses] == [(("after_call", "score"), "101")]
