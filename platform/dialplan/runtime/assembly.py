"""From a loaded vertical to what its calls run on: agents and settings, shared, and their policy.

What a version says is put together once, at its first call; what is a call's own is filled in from
templates that are compiled by then.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opentelemetry.trace import Tracer

from dialplan.call.machine import CallPolicy
from dialplan.config.load import LoadedVertical
from dialplan.engines.realtime.agents import (
    AgentGraph,
    AgentSpec,
    HandoffSpec,
    ToolSpec,
    build_agents,
)
from dialplan.model.agent import Handoff
from dialplan.model.tool import Tool
from dialplan.prompts.render import render
from dialplan.protocols.realtime.client import SessionSettings
from dialplan.runtime.attended import CallRequest
from dialplan.runtime.clock import Clock
from dialplan.runtime.traces import CallTrace
from dialplan.tools.arguments import parameters_schema

TRANSCRIBER = "gpt-4o-mini-transcribe"
FAREWELL_MS = 15_000
# A tool's own timeout answers first; the engine's is the net below it.
ENGINE_GRACE_S = 5.0

Names = Callable[[], Mapping[str, object]]
RunTool = Callable[[str, str, str], Awaitable[str]]
"""Takes the agent that asks, the tool and its arguments as JSON."""


@dataclass(frozen=True, slots=True)
class Assembly:
    """What all calls of one version of a vertical share."""

    loaded: LoadedVertical
    graph: AgentGraph
    settings: SessionSettings


class Assemblies:
    """The versions that have calls, each put together once and let go when it serves no more."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, str], Assembly] = {}

    def of(self, loaded: LoadedVertical) -> Assembly:
        """Return what a version's calls share."""
        made = self._made.get(loaded.identity)
        if made is None:
            graph = build_agents(agent_specs(loaded))
            made = self._made[loaded.identity] = Assembly(loaded, graph, session_settings(loaded))
        return made

    def serve(self, versions: Sequence[LoadedVertical]) -> None:
        """Let go of all versions but these; calls in progress hold theirs."""
        kept = {one.identity for one in versions}
        self._made = {key: made for key, made in self._made.items() if key in kept}


@dataclass(frozen=True, slots=True)
class VerticalAgents:
    """A call's own side of its agents (a `CallAgents`); `names` fills their texts."""

    loaded: LoadedVertical
    names: Names
    tool: RunTool

    def instructions(self, agent: str) -> str:
        """The prompt of an agent that takes over."""
        return render(self.loaded.prompts[agent], self.names())

    def announcement(self, from_agent: str, to_agent: str) -> str | None:
        """What is said word for word before the next agent speaks."""
        announce = self.loaded.vertical.agents[from_agent].handoffs[to_agent].announce
        return None if announce is None else render(announce, self.names())

    async def run_tool(
        self, agent: str, name: str, arguments: Mapping[str, Any], call_id: str
    ) -> str:
        """Run a tool; return what the model is told."""
        return await self.tool(agent, name, json.dumps(arguments))


def agent_specs(loaded: LoadedVertical) -> tuple[AgentSpec, ...]:
    """Return what the graph of a vertical's agents is built from."""
    vertical = loaded.vertical
    return tuple(
        AgentSpec(
            name=name,
            tools=tuple(_tool(one, vertical.tools[one]) for one in agent.tools),
            handoffs=tuple(_handoff(target, handoff) for target, handoff in agent.handoffs.items()),
        )
        for name, agent in vertical.agents.items()
    )


def session_settings(loaded: LoadedVertical) -> SessionSettings:
    """Return the part of a session that no agent changes."""
    voice = loaded.vertical.voice
    detection: dict[str, Any] = {"type": voice.turn_detection.type, "interrupt_response": True}
    detection["create_response"] = True
    if voice.turn_detection.type == "server_vad":
        silence = voice.turn_detection.silence.total_seconds()
        detection["silence_duration_ms"] = int(silence * 1000)
    # A transcriber that must guess the language drifts; where only one is spoken it is told so.
    transcription: dict[str, Any] = {"model": TRANSCRIBER}
    accepted = voice.languages.accept
    if accepted != "all" and set(accepted) <= {voice.languages.default}:
        transcription["language"] = voice.languages.default.partition("-")[0]
    return SessionSettings(
        model=voice.model,
        voice=voice.voice,
        instructions="",
        transcription=transcription,
        turn_detection=detection,
        audio=voice.format,
    )


def call_policy(
    loaded: LoadedVertical, values: Mapping[str, object], *, notice: str | None
) -> CallPolicy:
    """Return the limits and fixed words of a call; `notice` is said before the greeting."""
    vertical = loaded.vertical
    said = vertical.voice.sentences
    greeting = render(vertical.voice.greeting, values)
    return CallPolicy(
        greeting=greeting if notice is None else f"{notice} {greeting}",
        silence_ms=_ms(vertical.limits.silence.total_seconds()),
        silence_prompts=(render(said.still_there, values),),
        silence_goodbye=render(said.silence_goodbye, values),
        limit_ms=_ms(vertical.limits.call.total_seconds()),
        limit_goodbye=render(said.limit_goodbye, values),
        farewell_ms=FAREWELL_MS,
    )


def pause_ms(loaded: LoadedVertical) -> int | None:
    """Return the silence that ends the caller's speech, None where the model judges by meaning."""
    detection = loaded.vertical.voice.turn_detection
    return _ms(detection.silence.total_seconds()) if detection.type == "server_vad" else None


def call_trace(tracer: Tracer, request: CallRequest, clock: Clock) -> CallTrace:
    """Return what traces one call."""
    loaded = request.line.vertical
    return CallTrace(
        tracer,
        clock,
        call_sid=request.call_sid,
        tenant=request.line.tenant,
        vertical=loaded.vertical.name,
        version=loaded.version,
        model=loaded.vertical.voice.model,
        tools=frozenset(loaded.vertical.tools),
    )


def _ms(seconds: float) -> int:
    return int(seconds * 1000)


def _tool(name: str, tool: Tool) -> ToolSpec:
    return ToolSpec(
        name=name,
        description=tool.description,
        schema=parameters_schema(tool),
        examples=tuple(tool.examples),
        # The call ends after these: a further answer would be spoken over the goodbye.
        silent=tool.builtin in ("transfer", "hang_up"),
        timeout_s=tool.timeout.total_seconds() + ENGINE_GRACE_S,
    )


def _handoff(target: str, handoff: Handoff) -> HandoffSpec:
    schema: dict[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}
    if handoff.context == "summary":
        schema["properties"]["summary"] = {
            "type": "string",
            "maxLength": 300,
            "description": "What the caller wants, in one sentence.",
        }
        schema["required"] = ["summary"]
    return HandoffSpec(
        target=target,
        when=handoff.when,
        examples=tuple(handoff.examples),
        schema=schema,
        fresh=handoff.context != "full",
    )
