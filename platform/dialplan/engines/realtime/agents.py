"""Builds the Agents SDK's graph of agents, tools and handoffs from plain specifications.

Nothing built here may raise into the SDK: an exception from a tool or a handoff ends the session
of the call. What the model sees of a failure is a fixed sentence.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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

Agent = RealtimeAgent[None]


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool an agent may call.

    Attributes:
        schema: JSON Schema of the arguments, an object.
        invoke: takes the arguments and the id of the call, returns what the model is told.
        examples: what callers say when it is wanted.
        timeout_s: seconds until it is given up.
        silent: whether the agent stays quiet after it (kept by the direct transport).
    """

    name: str
    description: str
    schema: Mapping[str, Any]
    invoke: Callable[[Mapping[str, Any], str], Awaitable[str]]
    examples: tuple[str, ...] = ()
    timeout_s: float = 20.0
    silent: bool = False


@dataclass(frozen=True, slots=True)
class HandoffSpec:
    """When an agent hands the caller over.

    Attributes:
        schema: JSON Schema of what it passes on, an object.
        announce: said word for word before the next agent speaks.
        fresh: whether the next agent begins without the conversation so far.
    """

    target: str
    when: str
    schema: Mapping[str, Any]
    announce: str | None = None
    examples: tuple[str, ...] = ()
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class AgentSpec:
    """One agent. `instructions` is called whenever the agent takes over."""

    name: str
    instructions: Callable[[], str]
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
    """What the graph tells its engine.

    Attributes:
        handing_over: called first; returns what the next agent is told beside the arguments.
        forget: takes out of what the model sees all that precedes the handoff under way, which
            is named by its tool.
        announce: has the announcement of a handoff said.
        sink: is told when tools start and finish.
    """

    handing_over: Callable[[Handover], Mapping[str, Any]]
    forget: Callable[[str], Awaitable[None]]
    announce: Callable[[str], Awaitable[None]]
    sink: EngineSink


class _NotedHandoff(Handoff[Any, Agent]):
    """A handoff whose output tells the next agent what it needs to know."""

    note: str = ""

    def get_transfer_message(self, agent: AgentBase[Any]) -> str:
        return self.note


def with_examples(description: str, examples: Sequence[str]) -> str:
    """Append what callers say as the last line of a description."""
    if not examples:
        return description
    quoted = " / ".join(f'"{example}"' for example in examples)
    return f"{description}\nCallers say: {quoted}"


def build_agents(specs: Sequence[AgentSpec], hooks: Hooks) -> dict[str, Agent]:
    """Return the agents by name, tied to each other; circles are fine.

    Raises:
        KeyError: a handoff names an agent that is not among `specs`.
    """
    graph = {spec.name: _agent(spec, hooks) for spec in specs}
    for spec in specs:
        graph[spec.name].handoffs = [
            _handoff(spec.name, handoff, graph[handoff.target], hooks) for handoff in spec.handoffs
        ]
    return graph


def _agent(spec: AgentSpec, hooks: Hooks) -> Agent:
    def instructions(_context: RunContextWrapper[None], _agent: Agent) -> str:
        return spec.instructions()

    return RealtimeAgent(
        name=spec.name,
        instructions=instructions,
        tools=[_tool(tool, hooks.sink) for tool in spec.tools],
    )


def _arguments(text: str) -> Mapping[str, Any] | None:
    try:
        arguments = json.loads(text or "{}")
    except json.JSONDecodeError:
        return None
    return arguments if isinstance(arguments, dict) else None


def _tool(spec: ToolSpec, sink: EngineSink) -> FunctionTool:
    async def invoke(context: ToolContext[Any], text: str) -> str:
        arguments = _arguments(text)
        if arguments is None:
            return BAD_ARGUMENTS
        sink(ToolStarted(context.tool_call_id))
        try:
            return await spec.invoke(arguments, context.tool_call_id)
        except Exception:  # the border to the SDK, which would end the call
            _log.exception("tool failed", extra={"tool": spec.name})
            return TOOL_FAILED
        finally:
            sink(ToolFinished(context.tool_call_id))

    return FunctionTool(
        name=spec.name,
        description=with_examples(spec.description, spec.examples),
        params_json_schema=dict(spec.schema),
        on_invoke_tool=invoke,
        strict_json_schema=False,
        timeout_seconds=spec.timeout_s,
        timeout_error_function=lambda _context, _error: TOOL_TIMED_OUT,
    )


def _handoff(source: str, spec: HandoffSpec, target: Agent, hooks: Hooks) -> Handoff[Any, Agent]:
    tool_name = f"to_{spec.target}"

    async def enter(_context: RunContextWrapper[Any], text: str) -> Agent:
        arguments = _arguments(text) or {}
        known = {key: value for key, value in arguments.items() if key != "summary"}
        try:
            known |= hooks.handing_over(Handover(source, spec.target, arguments))
            if spec.fresh:
                await hooks.forget(tool_name)
            if spec.announce is not None:
                await hooks.announce(spec.announce)
        except Exception:  # the border to the SDK, which would end the call
            _log.exception("handoff hook failed", extra={"agent": spec.target})
        built.note = json.dumps(
            {
                "status": "handed_over",
                "to": spec.target,
                "summary": arguments.get("summary", ""),
                "known": known,
            },
            ensure_ascii=False,
            default=str,
        )
        return target

    built = _NotedHandoff(
        tool_name=tool_name,
        tool_description=with_examples(spec.when, spec.examples),
        input_json_schema=dict(spec.schema),
        on_invoke_handoff=enter,
        agent_name=spec.target,
        strict_json_schema=False,
    )
    return built
