"""Builds the Agents SDK's graph of agents, tools and handoffs from plain specifications.

The graph holds what a version of a vertical says, and all its calls share it; a call hands in its
own side as the SDK's context. Nothing built here may raise into the SDK: an exception from a tool
or a handoff ends the session of the call. What the model sees of a failure is a fixed sentence.
"""

from __future__ import annotations

import copy
import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from agents import FunctionTool, Handoff, RunContextWrapper
from agents.agent import AgentBase
from agents.realtime import RealtimeAgent
from agents.tool_context import ToolContext

from dialplan.call.events import ToolFinished, ToolStarted
from dialplan.engines.engine import EngineSink

_log = logging.getLogger(__name__)

BAD_ARGUMENTS = json.dumps({"error": "The arguments were not a JSON object. Try again."})
TOOL_FAILED = json.dumps({"error": "That did not work. Tell the caller, and offer another way."})
TOOL_TIMED_OUT = json.dumps({"error": "That takes too long. Tell the caller, and offer a way on."})

NO_SUCH_TOOL = json.dumps(
    {
        "status": "refused",
        "message": "You have no such tool. Use only the tools you were given; "
        "when none fits, tell the caller what you can do.",
    }
)
_UNKNOWN = re.compile(r"Tool (.*) not found", re.DOTALL)


class CallAgents(Protocol):
    """What only a call knows of its agents."""

    def instructions(self, agent: str) -> str:
        """The prompt of an agent that takes over."""
        ...

    def announcement(self, from_agent: str, to_agent: str) -> str | None:
        """What is said word for word before the next agent speaks."""
        ...

    async def run_tool(
        self, agent: str, name: str, arguments: Mapping[str, Any], call_id: str
    ) -> str:
        """Run a tool for an agent and return what the model is told.

        `call_id` is that of the model's call.
        """
        ...


def unknown_tool(words: str) -> str | None:
    """The tool that the SDK's session refuses with these words, or nothing."""
    refused = _UNKNOWN.fullmatch(words)
    return None if refused is None else refused[1][:64]


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool an agent may call.

    Attributes:
        schema: JSON Schema of the arguments, an object.
        examples: what callers say when it is wanted.
        timeout_s: seconds until it is given up.
        silent: whether the agent stays quiet after it (kept by the direct transport).
    """

    name: str
    description: str
    schema: Mapping[str, Any]
    examples: tuple[str, ...] = ()
    timeout_s: float = 20.0
    silent: bool = False


@dataclass(frozen=True, slots=True)
class HandoffSpec:
    """When an agent hands the caller over.

    Attributes:
        schema: JSON Schema of what it passes on, an object.
        fresh: whether the next agent begins without the conversation so far.
    """

    target: str
    when: str
    schema: Mapping[str, Any]
    examples: tuple[str, ...] = ()
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class AgentSpec:
    """One agent."""

    name: str
    tools: tuple[ToolSpec, ...] = ()
    handoffs: tuple[HandoffSpec, ...] = ()


@dataclass(frozen=True, slots=True)
class Handover:
    """A handoff under way, before the next agent's instructions are made."""

    from_agent: str
    to_agent: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Hooks:
    """One call's side of the graph, and what the graph tells its engine: the SDK's context.

    Attributes:
        call: the call's own agents.
        handing_over: called first; returns what the next agent is told beside the arguments.
        forget: takes out of what the model sees all that precedes the handoff under way, which
            is named by its tool.
        announce: has the announcement of a handoff said.
        sink: is told when tools start and finish.
    """

    call: CallAgents
    handing_over: Callable[[Handover], Mapping[str, Any]]
    forget: Callable[[str], Awaitable[None]]
    announce: Callable[[str], Awaitable[None]]
    sink: EngineSink


@dataclass
class Agent(RealtimeAgent[Hooks]):
    """An agent of the graph; or of one call, whose copy carries what it needs to know."""

    note: str = ""


@dataclass(frozen=True, slots=True)
class AgentGraph:
    """The agents by name, and the names of the tools that nobody speaks of."""

    agents: Mapping[str, Agent]
    silent: frozenset[str]


