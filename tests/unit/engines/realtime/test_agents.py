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
    AgentGraph,
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
    """One call: keeps what the graph tells its engine."""

    def __init__(self, name: str = "desk") -> None:
        self.name = name
        self.told: list[EngineEvent] = []
        self.said: list[str] = []
        self.forgot: list[str] = []

    def hooks(self) -> Hooks:
        return Hooks(self, self.know, self.forget, self.announce, self.told.append)

    def context(self) -> RunContextWrapper[Hooks]:
        return RunContextWrapper(self.hooks())

    def instructions(self, agent: str) -> str:
        return f"{agent} of {self.name}"

    def announcement(self, from_agent: str, to_agent: str) -> str | None:
        return "One moment." if to_agent == "b" else None

    async def run_tool(
        self, agent: str, name: str, arguments: Mapping[str, Any], call_id: str
    ) -> str:
        if arguments.get("day") == "never":
            raise RuntimeError("down")
        return f"{agent} {name} {call_id} {json.dumps(arguments)}"

    def know(self, handover: Handover) -> Mapping[str, Any]:
        return {"from": handover.from_agent, "call": self.name}

    async def forget(self, handoff: str) -> None:
        self.forgot.append(handoff)

    async def announce(self, text: str) -> None:
        self.said.append(text)


def tool() -> FunctionTool:
    spec = AgentSpec("desk", (ToolSpec("book", "Books.", OPEN, ("a visit",)),))
    (built,) = build_agents([spec]).agents["desk"].tools
    assert isinstance(built, FunctionTool)
    return built


async def call(desk: Desk, arguments: str) -> str:
    context: ToolContext[Hooks] = ToolContext(
        context=desk.hooks(), tool_name="book", tool_call_id="c1", tool_arguments=arguments
    )
    return str(await tool().on_invoke_tool(context, arguments))


def handoff(graph: AgentGraph, agent: str) -> Handoff[Any, Any]:
    (built,) = graph.agents[agent].handoffs
    assert isinstance(built, Handoff)
    return built


def test_examples_are_the_last_line_of_a_description() -> None:
    assert with_examples("Books.", ("one", "two")) == 'Books.\nCallers say: "one" / "two"'
    assert with_examples("Books.", ()) == "Books."


def test_a_tool_keeps_the_schema_it_was_written_with() -> None:
    built = tool()

    assert built.params_json_schema == OPEN
    assert built.description.endswith('Callers say: "a visit"')


async def test_a_tool_gets_its_arguments_and_tells_when_it_works() -> None:
    desk = Desk()

    assert await call(desk, '{"day": "monday"}') == 'desk book c1 {"day": "monday"}'
    assert desk.told == [ToolStarted("c1"), ToolFinished("c1")]


async def test_a_failed_tool_answers_with_a_fixed_sentence() -> None:
    desk = Desk()

    assert await call(desk, '{"day": "never"}') == TOOL_FAILED
    assert desk.told == [ToolStarted("c1"), ToolFinished("c1")]


@pytest.mark.parametrize("arguments", ["{", "[]", "3"])
async def test_arguments_that_are_no_object_are_sent_back(arguments: str) -> None:
    assert await call(Desk(), arguments) == BAD_ARGUMENTS


CIRCLE = (
    AgentSpec("a", (), (HandoffSpec("b", "When b.", OPEN),)),
    AgentSpec("b", (), (HandoffSpec("a", "When a.", OPEN),)),
)


async def test_handoffs_may_form_a_circle() -> None:
    desk = Desk()
    graph = build_agents(CIRCLE)
    to_b = handoff(graph, "a")

    target = await to_b.on_invoke_handoff(desk.context(), '{"summary": "s"}')

    assert target.name == "b"
    assert target.handoffs == graph.agents["b"].handoffs
    assert to_b.tool_name == "to_b"
    assert desk.said == ["One moment."]
    assert json.loads(to_b.get_transfer_message(target)) == {
        "status": "handed_over",
        "to": "b",
        "summary": "s",
        "known": {"from": "a", "call": "desk"},
    }


async def test_calls_that_share_a_graph_know_nothing_of_each_other() -> None:
    graph = build_agents(CIRCLE)
    to_b = handoff(graph, "a")
    one, other = Desk("one"), Desk("other")

    first = await to_b.on_invoke_handoff(one.context(), '{"summary": "my secret"}')
    second = await to_b.on_invoke_handoff(other.context(), "{}")

    assert json.loads(to_b.get_transfer_message(first))["summary"] == "my secret"
    assert json.loads(to_b.get_transfer_message(second))["known"] == {"from": "a", "call": "other"}
    assert await first.get_system_prompt(one.context()) == "b of one"
    assert await second.get_system_prompt(other.context()) == "b of other"
    assert graph.agents["b"].note == ""


@pytest.mark.parametrize(("fresh", "forgot"), [(False, []), (True, ["to_b"])])
async def test_only_a_fresh_beginning_forgets_what_was_said(fresh: bool, forgot: list[str]) -> None:
    desk = Desk()
    specs = [AgentSpec("a", (), (HandoffSpec("b", "When b.", OPEN, fresh=fresh),)), AgentSpec("b")]

    await handoff(build_agents(specs), "a").on_invoke_handoff(desk.context(), "{}")

    assert desk.forgot == forgot


def test_a_graph_knows_its_silent_tools() -> None:
    tools = (ToolSpec("hang_up", "x", OPEN, silent=True), ToolSpec("book", "x", OPEN))

    assert build_agents([AgentSpec("a", tools)]).silent == {"hang_up"}


def test_a_handoff_to_nobody_is_refused() -> None:
    with pytest.raises(KeyError):
        build_agents([AgentSpec("a", (), (HandoffSpec("z", "When z.", OPEN),))])
