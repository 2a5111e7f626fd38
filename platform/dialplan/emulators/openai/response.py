"""One response while it is made: its items, the order of its events, its end.

Every method is for the time between `response.created` and `response.done`; once a response is
closed they do nothing, which is what keeps late audio off the wire after a cancellation.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, assert_never

from dialplan.emulators.openai import events, usage
from dialplan.emulators.openai.audio import AudioFormat, Encoder
from dialplan.emulators.openai.events import Event, Place
from dialplan.emulators.openai.items import (
    CallItem,
    Item,
    ItemList,
    MessageItem,
    Sentence,
    SpokenPart,
    Status,
    TextPart,
)
from dialplan.emulators.openai.usage import Tokens

_ARGUMENT_PIECE: Final = 24
"""Characters of arguments in one delta."""

CutReason = Literal["turn_detected", "client_cancelled"]


@dataclass(frozen=True, slots=True)
class Completed:
    """The model said all it had to say."""


@dataclass(frozen=True, slots=True)
class Cancelled:
    """It was cut off."""

    reason: CutReason


@dataclass(frozen=True, slots=True)
class Exhausted:
    """It ran into `max_output_tokens`."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The server could not go on."""

    code: str | None
    message: str


Outcome = Completed | Cancelled | Exhausted | Failed


@dataclass(frozen=True, slots=True)
class Plan:
    """What a response was asked to be. `context` replaces the conversation when it is given."""

    instructions: str | None
    tools: Sequence[Mapping[str, Any]]
    tool_choice: str
    speaks: bool
    max_output_tokens: int | None
    metadata: Mapping[str, str] | None
    voice: str
    form: AudioFormat
    conversation_id: str | None
    context: tuple[Item, ...] | None = None