class _NotedHandoff(Handoff[Hooks, RealtimeAgent[Hooks]]):
    """A handoff whose output tells the next agent what it needs to know."""

    def get_transfer_message(self, agent: AgentBase[Any]) -> str:
        return agent.note if isinstance(agent, Agent) else ""


def with_examples(description: str, examples: Sequence[str]) -> str:
    """Append what callers say as the last line of a description."""
    if not examples:
        return description
    quoted = " / ".join(f'"{example}"' for example in examples)
    return f"{description}\nCallers say: {quoted}"


def build_agents(specs: Sequence[AgentSpec]) -> AgentGraph:
    """Return the agents, tied to each other; circles are fine.

    Raises:
        KeyError: a handoff names an agent that is not among `specs`.
    """
    agents = {
        spec.name: Agent(
            name=spec.name,
            instructions=_instructions,
            tools=[_tool(spec.name, tool) for tool in spec.tools],
        )
        for spec in specs
    }
    for spec in specs:
        agents[spec.name].handoffs = [
            _handoff(spec.name, handoff, agents[handoff.target]) for handoff in spec.handoffs
        ]
    silent = frozenset(tool.name for spec in specs for tool in spec.tools if tool.silent)
    return AgentGraph(agents, silent)


def _instructions(context: RunContextWrapper[Hooks], agent: RealtimeAgent[Hooks]) -> str:
    return context.context.call.instructions(agent.name)


def _arguments(text: str) -> Mapping[str, Any] | None:
    try:
        arguments = json.loads(text or "{}")
    except json.JSONDecodeError:
        return None
    return arguments if isinstance(arguments, dict) else None


def _tool(agent: str, spec: ToolSpec) -> FunctionTool:
    async def invoke(context: ToolContext[Hooks], text: str) -> str:
        hooks, arguments = context.context, _arguments(text)
        if arguments is None:
            return BAD_ARGUMENTS
        hooks.sink(ToolStarted(context.tool_call_id))
        try:
            return await hooks.call.run_tool(agent, spec.name, arguments, context.tool_call_id)
        except Exception:  # the border to the SDK, which would end the call
            _log.exception("tool failed", extra={"tool": spec.name})
            return TOOL_FAILED
        finally:
            hooks.sink(ToolFinished(context.tool_call_id))

    return FunctionTool(
        name=spec.name,
        description=with_examples(spec.description, spec.examples),
        params_json_schema=dict(spec.schema),
        on_invoke_tool=invoke,
        strict_json_schema=False,
        timeout_seconds=spec.timeout_s,
        timeout_error_function=lambda _context, _error: TOOL_TIMED_OUT,
    )


def _handoff(source: str, spec: HandoffSpec, target: Agent) -> _NotedHandoff:
    tool_name = f"to_{spec.target}"

    async def enter(context: RunContextWrapper[Hooks], text: str) -> Agent:
        hooks = context.context
        arguments = _arguments(text) or {}
        known = {key: value for key, value in arguments.items() if key != "summary"}
        try:
            known |= hooks.handing_over(Handover(source, spec.target, arguments))
            if spec.fresh:
                await hooks.forget(tool_name)
            announcement = hooks.call.announcement(source, spec.target)
            if announcement is not None:
                await hooks.announce(announcement)
        except Exception:  # the border to the SDK, which would end the call
            _log.exception("handoff hook failed", extra={"agent": spec.target})
        entered = copy.copy(target)  # the graph is every call's
        entered.note = json.dumps(
            {
                "status": "handed_over",
                "to": spec.target,
                "summary": arguments.get("summary", ""),
                "known": known,
            },
            ensure_ascii=False,
            default=str,
        )
        return entered

    return _NotedHandoff(
        tool_name=tool_name,
        tool_description=with_examples(spec.when, spec.examples),
        input_json_schema=dict(spec.schema),
        on_invoke_handoff=enter,
        agent_name=spec.target,
        strict_json_schema=False,
    )
