"""What can happen in a call, as the call machine is told of it. Nothing here decides anything."""

from __future__ import annotations

from dataclasses import dataclass, field

LOST = "lost"
"""Status of a response whose connection broke."""


@dataclass(frozen=True, slots=True)
class StreamStarted:
    """The caller is on the line and can hear."""


@dataclass(frozen=True, slots=True)
class StreamStopped:
    """The carrier ended the media stream; nothing can be played any more."""


@dataclass(frozen=True, slots=True)
class MarkReturned:
    """The carrier played, or flushed, everything before this mark."""

    name: str


@dataclass(frozen=True, slots=True)
class CallerSpeechStarted:
    """The model's voice activity detection heard the caller begin."""


@dataclass(frozen=True, slots=True)
class CallerSpeechStopped:
    """The model's voice activity detection heard the caller pause."""


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """The caller pressed a key: `0` to `9`, `*`, `#` or `A` to `D`."""

    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ResponseStarted:
    """The model began a response; `say_id` names the `Say` that asked for it, if one did."""

    response_id: str
    say_id: str | None = None


@dataclass(frozen=True, slots=True)
class ResponseEnded:
    """A response is over: completed, cancelled, failed or incomplete; or lost, to come again."""

    response_id: str
    status: str


@dataclass(frozen=True, slots=True)
class SpeechArrived:
    """A piece of an agent's speech, base64 mu-law at 8 kHz."""

    response_id: str
    item_id: str
    content_index: int
    payload: str


@dataclass(frozen=True, slots=True)
class SpeechFinished:
    """The model will send no more audio for this item."""

    item_id: str


@dataclass(frozen=True, slots=True)
class ToolStarted:
    """A tool began to work; the caller's silence does not count meanwhile."""

    call_id: str


@dataclass(frozen=True, slots=True)
class ToolFinished:
    """A tool answered, failed or was given up."""

    call_id: str


@dataclass(frozen=True, slots=True)
class HangUpRequested:
    """Somebody wants the call to end; `goodbye` is said first when given."""

    reason: str
    goodbye: str | None = None


@dataclass(frozen=True, slots=True)
class TransferRequested:
    """Somebody wants the caller put through; `announcement` is said first when given."""

    destination: str
    announcement: str | None = None


@dataclass(frozen=True, slots=True)
class EngineLost:
    """The model's session is gone for good."""

    reason: str


@dataclass(frozen=True, slots=True)
class TimerFired:
    """The time the machine asked for with `next_deadline()` has come."""


CallEvent = (
    StreamStarted
    | StreamStopped
    | MarkReturned
    | CallerSpeechStarted
    | CallerSpeechStopped
    | KeyPressed
    | ResponseStarted
    | ResponseEnded
    | SpeechArrived
    | SpeechFinished
    | ToolStarted
    | ToolFinished
    | HangUpRequested
    | TransferRequested
    | EngineLost
    | TimerFired
)
