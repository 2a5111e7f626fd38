"""What happened in a call, turn by turn, made of facts and sound. It must not judge anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from dialplan.emulators.twilio.caller import is_speech
from dialplan.protocols.audio import FRAME_BYTES, FRAME_MS
from dialplan.store.facts import CallBegan, CallEnded, Fact, HandedOff, ToolRan, TurnSpoken

EndedBy = Literal["caller", "agent", "transfer", "limit"]

_ENDED_BY: Mapping[str, EndedBy] = {
    "caller": "caller",
    "agent": "agent",
    "transferred": "transfer",
    "silence": "limit",
    "call_limit": "limit",
}
"""A call's reason to end, as its record has it, in the words of conversations."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A tool was asked for, and how that went."""

    tool: str
    arguments: Mapping[str, object]
    status: str


@dataclass(frozen=True, slots=True)
class Said:
    """Somebody spoke: the caller when there is no agent."""

    agent: str
    text: str


@dataclass(frozen=True, slots=True)
class Handed:
    """An agent gave the caller to another."""

    source: str
    target: str


Happening = Ran | Said | Handed


@dataclass(slots=True)
class TurnAccount:
    """What came after one line of the caller, up to the next.

    Attributes:
        waited_ms: from the end of the caller's words to the agent's first sound; None for none.
    """

    happenings: list[Happening] = field(default_factory=list)
    waited_ms: int | None = None

    def tools(self) -> list[Ran]:
        """Return the tools, in order."""
        return [one for one in self.happenings if isinstance(one, Ran)]

    def handoffs(self) -> list[Handed]:
        """Return the handoffs, in order."""
        return [one for one in self.happenings if isinstance(one, Handed)]

    def said(self) -> str:
        """Return all that agents said."""
        return " ".join(one.text for one in self.happenings if isinstance(one, Said) and one.agent)


@dataclass(slots=True)
class Account:
    """One call.

    Attributes:
        turns: one for each line that the caller came to say.
        greeting: what came before the first.
        errors: everything that went wrong in the machinery, in words.
        ended_by: None when the call broke.
        reason: why the call ended, as its record says it; empty when it has no end.
    """

    turns: list[TurnAccount] = field(default_factory=list)
    greeting: TurnAccount = field(default_factory=TurnAccount)
    errors: list[str] = field(default_factory=list)
    ended_by: EndedBy | None = None
    reason: str = ""
    call_sid: str = ""

    def take(self, fact: Fact, said: int) -> None:
        """Take a fact that came when the caller had begun `said` lines."""
        while len(self.turns) < said:
            self.turns.append(TurnAccount())
        turn = self.turns[said - 1] if said else self.greeting
        match fact:
            case CallBegan():
                self.call_sid = fact.call_sid
            case TurnSpoken():
                agent = fact.agent if fact.speaker == "agent" else ""
                turn.happenings.append(Said(agent, fact.text))
            case ToolRan():
                turn.happenings.append(Ran(fact.tool, fact.arguments, fact.status))
                if fact.status == "failed":
                    self.errors.append(f"the tool `{fact.tool}` failed")
            case HandedOff():
                turn.happenings.append(Handed(fact.source, fact.target))
            case CallEnded():
                self.reason = fact.reason
                self.ended_by = _ENDED_BY.get(fact.reason)
                if self.ended_by is None:
                    self.errors.append(f"the call broke: {fact.reason}")

    def handoffs(self) -> int:
        """Return how many handoffs there were."""
        return sum(len(turn.handoffs()) for turn in (self.greeting, *self.turns))

    def listen(self, caller: bytes, agent: bytes, begun_ms: Sequence[int]) -> None:
        """Measure how long each line waited for an answer.

        Args:
            caller: what the caller said since the answer, mu-law.
            agent: what the caller heard on the same timeline.
            begun_ms: when each line began.
        """
        while len(self.turns) < len(begun_ms):
            self.turns.append(TurnAccount())
        ends = [*begun_ms[1:], len(caller) // FRAME_BYTES * FRAME_MS]
        for turn, begun, end in zip(self.turns, begun_ms, ends, strict=False):
            turn.waited_ms = _waited(caller, agent, begun // FRAME_MS, end // FRAME_MS)


def _waited(caller: bytes, agent: bytes, begun: int, end: int) -> int | None:
    """Return milliseconds between two voices, looking at the frames from `begun` to `end`."""
    spoke = [at for at in range(begun, end) if _speaks(caller, at)]
    silent_at = spoke[-1] + 1 if spoke else begun
    first = next((at for at in range(silent_at, end) if _speaks(agent, at)), None)
    return None if first is None else (first - silent_at) * FRAME_MS


def _speaks(audio: bytes, frame: int) -> bool:
    return is_speech(audio[frame * FRAME_BYTES : (frame + 1) * FRAME_BYTES])
