"""What happened in a call, as it is written down. Data only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

SERVER_LOST = "server_lost"
"""Why a call ended whose process was gone, as the others write it down (`store.lost`)."""


@dataclass(frozen=True, slots=True)
class CallBegan:
    """A call was answered. `seq` counts the facts of one call; (`call_sid`, `seq`) is unique.

    Attributes:
        version: the content hash of the vertical's files that serve the call to its end.
        state: as in `CallEnded`, at the beginning.
    """

    call_sid: str
    seq: int
    at: datetime
    tenant: str
    vertical: str
    version: str
    caller: str = field(repr=False)
    called: str
    state: Mapping[str, object] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class TurnSpoken:
    """A turn ended; `heard_ms` is how much reached the caller, None where that is unknown."""

    call_sid: str
    seq: int
    at: datetime
    speaker: str
    agent: str
    text: str = field(repr=False)
    heard_ms: int | None = None


@dataclass(frozen=True, slots=True)
class ToolRan:
    """A tool was asked for; `status` is what the model was told, `ms` how long it took.

    `state` is as in `CallEnded`, after the tool; None too where it is what it was before.
    """

    call_sid: str
    seq: int
    at: datetime
    agent: str
    tool: str
    arguments: Mapping[str, object] = field(repr=False)
    status: str
    ms: float
    state: Mapping[str, object] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class HandedOff:
    """An agent gave the caller to another."""

    call_sid: str
    seq: int
    at: datetime
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class TurnTimed:
    """Where the time of a turn went, in milliseconds (`call.turns` says what each is).

    Attributes:
        number: 0 is the greeting, which the call's arrival asked for.
        cause: `call`, `speech` or `keys`.
        agent: who answered; empty without an answer.
        asked_ms: the end of the caller's words, from the start of the stream; None if they went on
            until the call was over.
        pause_ms: the silence before that end was reported, where it is known; not in `answer_ms`.
        answer_ms: from that end to the first audio on the leg.
        model_ms: of it, until the first audio of the model.
        bridge_ms: of it, the rest: from the model to the leg.
        tool_ms: how long tools worked in the turn.
        tool_wait_ms: of `model_ms`, how long tools worked.
        stop_ms: from the report that the caller cuts in to the order to stop, None without one.
        cancelled: a response of the model was broken off.
        tools: each with `tool`, `at_ms` (from the start of the stream), `ms` and `status`.
        handoffs: each with `source`, `target` and `at_ms`.
    """

    call_sid: str
    seq: int
    at: datetime
    number: int
    cause: str
    agent: str
    asked_ms: int | None
    pause_ms: int | None
    answer_ms: int | None
    model_ms: int | None
    bridge_ms: float | None
    tool_ms: float
    tool_wait_ms: float
    stop_ms: float | None
    cancelled: bool
    tools: Sequence[Mapping[str, object]] = ()
    handoffs: Sequence[Mapping[str, object]] = ()

    @property
    def waited_ms(self) -> int | None:
        """What the caller waited: the answer with the pause before it, where that is known."""
        return None if self.answer_ms is None else self.answer_ms + (self.pause_ms or 0)


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The call is over.

    Attributes:
        state: what the call knew at its end, where its vertical has `after_call`; None elsewhere,
            and for whoever watches. The recorder alone is given it: it holds callers' data.
    """

    call_sid: str
    seq: int
    at: datetime
    reason: str
    duration_ms: int
    state: Mapping[str, object] | None = field(default=None, repr=False)


Fact = CallBegan | TurnSpoken | ToolRan | HandedOff | TurnTimed | CallEnded


def told(fact: Fact) -> Fact:
    """Return a fact as whoever watches may know it: without the state."""
    if isinstance(fact, CallBegan | ToolRan | CallEnded) and fact.state is not None:
        return replace(fact, state=None)
    return fact
