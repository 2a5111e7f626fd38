"""What an emulated call leaves behind, and what may be watched while it lasts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Outcome = Literal["answer", "busy", "no-answer", "failed"]


@dataclass(frozen=True, slots=True)
class NumberConfig:
    """How one of the account's numbers is set up: what Twilio asks when it is called."""

    voice_url: str
    fallback_url: str | None = None
    status_callback: str | None = None


@dataclass(frozen=True, slots=True)
class DestinationBehaviour:
    """What happens when a number outside the account is rung.

    Attributes:
        outcome: whether it answers.
        after_s: how long it rings before that, in seconds.
        talks_s: how long the one who answered stays on the line, in seconds.
        says: what they say when they answer; nothing by default.
    """

    outcome: Outcome = "answer"
    after_s: float = 1.0
    talks_s: float = 5.0
    says: str = ""


@dataclass(frozen=True, slots=True)
class Notification:
    """An entry of the account's debugger: `code` is from Twilio's error dictionary."""

    code: int
    level: Literal["error", "warning"]
    message: str


@dataclass(frozen=True, slots=True)
class Document:
    """A TwiML document the call was given. `url` is empty when it came by REST."""

    url: str
    text: str


@dataclass(frozen=True, slots=True)
class DialledLeg:
    """A number that `<Dial>` rang. `duration_s` is how long it was connected."""

    number: str
    call_sid: str
    status: str
    duration_s: int


@dataclass(frozen=True, slots=True)
class RecordingTaken:
    """A recording made by `<Record>`: the caller, mu-law."""

    sid: str
    call_sid: str
    audio: bytes


@dataclass(slots=True)
class CallRecord:
    """One call, growing while it lasts.

    Attributes:
        status: Twilio's call status.
        duration_s: seconds from answer to end.
        documents: every TwiML document the call was given, in order.
        notifications: errors and warnings Twilio would log about the call.
        marks: names of the marks sent back, in order.
        cleared_at_ms: when the buffer was cleared, in ms since the answer.
        caller_audio: what the caller said since the answer, mu-law, silence filled in.
        agent_audio: what the caller heard on the same timeline; cleared audio is not in it.
        digits: keys the caller pressed.
        ended_by: who ended it: `caller`, `document`, `rest`, `limit`, `rejected` or `failed`.
    """

    call_sid: str
    to: str
    from_: str
    direction: str = "inbound"
    stream_sid: str | None = None
    status: str = "ringing"
    duration_s: int = 0
    documents: list[Document] = field(default_factory=list)
    notifications: list[Notification] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    cleared_at_ms: list[int] = field(default_factory=list)
    dialled: list[DialledLeg] = field(default_factory=list)
    recordings: list[RecordingTaken] = field(default_factory=list)
    caller_audio: bytes = b""
    agent_audio: bytes = b""
    digits: str = ""
    ended_by: str = ""


@dataclass(frozen=True, slots=True)
class Ringing:
    """The call has its SID; nobody has answered yet."""

    call_sid: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The call was answered; its timeline begins."""

    call_sid: str


@dataclass(frozen=True, slots=True)
class DocumentReceived:
    """The call was given TwiML."""

    call_sid: str
    document: Document


@dataclass(frozen=True, slots=True)
class StreamStarted:
    """The media socket is open and `start` was sent."""

    call_sid: str
    stream_sid: str


@dataclass(frozen=True, slots=True)
class StreamStopped:
    """The media stream is over."""

    call_sid: str
    stream_sid: str


@dataclass(frozen=True, slots=True)
class BufferCleared:
    """The server cleared what was not played yet."""

    call_sid: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class NumberDialled:
    """A number is being rung for the caller."""

    call_sid: str
    number: str


@dataclass(frozen=True, slots=True)
class Notified:
    """Twilio would have logged this."""

    call_sid: str
    notification: Notification


@dataclass(frozen=True, slots=True)
class Ended:
    """The call is over."""

    call_sid: str
    status: str


CarrierEvent = (
    Ringing
    | Answered
    | DocumentReceived
    | StreamStarted
    | StreamStopped
    | BufferCleared
    | NumberDialled
    | Notified
    | Ended
)

OnEvent = Callable[[CarrierEvent], None]