@dataclass(slots=True)
class Response:
    """A response in progress. `read`, `cached` and `asked` are set when a mind is asked."""

    id: str
    plan: Plan
    items: ItemList
    emit: Callable[[Event], None]
    new_id: Callable[[str], str]
    read: Tokens = field(default_factory=Tokens)
    cached: Tokens = field(default_factory=Tokens)
    output: list[Item] = field(default_factory=list)
    asked: bool = False
    closed: bool = False
    _message: MessageItem | None = None
    _encoder: Encoder | None = None

    def open(self) -> None:
        """Announce it."""
        self.emit(events.response_created(self._wire("in_progress", None, None)))

    def say(self, text: str, length: int) -> None:
        """Announce a sentence whose audio will be `length` mu-law bytes."""
        if self.closed:
            return
        if self._message is None:
            self._open_message()
        message = self._message
        assert message is not None  # noqa: S101 - narrows for the type checker; set just above
        place = self._place(message)
        part = message.parts[0]
        match part:
            case SpokenPart():
                delta = f" {text}" if part.sentences else text
                if part.truncated is None:
                    part.sentences.append(Sentence(text, length))
                self.emit(events.transcript_delta(place, delta))
            case TextPart():
                delta = f" {text}" if part.text else text
                part.text += delta
                self.emit(events.text_delta(place, delta))
        self._check_limit()

    def speak(self, chunk: bytes) -> None:
        """Send audio (mu-law) of the sentence announced last."""
        message = self._message
        if self.closed or message is None or self._encoder is None:
            return
        part = message.parts[0]
        if isinstance(part, SpokenPart):
            part.add(chunk)
            encoded = base64.b64encode(self._encoder.encode(chunk)).decode()
            self.emit(events.audio_delta(self._place(message), encoded))
            self._check_limit()

    def call(self, name: str, arguments: str) -> None:
        """Make a function call; `arguments` is JSON text."""
        if self.closed:
            return
        self._close_message("completed")
        item = CallItem(
            self.new_id("item"), self.new_id("call"), name, arguments="", status="in_progress"
        )
        self._add(item)
        place = self._place(item)
        for start in range(0, len(arguments), _ARGUMENT_PIECE):
            piece = arguments[start : start + _ARGUMENT_PIECE]
            self.emit(events.arguments_delta(place, item.call_id, piece))
        item.arguments = arguments
        item.status = "completed"
        self.emit(events.arguments_done(place, item.call_id, name, arguments))
        self._finish(item)
        self._check_limit()

    def close(self, outcome: Outcome) -> None:
        """End it, with the events that close whatever is open."""
        if self.closed:
            return
        self._close_message("completed" if isinstance(outcome, Completed) else "incomplete")
        self.closed = True
        status, details = _status(outcome)
        tokens = usage.wire(self.read, self.cached, self.written)
        self.emit(events.response_done(self._wire(status, details, tokens)))

    @property
    def written(self) -> Tokens:
        """Tokens of the output so far."""
        return usage.of_items(self.output)

    @property
    def in_conversation(self) -> bool:
        """Whether its items belong to the default conversation."""
        return self.plan.conversation_id is not None

    def _check_limit(self) -> None:
        limit = self.plan.max_output_tokens
        if limit is not None and self.written.total > limit:
            self.close(Exhausted())

    def _open_message(self) -> None:
        part: SpokenPart | TextPart
        part = SpokenPart() if self.plan.speaks else TextPart("output_text", "")
        self._encoder = Encoder(self.plan.form)
        message = MessageItem(self.new_id("item"), "assistant", status="in_progress")
        self._add(message)
        message.parts.append(part)
        self._message = message
        place = self._place(message)
        self.emit(events.content_part_added(place, spoken=self.plan.speaks))

    def _close_message(self, status: Status) -> None:
        message = self._message
        if message is None:
            return
        self._message = None
        message.status = status
        place = self._place(message)
        part = message.parts[0]
        match part:
            case SpokenPart():
                text = part.transcript
                self.emit(events.audio_done(place))
                self.emit(events.transcript_done(place, text))
                self.emit(events.content_part_done(place, spoken=True, text=text))
            case TextPart():
                self.emit(events.text_done(place, part.text))
                self.emit(events.content_part_done(place, spoken=False, text=part.text))
        self._finish(message)

    def _add(self, item: MessageItem | CallItem) -> None:
        self.output.append(item)
        index = len(self.output) - 1
        self.emit(events.output_item_added(self.id, index, item.wire()))
        if self.in_conversation:
            previous = self.items.last_id
            self.items.insert(item, None)
            self.emit(events.item_added(item.wire(), previous))

    def _finish(self, item: MessageItem | CallItem) -> None:
        if self.in_conversation and self.items.find(item.id) is not None:
            self.emit(events.item_done(item.wire(), self.items.before(item.id)))
        self.emit(events.output_item_done(self.id, self.output.index(item), item.wire()))

    def _place(self, item: MessageItem | CallItem) -> Place:
        return Place(self.id, item.id, self.output.index(item))

    def _wire(
        self, status: str, details: Mapping[str, Any] | None, tokens: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        output = {"format": {"type": self.plan.form}, "voice": self.plan.voice}
        return {
            "id": self.id,
            "object": "realtime.response",
            "status": status,
            "status_details": details,
            "output": [item.wire() for item in self.output],
            "conversation_id": self.plan.conversation_id,
            "output_modalities": ["audio" if self.plan.speaks else "text"],
            "max_output_tokens": self.plan.max_output_tokens or "inf",
            "audio": {"output": output},
            "metadata": self.plan.metadata,
            "usage": tokens,
        }


def _status(outcome: Outcome) -> tuple[str, Mapping[str, Any] | None]:
    match outcome:
        case Completed():
            return "completed", None
        case Cancelled():
            return "cancelled", {"type": "cancelled", "reason": outcome.reason}
        case Exhausted():
            return "incomplete", {"type": "incomplete", "reason": "max_output_tokens"}
        case Failed():
            error = {"type": "server_error", "code": outcome.code, "message": outcome.message}
            return "failed", {"type": "failed", "error": error}
        case _:
            assert_never(outcome)
