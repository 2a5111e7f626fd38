"""The seam between the emulated Realtime protocol and whatever does the thinking.

The protocol side knows events and state; a mind knows only what a session was given: instructions,
tool definitions and the conversation so far. A mind must not know a vertical, a file or a socket.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol


@dataclass(frozen=True, slots=True)
class ToolDefinition:
    """A function tool as it stands in the session: name, description, JSON Schema of arguments."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """Something said. For the assistant, only what survived truncation (that is, was heard)."""

    role: Literal["user", "assistant", "system"]
    text: str


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A tool call the model made earlier in the conversation. `arguments` is JSON text."""

    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class FunctionOutput:
    """What the client answered to a tool call. `output` is text, mostly JSON."""

    call_id: str
    output: str


Item = Message | FunctionCall | FunctionOutput


@dataclass(frozen=True, slots=True)
class AnswerForm:
    """The JSON that an answer must be: its name, its JSON Schema, whether that is kept strictly."""

    name: str
    schema: Mapping[str, Any]
    strict: bool = True


@dataclass(frozen=True, slots=True)
class Turn:
    """All a mind may know when it is asked to respond.

    Attributes:
        session_id: stable for the life of one socket; a mind may use it as a cache key.
        instructions: the session's instructions (the prompt of the agent now speaking).
        response_instructions: instructions given for this response alone, or None.
        tools: the tools this response may call; empty when tool_choice is "none".
        tool_choice: "auto", "none", "required", or the name of the one tool to call.
        items: the conversation so far, oldest first.
        language: BCP 47 tag of the transcription setting, or None.
        form: what the answer must be where it is read by a program; the mind then says one thing,
            the JSON text.
    """

    session_id: str
    instructions: str
    response_instructions: str | None
    tools: Sequence[ToolDefinition]
    tool_choice: str
    items: Sequence[Item]
    language: str | None = None
    form: AnswerForm | None = None


@dataclass(frozen=True, slots=True)
class Say:
    """One sentence to speak now. Sentences of one response are joined by a space."""

    text: str


@dataclass(frozen=True, slots=True)
class CallTool:
    """A function call to make."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


Decision = Say | CallTool


class Mind(Protocol):
    """Decides what a response consists of."""

    def respond(self, turn: Turn) -> AsyncIterator[Decision]:
        """Yield sentences and tool calls, in order, as soon as each is known.

        The iterator may be closed at any time (the caller barged in, the client cancelled).
        """
        ...
