"""Minds for conversations: one that plays what is written down, and one that is watched at work."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from dialplan.config.jsonschemas import Draft202012Validator
from dialplan.emulators.conversations.miss import Miss
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
from dialplan.emulators.openai.sentences import split
from dialplan.emulators.openai.verbatim import verbatim
from dialplan.model.conversation import ModelStep, Turn
from dialplan.model.shape import Json


class PlayedMind:
    """Plays the `model` steps of a conversation, each turn its own.

    Attributes:
        misses: where the call asked for something other than what is written.
    """

    def __init__(self, turns: Sequence[Turn], said: Callable[[], int]) -> None:
        """Args: the conversation's turns, and how many lines the caller has begun by now."""
        self._steps = [turn.model or () for turn in turns]
        self._taken = [0 for _ in turns]
        self._said = said
        self.misses: list[Miss] = []

    async def respond(self, turn: Asked) -> AsyncIterator[Decision]:
        """Yield the next step of the caller's turn; exact words that are asked for take no step."""
        exact = verbatim(turn.response_instructions)
        if exact is not None:
            for sentence in split(exact):
                yield Say(sentence)
            return
        index = self._said() - 1
        if index < 0 or self._taken[index] >= len(self._steps[index]):
            got = f"another response was asked for after {_last(turn)}"
            wanted = "no response after those written here"
            self.misses.append(Miss(("turns", max(0, index), "model"), wanted, got))
            return
        number = self._taken[index]
        self._taken[index] += 1
        for decision in _decisions(self._steps[index][number], turn):
            if isinstance(decision, CallTool) and decision.name not in _names(turn.tools):
                got = f"the agent has only {', '.join(_names(turn.tools)) or 'no tools'}"
                at = ("turns", index, "model", number)
                self.misses.append(Miss(at, f"an agent that can call `{decision.name}`", got))
                continue
            yield decision

    def untaken(self) -> list[Miss]:
        """Return the steps that no response asked for, in turns that the caller came to say."""
        return [
            Miss(("turns", index, "model", taken), "this response to be asked for", "it was not")
            for index, (steps, taken) in enumerate(zip(self._steps, self._taken, strict=True))
            if taken < len(steps) and index < self._said()
        ]


class ReadingMind:
    """One mind for the call, and who reads it once it is over: what is written, or another mind.

    Attributes:
        misses: what is written and no model could answer.
    """

    def __init__(self, talks: Mind, reads: Mind, written: Mapping[str, Json]) -> None:
        """Args: who thinks in the call, who reads it, and the answers written instead, if any."""
        self._talks = talks
        self._reads = reads
        self._written = written
        self.misses: list[Miss] = []

    async def respond(self, turn: Asked) -> AsyncIterator[Decision]:
        """Yield what either decides; what is written nothing of is null."""
        if turn.form is not None and self._written:
            yield Say(json.dumps(self._answers(turn.form), ensure_ascii=False))
            return
        mind = self._talks if turn.form is None else self._reads
        async for decision in mind.respond(turn):
            yield decision

    def _answers(self, form: AnswerForm) -> dict[str, Json]:
        answers: dict[str, Json] = {}
        for name, schema in form.schema.get("properties", {}).items():
            value = self._written.get(name)
            if value is not None and not Draft202012Validator(schema).is_valid(value):
                wanted = f"a value that fits {json.dumps(schema, ensure_ascii=False)}"
                got = json.dumps(value, ensure_ascii=False)
                self.misses.append(Miss(("after_call", name), wanted, got))
                value = None
            answers[name] = value
        return answers


class WatchedMind:
    """Another mind, and whether it is at work: thinking, or waiting for what it asked a tool."""

    def __init__(self, mind: Mind) -> None:
        self._mind = mind
        self._thinking = 0
        self._calls = False

    @property
    def busy(self) -> bool:
        """Whether more is to come without the caller saying anything."""
        return self._thinking > 0 or self._calls

    async def respond(self, turn: Asked) -> AsyncIterator[Decision]:
        """Yield what the other mind does."""
        # Fixed words are spoken while a tool works; they say nothing about the tool.
        own = verbatim(turn.response_instructions) is None
        if own:
            self._calls = False
        self._thinking += 1
        try:
            async for decision in self._mind.respond(turn):
                if own and isinstance(decision, CallTool):
                    self._calls = True
                yield decision
        finally:
            self._thinking -= 1


def _decisions(step: ModelStep, turn: Asked) -> list[Decision]:
    made: list[Decision] = [Say(one) for one in split(step.say or "")]
    if isinstance(step.tool, str):
        made.append(CallTool(step.tool))
    else:
        made += [CallTool(name, given) for name, given in (step.tool or {}).items()]
    if step.handoff is not None:
        name = f"to_{step.handoff}"
        summary = {"summary": _caller(turn)} if _takes_summary(name, turn.tools) else {}
        made.append(CallTool(name, summary))
    return made


def _takes_summary(name: str, tools: Sequence[ToolDefinition]) -> bool:
    return any(
        tool.name == name and "summary" in tool.parameters.get("properties", {}) for tool in tools
    )


def _caller(turn: Asked) -> str:
    said = [one.text for one in turn.items if isinstance(one, Message) and one.role == "user"]
    return said[-1] if said else ""


def _last(turn: Asked) -> str:
    return "the caller spoke" if turn.items and _is_caller(turn) else "a tool had answered"


def _is_caller(turn: Asked) -> bool:
    last = turn.items[-1]
    return isinstance(last, Message) and last.role == "user"


def _names(tools: Sequence[ToolDefinition]) -> list[str]:
    return [tool.name for tool in tools]
