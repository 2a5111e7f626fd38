"""When things happened in a call, sans-I/O: moments go in, one record a turn comes out.

A turn begins when the caller does, by voice or by key, and lasts until they begin again. The first
one is the greeting: the call's arrival asks for it. Times are milliseconds of one monotonic clock,
handed in. A turn's end of speech is when the report of it arrived: the model's own figure
(`audio_end_ms`) counts audio since its connection was made and holds the pause that proved the end,
so the pause is told beside it. This must not do anything for a piece of audio but look at `awaits`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Cause = Literal["call", "speech", "keys"]

GOES_ON_MS = 2_000
"""A caller who speaks again this soon, before anything was done, goes on with the same turn."""

MOST_TOOLS = 100
"""What a turn keeps of its tools; a model in a loop must not fill the memory."""


@dataclass(slots=True)
class ToolSpan:
    """A tool at work. `ended_ms` is None while it works; `status` is what the model was told."""

    tool: str
    began_ms: float
    ended_ms: float | None = None
    status: str = ""


@dataclass(frozen=True, slots=True)
class HandoffMoment:
    """Another agent took over."""

    source: str
    target: str
    at_ms: float


@dataclass(slots=True)
class Turn:
    """One turn. Nobody changes it once it was given out.

    Attributes:
        number: counts from 0, the greeting.
        began_ms: the caller began, as reported; of the greeting, when the call arrived.
        asked_ms: the end of the caller's words, as reported; of the greeting, the call's arrival.
            None while they speak.
        pause_ms: the silence that was waited for before the end was reported, None if unknown.
        agent: who answered; empty without an answer.
        model_ms: the first audio of the answer came from the model.
        heard_ms: it was written to the leg.
        over_ms: the next turn began, or the call ended.
        cleared_ms: the carrier was told to drop what the caller cut off by beginning this turn.
        cancelled: a response was broken off: the model was still at it.
    """

    number: int
    cause: Cause
    began_ms: float
    asked_ms: float | None = None
    pause_ms: int | None = None
    agent: str = ""
    model_ms: float | None = None
    heard_ms: float | None = None
    over_ms: float | None = None
    cleared_ms: float | None = None
    cancelled: bool = False
    tools: list[ToolSpan] = field(default_factory=list)
    handoffs: list[HandoffMoment] = field(default_factory=list)

    @property
    def answer_ms(self) -> float | None:
        """From the reported end of the caller's words to the first audio on the leg."""
        return _between(self.asked_ms, self.heard_ms)

    @property
    def model_share_ms(self) -> float | None:
        """From the reported end to the first audio of the model; tools before it included."""
        return _between(self.asked_ms, self.model_ms)

    @property
    def bridge_share_ms(self) -> float | None:
        """From the first audio of the model to the same audio on the leg."""
        return _between(self.model_ms, self.heard_ms)

    @property
    def stop_ms(self) -> float | None:
        """From the report that the caller cuts in to the order to drop what is queued."""
        return _between(self.began_ms, self.cleared_ms)

    @property
    def tool_ms(self) -> float:
        """How long at least one tool worked in this turn."""
        return _covered(self.tools, None)

    @property
    def tool_wait_ms(self) -> float:
        """How much of that was before the first audio of the answer."""
        return 0.0 if self.model_ms is None else _covered(self.tools, self.model_ms)


