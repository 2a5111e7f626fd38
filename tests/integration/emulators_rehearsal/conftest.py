"""A tiny platform for dialogues: agents with tools whose answers follow the platform's contract."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from dialplan.emulators.openai.mind import (
    CallTool,
    FunctionCall,
    FunctionOutput,
    Item,
    Message,
    Say,
    ToolDefinition,
    Turn,
)
from dialplan.emulators.rehearsal.mind import RehearsalMind
from dialplan.knowledge.minilm import Embedder

NOW = datetime(2026, 3, 2, 9, 0)

Answer = Callable[["Line", dict[str, Any]], Mapping[str, Any]]


@dataclass
class Agent:
    prompt: str
    tools: dict[str, tuple[str, dict[str, Any], list[str]]]


@dataclass
class Line:
    """One call: the agents, what their tools answer, and the conversation so far."""

    mind: RehearsalMind
    agents: dict[str, Agent]
    answers: Mapping[str, Answer]
    agent: str
    items: list[Item] = field(default_factory=list)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    state: dict[str, Any] = field(default_factory=dict)
    slowest: float = 0.0

    async def greet(self, text: str) -> str:
        return await self._respond(f"Say this to the caller, word for word: “{text}”")

    async def say(self, text: str) -> str:
        """Say something as the caller; return what the agent says until it is the caller's turn."""
        self.items.append(Message("user", text))
        return await self._respond(None)

    async def _respond(self, instructions: str | None) -> str:
        heard: list[str] = []
        for _ in range(10):
            calls = []
            said = []
            async for decision in self.mind.respond(self._turn(instructions)):
                match decision:
                    case Say(text):
                        said.append(text)
                    case CallTool():
                        calls.append(decision)
            if said:
                self.items.append(Message("assistant", " ".join(said)))
                heard += said
            if not calls:
                return " ".join(heard)
            for call in calls:
                self._run(call)
        raise AssertionError(f"the model never came to rest: {self.calls}")

    def _turn(self, instructions: str | None) -> Turn:
        agent = self.agents[self.agent]
        tools = [
            ToolDefinition(n, d, {"type": "object", "properties": p, "required": r})
            for n, (d, p, r) in agent.tools.items()
        ]
        return Turn("s", agent.prompt, instructions, tools, "auto", list(self.items))

    def _run(self, call: CallTool) -> None:
        arguments = dict(call.arguments)
        self.calls.append((call.name, arguments))
        call_id = f"c{len(self.calls)}"
        self.items.append(FunctionCall(call_id, call.name, json.dumps(arguments)))
        if call.name.startswith("to_"):
            self.agent = call.name.removeprefix("to_")
            output: Mapping[str, Any] = {
                "status": "handed_over",
                "to": self.agent,
                "summary": arguments.get("summary", ""),
                "known": self.state,
            }
        else:
            output = self.answers[call.name](self, arguments)
        self.items.append(FunctionOutput(call_id, json.dumps(output)))


@pytest.fixture(scope="session")
def mind() -> RehearsalMind:
    return RehearsalMind(Embedder(), lambda: NOW)
