"""The seam to whatever listens, thinks and speaks: what a call may ask of it, what it tells.

An engine knows nothing of carriers, marks or call policy. Audio is base64 mu-law at 8 kHz.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from dialplan.call.events import (
    CallerSpeechStarted,
    CallerSpeechStopped,
    EngineLost,
    ResponseEnded,
    ResponseStarted,
    SpeechArrived,
    SpeechFinished,
    ToolFinished,
    ToolStarted,
)
from dialplan.call.playback import Truncation


@dataclass(frozen=True, slots=True)
class CallerSaid:
    """What the caller said in one turn, as transcribed."""

    item_id: str
    text: str


@dataclass(frozen=True, slots=True)
class AgentSaid:
    """All an agent meant to say in one item; the caller may have heard less of it."""

    item_id: str
    text: str


@dataclass(frozen=True, slots=True)
class HandedOver:
    """Another agent now talks to the caller."""

    from_agent: str
    to_agent: str


@dataclass(frozen=True, slots=True)
class TokensUsed:
    """What one response cost, in tokens."""

    response_id: str
    input_tokens: int
    output_tokens: int
    input_audio_tokens: int
    output_audio_tokens: int
    cached_tokens: int


@dataclass(frozen=True, slots=True)
class Reconnected:
    """The session was lost and taken up again on a fresh connection."""

    attempt: int


@dataclass(frozen=True, slots=True)
class PeerFault:
    """The provider reported an error, or sent what we do not know. Never carries a payload."""

    kind: str


@dataclass(frozen=True, slots=True)
class ToolUnknown:
    """The model asked for a tool that the agent does not have; it was told so, nothing ran."""

    name: str


EngineEvent = (
    CallerSpeechStarted
    | CallerSpeechStopped
    | ResponseStarted
    | ResponseEnded
    | SpeechArrived
    | SpeechFinished
    | ToolStarted
    | ToolFinished
    | EngineLost
    | CallerSaid
    | AgentSaid
    | HandedOver
    | TokensUsed
    | Reconnected
    | PeerFault
    | ToolUnknown
)

EngineSink = Callable[[EngineEvent], None]
"""Takes an event; must neither block nor raise."""


class Engine(Protocol):
    """One call's engine. Used by one task; tells its sink what happens, from `connect` on."""

    async def connect(self) -> None:
        """Begin the session ahead of the call, as far as the provider lets it be.

        Safe to cancel; `close` lets go of all that it opened. Raises EngineError.
        """
        ...

    async def configure(self) -> None:
        """Begin the session with the entry agent, unless `connect` did. Raises EngineError."""
        ...

    def append_audio(self, audio: bytes) -> None:
        """Pass on what the caller said, mu-law; never waits, and drops what cannot be sent."""
        ...

    async def say(self, text: str, say_id: str) -> None:
        """Have these words said exactly, after what is being said now."""
        ...

    async def respond(self) -> None:
        """Have the agent speak in its own words, without waiting for the caller."""
        ...

    async def tell(self, text: str) -> None:
        """Tell the agent something as if the caller had said it, and have it answer."""
        ...

    async def interrupt(
        self,
        truncations: Sequence[Truncation],
        responses: Collection[str],
        *,
        unheard: bool = False,
    ) -> None:
        """Stop these responses and forget what the caller did not hear.

        A response that is not named goes on: when a network holds everything up for a while, the
        answer to what the caller cut in with comes together with the report that they cut in.
        `unheard` says that the provider did not hear the caller begin, and must be told to stop.
        """
        ...

    async def close(self) -> None:
        """End the session; may be called more than once."""
        ...
