"""What happened in a call, as it is written down. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class CallBegan:
    """A call was answered. `seq` counts the facts of one call; (`call_sid`, `seq`) is unique.

    `version` is the content hash of the vertical's files that serve the call to its end.
    """

    call_sid: str
    seq: int
    at: datetime
    tenant: str
    vertical: str
    version: str
    caller: str = field(repr=False)
    called: str


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
    """A tool was asked for; `status` is what the model was told, `ms` how long it took."""

    call_sid: str
    seq: int
    at: datetime
    agent: str
    tool: str
    arguments: Mapping[str, object] = field(repr=False)
    status: str
    ms: float


@dataclass(frozen=True, slots=True)
class HandedOff:
    """An agent gave the caller to another."""

    call_sid: str
    seq: int
    at: datetime
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The call is over."""

    call_sid: str
    seq: int
    at: datetime
    reason: str
    duration_ms: int


Fact = CallBegan | TurnSpoken | ToolRan | HandedOff | CallEnded