class TurnTracker:
    """Follows one call. What ends a turn returns it; everything else returns nothing.

    Attributes:
        awaits: whether the first audio of an answer is due: the one thing to ask about audio.
        turn: the turn under way.
    """

    def __init__(self, arrived_ms: float, pause_ms: int | None) -> None:
        """Args: when the call arrived; the silence that ends speech, None where that varies."""
        self.turn = Turn(0, "call", arrived_ms, arrived_ms)
        self.awaits = True
        self._pause_ms = pause_ms
        self._open: set[str] = set()
        self._stale: frozenset[str] = frozenset()

    def caller_began(self, now_ms: float) -> Turn | None:
        """The caller was reported to speak."""
        turn = self.turn
        if turn.cause == "speech":
            if turn.asked_ms is None:
                return None
            nothing_done = turn.heard_ms is None and not turn.tools and not turn.handoffs
            if nothing_done and now_ms - turn.asked_ms < GOES_ON_MS:
                turn.asked_ms, self.awaits = None, False
                return None
        return self._begin("speech", now_ms)

    def caller_ended(self, now_ms: float) -> Turn | None:
        """The caller was reported to pause."""
        over = None
        if self.turn.cause == "keys":
            return None
        if self.turn.cause == "call" or self.turn.heard_ms is not None:
            over = self._begin("speech", now_ms)  # nobody reported a beginning
        self.turn.pause_ms = self._pause_ms
        self._ask(now_ms)
        return over

    def key_pressed(self, now_ms: float) -> Turn | None:
        """The caller pressed a key; one entry is one turn."""
        if self.turn.cause == "keys" and self.turn.asked_ms is None:
            return None
        return self._begin("keys", now_ms)

    def keys_entered(self, now_ms: float) -> None:
        """An entry on the keypad is complete, and the model was told of it."""
        self._ask(now_ms)

    def response_began(self, response_id: str) -> None:
        """The model began a response."""
        self._open.add(response_id)

    def response_ended(self, response_id: str, *, cancelled: bool) -> None:
        """A response is over; one that ended early ended for the turn under way."""
        if cancelled and response_id in self._open:
            self.turn.cancelled = True
        self._open.discard(response_id)

    def heard(self, response_id: str, model_ms: float, now_ms: float, agent: str) -> None:
        """Audio of a response was written to the leg; ask `awaits` before."""
        if response_id in self._stale:
            return  # it was being said before the caller asked
        turn = self.turn
        turn.model_ms, turn.heard_ms, turn.agent = model_ms, now_ms, agent
        self.awaits = False

    def spoke_up(self) -> None:
        """The agent is to say what answers nobody: a question into silence, a goodbye."""
        if self.turn.number:
            self.awaits = False

    def cleared(self, now_ms: float) -> None:
        """The carrier was told to drop what is queued."""
        self.turn.cleared_ms = now_ms

    def tool_began(self, tool: str, now_ms: float) -> ToolSpan:
        """A tool began; hand its span back when it is over."""
        span = ToolSpan(tool, now_ms)
        if len(self.turn.tools) < MOST_TOOLS:
            self.turn.tools.append(span)
        return span

    def tool_ended(self, span: ToolSpan, status: str, now_ms: float) -> None:
        """A tool is over; where its turn was given out already, it stays as it was told."""
        if span.ended_ms is None:
            span.ended_ms, span.status = now_ms, status

    def handed_over(self, source: str, target: str, now_ms: float) -> None:
        """Another agent took over."""
        self.turn.handoffs.append(HandoffMoment(source, target, now_ms))

    def call_ended(self, now_ms: float) -> Turn:
        """The call is over."""
        self.awaits = False
        return self._close(now_ms)

    def _begin(self, cause: Cause, now_ms: float) -> Turn:
        over = self._close(now_ms)
        self.turn = Turn(over.number + 1, cause, now_ms)
        self.awaits = False
        return over

    def _ask(self, now_ms: float) -> None:
        self.turn.asked_ms = now_ms
        self._stale = frozenset(self._open)
        self.awaits = True

    def _close(self, now_ms: float) -> Turn:
        self.turn.over_ms = now_ms
        for span in self.turn.tools:
            if span.ended_ms is None:
                span.ended_ms, span.status = now_ms, "unfinished"
        return self.turn


def _between(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else max(0.0, end - start)


def _covered(spans: Iterable[ToolSpan], until: float | None) -> float:
    """Return how long at least one span lasted; spans come in the order of their beginning."""
    total, reached = 0.0, float("-inf")
    for span in spans:
        end = span.began_ms if span.ended_ms is None else span.ended_ms
        end = end if until is None else min(end, until)
        total += max(0.0, end - max(span.began_ms, reached))
        reached = max(reached, end)
    return total
