"""What happened in a call, turn by turn, made of facts. It must not judge anything."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from dialplan.emulators.twilio.line import Still
from dialplan.store.facts import (
    CallBegan,
    CallEnded,
    Fact,
    HandedOff,
    ToolRan,
    TurnSpoken,
    TurnTimed,
)

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
        timed: where the time of the turns in it went, as the server measured it.
        state: what the call knew at its end.
        dialled: numbers that the caller was put through to.
        cut: what had been heard of the answer that these words cut off, as the transcript has it;
            None when they cut none off.
    """

    happenings: list[Happening] = field(default_factory=list)
    timed: list[TurnTimed] = field(default_factory=list)
    state: Mapping[str, object] = field(default_factory=dict)
    dialled: list[str] = field(default_factory=list)
    cut: str | None = None

    @property
    def last(self) -> TurnTimed | None:
        """The turn that ended these words: a pause in them may have made two of them."""
        return self.timed[-1] if self.timed else None

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
        duration_ms: how long it was, by its own clock.
        memory: what the call knows now.
        cutting: the lines (from 0) that are said into the agent's words.
        failing: tools that are meant to fail; they are no errors.
    """

    turns: list[TurnAccount] = field(default_factory=list)
    greeting: TurnAccount = field(default_factory=TurnAccount)
    errors: list[str] = field(default_factory=list)
    ended_by: EndedBy | None = None
    reason: str = ""
    call_sid: str = ""
    duration_ms: int = 0
    memory: dict[str, object] = field(default_factory=dict)
    cutting: frozenset[int] = frozenset()
    failing: frozenset[str] = frozenset()
    _times: list[TurnTimed] = field(default_factory=list)

    def take(self, fact: Fact, said: int) -> None:
        """Take a fact that came when the caller had begun `said` lines."""
        turn = self._turn(said)
        turn.state = dict(self.memory)
        match fact:
            case CallBegan():
                self.call_sid = fact.call_sid
            case TurnSpoken():
                self._spoken(fact, turn, said)
            case ToolRan():
                turn.happenings.append(Ran(fact.tool, fact.arguments, fact.status))
                if fact.status == "failed" and fact.tool not in self.failing:
                    self.errors.append(f"the tool `{fact.tool}` failed")
            case HandedOff():
                turn.happenings.append(Handed(fact.source, fact.target))
            case TurnTimed():
                if fact.number:
                    self._times.append(fact)
            case CallEnded():
                self.reason, self.duration_ms = fact.reason, fact.duration_ms
                self.ended_by = _ENDED_BY.get(fact.reason)
                if self.ended_by is None:
                    self.errors.append(f"the call broke: {fact.reason}")

    def cleared(self, said: int) -> None:
        """Take that what was still to be heard was dropped, at the last of `said` lines."""
        turn = self._turn(said)
        turn.cut = turn.cut or ""

    def dialled(self, number: str, said: int) -> None:
        """Take that a number was rung for the caller."""
        self._turn(said).dialled.append(number)

    def _turn(self, said: int) -> TurnAccount:
        while len(self.turns) < said:
            self.turns.append(TurnAccount(state=dict(self.memory)))
        return self.turns[said - 1] if said else self.greeting

    def _spoken(self, fact: TurnSpoken, turn: TurnAccount, said: int) -> None:
        agent = fact.agent if fact.speaker == "agent" else ""
        begun = any(isinstance(one, Said) and not one.agent for one in turn.happenings)
        if agent and said - 1 in self.cutting and not begun:
            # Its fate is known only now: what was heard of it was said in the turn before.
            turn.cut = f"{turn.cut or ''} {fact.text}".strip()
            turn = self._turn(said - 1)
        turn.happenings.append(Said(agent, fact.text))

    def said(self) -> str:
        """Return all that agents said in the call."""
        return " ".join(turn.said() for turn in (self.greeting, *self.turns))

    def tools(self) -> list[Ran]:
        """Return the tools of the whole call, in order."""
        return [ran for turn in (self.greeting, *self.turns) for ran in turn.tools()]

    def handoffs(self) -> int:
        """Return how many handoffs there were."""
        return sum(len(turn.handoffs()) for turn in (self.greeting, *self.turns))

    def time(
        self,
        begun_ms: Sequence[int],
        skipped: Sequence[tuple[int, int]] = (),
        stood_still: Sequence[Still] = (),
    ) -> None:
        """Give each line of the caller the turns that the server saw in it.

        A turn is of the last line that had begun when the caller's words ended: its own record
        comes later, when the next turn begins.

        Args:
            begun_ms: when each line began, by the time of the phone line.
            skipped: when silence was skipped, by the same time, and how many ms of it.
            stood_still: when the line stood still. For what the machine withheld of it nobody was
                waited for.
        """
        self._turn(len(begun_ms))
        jumps = [*skipped, *((one.at_ms, one.ms) for one in stood_still)]

        def at_server(at_ms: int) -> int:
            return at_ms + sum(ms for when, ms in jumps if when < at_ms)

        begun_ms = [at_server(at) for at in begun_ms]
        withheld = [(at_server(one.at_ms), one.withheld_ms) for one in stood_still]
        for fact in (_without(one, withheld) for one in self._times):
            number = 0 if fact.asked_ms is None else bisect_right(begun_ms, fact.asked_ms)
            if number:
                self.turns[number - 1].timed.append(fact)


def _without(fact: TurnTimed, withheld: Sequence[tuple[int, int]]) -> TurnTimed:
    """Return the times of a turn without what the machine withheld in its wait."""
    if fact.asked_ms is None or fact.answer_ms is None:
        return fact
    over_ms = fact.asked_ms + fact.answer_ms
    lost = sum(ms for at, ms in withheld if fact.asked_ms <= at <= over_ms)
    model_ms = None if fact.model_ms is None else max(0, fact.model_ms - lost)
    return replace(fact, answer_ms=max(0, fact.answer_ms - lost), model_ms=model_ms)
