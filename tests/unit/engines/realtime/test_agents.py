"""The graph of agents that is built from specifications."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from agents import FunctionTool, Handoff, RunContextWrapper
from agents.tool_context import ToolContext

from dialplan.call.events import ToolFinished, ToolStarted
from dialplan.engines.engine import EngineEvent
from dialplan.engines.realtime.agents import (
    BAD_ARGUMENTS,
    TOOL_FAILED,
    AgentSpec,
    HandoffSpec,
    Handover,
    Hooks,
    ToolSpec,
    build_agents,
    with_examples,
)

OPEN: Mapping[str, Any] = {"type": "object", "properties": {"day": {"type": "string"}}}


class Desk:
    """Keeps what the graph tells its engine."""

    def __init__(self) -> None:
        self.told: list[EngineEvent] = []
        self.said: list[str] = []
        self.forgot: list[str] = []

    def hooks(self) -> Hooks:
        return Hooks(self.know, self.forget, self.announce, self.told.append)

    def know(self, handover: Handover) -> Mapping[str, Any]:
        return {"from": handover.from_agent}

    async def forget(self, handoff: str) -> None:
        self.forgot.append(handoff)

    async def announce(self, text: str) -> None:
        self.said.append(text)


async def echo(arguments: Mapping[str, Any], call_id: str) -> str:
    if arguments.get("day") == "never":
        raise RuntimeError("down")
    return f"{call_id} {json.dumps(arguments)}"


def tool(desk: Desk) -> FunctionTool:
    spec = AgentSpec("desk", lambda: "x", (ToolSpec("book", "Books.", OPEN, echo, ("a visit",)),))
    (built,) = build_agents([spec], desk.hooks())["desk"].tools
    assert isinstance(built, FunctionTool)
    return built


async def call(built: FunctionTool, arguments: str) -> str:
    context: ToolContext[None] = ToolContext(
        context=None, tool_name=built.name, tool_call_id="c1", tool_arguments=arguments
    )
    return str(await built.on_invoke_tool(context, arguments))


def test_examples_are_the_last_line_of_a_description() -> None:
    assert with_examples("Books.", ("one", "two")) == 'Books.\nCallers say: "one" / "two"'
    assert with_examples("Books.", ()) == "Books."


def test_a_tool_keeps_the_schema_it_was_written_with() -> None:
    built = tool(Desk())

    assert built.params_json_schema == OPEN
    assert built.description.endswith('Callers say: "a visit"')


async def test_a_tool_gets_its_arguments_and_tells_when_it_works() -> None:
    desk = Desk()

    assert await call(tool(desk), '{"day": "monday"}') == 'c1 {"day": "monday"}'
    assert desk.told == [ToolStarted("c1"), ToolFinished("c1")]


async def test_a_failed_tool_answers_with_a_fixed_sentence() -> None:
    desk = Desk()

    assert await call(tool(desk), '{"day": "never"}') == TOOL_FAILED
    assert desk.told == [ToolStarted("c1"), ToolFinished("c1")]


@pytest.mark.parametrize("arguments", ["{", "[]", "3"])
async def test_arguments_that_are_no_object_are_sent_back(arguments: str) -> None:
    assert await call(tool(Desk()), arguments) == BAD_ARGUMENTS


async def test_handoffs_may_form_a_circle() -> None:
    desk = Desk()
    graph = build_agents(
        [
            AgentSpec("a", lambda: "x", (), (HandoffSpec("b", "When b.", OPEN, "One moment."),)),
            AgentSpec("b", lambda: "y", (), (HandoffSpec("a", "When a.", OPEN),)),
        ],
        desk.hooks(),
    )
    (to_b,) = graph["a"].handoffs
    assert isinstance(to_b, Handoff)

    target = await to_b.on_invoke_handoff(RunContextWrapper(None), '{"summary": "s"}')

    assert target is graph["b"]
    assert to_b.tool_name == "to_b"
    assert desk.said == ["One moment."]
    assert json.loads(to_b.get_transfer_message(target)) == {
        "status": "handed_over",
        "to": "b",
        "summary": "s",
        "known": {"from": "a"},
    }


@pytest.mark.parametrize(("fresh", "forgot"), [(False, []), (True, ["to_b"])])
async def test_only_a_fresh_beginning_forgets_what_was_said(fresh: bool, forgot: list[str]) -> None:
    desk = Desk()
    handoff = HandoffSpec("b", "When b.", OPEN, fresh=fresh)
    graph = build_agents(
        [AgentSpec("a", lambda: "x", (), (handoff,)), AgentSpec("b", lambda: "y")], desk.hooks()
    )
    (to_b,) = graph["a"].handoffs
    assert isinstance(to_b, Handoff)

    await to_b.on_invoke_handoff(RunContextWrapper(None), "{}")

    assert desk.forgot == forgot


def test_a_handoff_to_nobody_is_refused() -> None:
    spec = AgentSpec("a", lambda: "x", (), (HandoffSpec("z", "When z.", OPEN),))

    with pytest.raises(KeyError):
        build_agents([spec], Desk().hooks())
