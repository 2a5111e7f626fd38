"""From a loaded vertical to the agents, settings and policy of one call."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from dialplan.call.machine import CallPolicy
from dialplan.config.load import LoadedVertical
from dialplan.engines.realtime.agents import AgentSpec, HandoffSpec, ToolSpec
from dialplan.model.agent import Handoff
from dialplan.model.tool import Tool
from dialplan.prompts.render import render
from dialplan.protocols.realtime.client import SessionSettings
from dialplan.tools.arguments import parameters_schema

TRANSCRIBER = "gpt-4o-mini-transcribe"
STILL_THERE = "Are you still there?"
SILENCE_GOODBYE = "I cannot hear you, so I will hang up now. Please call again. Goodbye."
LIMIT_GOODBYE = "I am sorry, we have run out of time for this call. Please call again. Goodbye."
FAREWELL_MS = 15_000
# A tool's own timeout answers first; the engine's is the net below it.
ENGINE_GRACE_S = 5.0

Names = Callable[[], Mapping[str, object]]
RunTool = Callable[[str, str], Awaitable[str]]


def agent_specs(loaded: LoadedVertical, names: Names, run_tool: RunTool) -> tuple[AgentSpec, ...]:
    """Return what the engine builds its graph from; `names` fills prompts when an agent begins."""
    vertical = loaded.vertical
    return tuple(
        AgentSpec(
            name=name,
            instructions=_instructions(loaded.prompts[name], names),
            tools=tuple(_tool(one, vertical.tools[one], run_tool) for one in agent.tools),
            handoffs=tuple(
                _handoff(target, handoff, names) for target, handoff in agent.handoffs.items()
            ),
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
    greeting = render(vertical.voice.greeting, values)
    return CallPolicy(
        greeting=greeting if notice is None else f"{notice} {greeting}",
        silence_ms=_ms(vertical.limits.silence.total_seconds()),
        silence_prompts=(STILL_THERE,),
        silence_goodbye=SILENCE_GOODBYE,
        limit_ms=_ms(vertical.limits.call.total_seconds()),
        limit_goodbye=LIMIT_GOODBYE,
        farewell_ms=FAREWELL_MS,
    )


def _ms(seconds: float) -> int:
    return int(seconds * 1000)


def _instructions(prompt: str, names: Names) -> Callable[[], str]:
    return lambda: render(prompt, names())


def _tool(name: str, tool: Tool, run_tool: RunTool) -> ToolSpec:
    async def invoke(arguments: Mapping[str, Any], _call_id: str) -> str:
        return await run_tool(name, json.dumps(arguments))

    return ToolSpec(
        name=name,
        description=tool.description,
        schema=parameters_schema(tool),
        invoke=invoke,
        examples=tuple(tool.examples),
        # The call ends after these: a further answer would be spoken over the goodbye.
        silent=tool.builtin in ("transfer", "hang_up"),
        timeout_s=tool.timeout.total_seconds() + ENGINE_GRACE_S,
    )


def _handoff(target: str, handoff: Handoff, names: Names) -> HandoffSpec:
    schema: dict[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}
    if handoff.context == "summary":
        schema["properties"]["summary"] = {
            "type": "string",
            "maxLength": 300,
            "description": "What the caller wants, in one sentence.",
        }
        schema["required"] = ["summary"]
    announce = None if handoff.announce is None else render(handoff.announce, names())
    return HandoffSpec(
        target=target,
        when=handoff.when,
        schema=schema,
        announce=announce,
        fresh=handoff.context != "full",
    )
