"""Items of a conversation: their order, their wire form, and what of them a mind may know.

The wire form and the known form differ on purpose. A truncated message loses its transcript on the
wire (`conversation.item.truncate` reference), while the mind keeps the words that were heard.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from dialplan.emulators.openai import mind
from dialplan.emulators.openai.audio import BYTES_PER_MS, AudioFormat, Encoder, duration_ms
from dialplan.emulators.openai.errors import ClientEventError

Status = Literal["in_progress", "completed", "incomplete"]
Json = dict[str, Any]

_KEPT_AUDIO: Final = 32 * 1024 * 1024
"""Bytes of audio a conversation keeps for `conversation.item.retrieve`; oldest is forgotten first.

More than an hour of both sides at 8 kB/s would need; a bound, not a budget.
"""


@dataclass(slots=True)
class TextPart:
    """Text the client put in, or a response in text."""

    kind: Literal["input_text", "output_text"]
    text: str


@dataclass(slots=True)
class HeardPart:
    """Caller audio. `heard` is for the mind, `transcript` is what the client was told."""

    audio: bytes
    heard: str | None = None
    transcript: str | None = None


@dataclass(slots=True)
class ImagePart:
    """An image; carried, never looked at."""

    url: str


@dataclass(slots=True)
class Sentence:
    """A sentence being spoken: its whole length and what was sent so far, in mu-law bytes."""

    text: str
    length: int
    sent: int = 0

    def words_within(self, sent: int) -> str:
        """Return the whole words whose share of the audio lies within the first `sent` bytes."""
        if sent >= self.length:
            return self.text
        words = self.text.split()
        letters = sum(map(len, words))
        kept: list[str] = []
        spoken = 0
        for word in words:
            spoken += len(word)
            if spoken * self.length > sent * letters:
                break
            kept.append(word)
        return " ".join(kept)


@dataclass(slots=True)
class SpokenPart:
    """Assistant audio with the sentences it holds."""

    sentences: list[Sentence] = field(default_factory=list)
    audio: bytearray = field(default_factory=bytearray)
    sent: int = 0
    truncated: int | None = None

    @property
    def transcript(self) -> str:
        """All words that were announced."""
        return " ".join(sentence.text for sentence in self.sentences)

    def add(self, chunk: bytes) -> None:
        """Count and keep audio sent for the last sentence."""
        self.sent += len(chunk)
        self.sentences[-1].sent += len(chunk)
        if self.truncated is None:
            self.audio += chunk

    def truncate(self, audio_end_ms: int) -> None:
        """Keep what was heard within the first `audio_end_ms` milliseconds.

        Raises:
            ClientEventError: there is no audio, or less than that.
        """
        if not self.sent:
            raise ClientEventError(
                "unsupported_content_type", "Only model output audio messages can be truncated."
            )
        kept = self.sent if self.truncated is None else min(self.sent, self.truncated)
        have = duration_ms(kept)
        if not 0 <= audio_end_ms <= have:
            raise ClientEventError(
                "invalid_value",
                f"Audio content of {have}ms is already shorter than {audio_end_ms}ms",
                "audio_end_ms",
            )
        self.truncated = min(kept, audio_end_ms * BYTES_PER_MS)
        del self.audio[self.truncated :]

    def heard(self) -> str:
        """Return the words whose audio was sent and not cut off."""
        left = self.sent if self.truncated is None else self.truncated
        kept: list[str] = []
        for sentence in self.sentences:
            share = min(left, sentence.sent)
            kept.append(sentence.words_within(share))
            left -= share
            if share < sentence.length:
                break
        return " ".join(words for words in kept if words)


Part = TextPart | HeardPart | ImagePart | SpokenPart


@dataclass(slots=True)
class MessageItem:
    """A message of the caller, the assistant or the client's system voice.

    `silence` marks the empty turn that an idle timeout commits; a mind is told of it, while an
    utterance without words is nothing to it.
    """

    id: str
    role: Literal["user", "assistant", "system"]
    parts: list[Part] = field(default_factory=list)
    status: Status = "completed"
    silence: bool = False

    def wire(self, form: AudioFormat | None = None) -> Json:
        """Return the item as JSON, with audio in `form` when a form is given."""
        content = [_part_wire(part, form) for part in self.parts]
        return _wire(self.id, "message", self.status, role=self.role, content=content)

    def known(self) -> mind.Message | None:
        """Return what a mind knows of it, or None when it says nothing."""
        texts: list[str] = []
        for part in self.parts:
            match part:
                case TextPart():
                    texts.append(part.text)
                case HeardPart():
                    texts.append(part.heard or "")
                case SpokenPart():
                    texts.append(part.heard())
                case ImagePart():
                    pass
        text = " ".join(text for text in texts if text)
        return mind.Message(self.role, text) if text or self.silence else None


@dataclass(slots=True)
class CallItem:
    """A function call. `arguments` is JSON text."""

    id: str
    call_id: str
    name: str
    arguments: str = ""
    status: Status = "completed"

    def wire(self, form: AudioFormat | None = None) -> Json:
        """Return the item as JSON; `form` is for the other kinds."""
        return _wire(
            self.id,
            "function_call",
            self.status,
            call_id=self.call_id,
            name=self.name,
            arguments=self.arguments,
        )

    def known(self) -> mind.FunctionCall | None:
        """Return what a mind knows of it; nothing when the call was cut off."""
        if self.status != "completed":
            return None
        return mind.FunctionCall(self.call_id, self.name, self.arguments)


@dataclass(slots=True)
class OutputItem:
    """What the client answered to a function call."""

    id: str
    call_id: str
    output: str
    status: Status = "completed"

    def wire(self, form: AudioFormat | None = None) -> Json:
        """Return the item as JSON; `form` is for the other kinds."""
        return _wire(
            self.id,
            "function_call_output",
            self.status,
            call_id=self.call_id,
            output=self.output,
        )

    def known(self) -> mind.FunctionOutput:
        """Return what a mind knows of it."""
        return mind.FunctionOutput(self.call_id, self.output)


Item = MessageItem | CallItem | OutputItem


class ItemList:
    """The default conversation, oldest first."""

    def __init__(self) -> None:
        self._items: list[Item] = []

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items)

    @property
    def last_id(self) -> str | None:
        """The id of the newest item."""
        return self._items[-1].id if self._items else None

    def find(self, item_id: str) -> Item | None:
        """Return the item with this id."""
        return next((item for item in self._items if item.id == item_id), None)

    def before(self, item_id: str) -> str | None:
        """Return the id of the item that precedes this one."""
        index = next((i for i, item in enumerate(self._items) if item.id == item_id), 0)
        return self._items[index - 1].id if index else None

    def insert(self, item: Item, previous_item_id: str | None) -> None:
        """Put `item` after the named one; `root` is the beginning, None the end.

        Raises:
            ClientEventError: the id is taken, or the previous item is not there.
        """
        if self.find(item.id) is not None:
            raise ClientEventError(
                "item_create_duplicate_item_id",
                f"Error adding item: the item with id '{item.id}' already exists.",
                "item.id",
            )
        if previous_item_id is None:
            self._items.append(item)
        elif previous_item_id == "root":
            self._items.insert(0, item)
        else:
            ids = [known.id for known in self._items]
            if previous_item_id not in ids:
                raise ClientEventError(
                    "item_create_invalid_previous_item_id",
                    f"Error adding item: the previous item with id '{previous_item_id}' "
                    "does not exist.",
                    "previous_item_id",
                )
            self._items.insert(ids.index(previous_item_id) + 1, item)
        self._forget_old_audio()

    def remove(self, item: Item) -> None:
        """Take `item` out."""
        self._items.remove(item)

    def called(self, call_id: str) -> bool:
        """Whether a function call with this id is in the conversation."""
        return any(isinstance(item, CallItem) and item.call_id == call_id for item in self._items)

    def _forget_old_audio(self) -> None:
        kept = 0
        for item in reversed(self._items):
            if not isinstance(item, MessageItem):
                continue
            for part in item.parts:
                if isinstance(part, HeardPart | SpokenPart):
                    kept += len(part.audio)
                    if kept > _KEPT_AUDIO:
                        part.audio = type(part.audio)()


def _wire(item_id: str, kind: str, status: Status, **rest: object) -> Json:
    return {"id": item_id, "object": "realtime.item", "type": kind, "status": status, **rest}


def _part_wire(part: Part, form: AudioFormat | None) -> Json:
    match part:
        case TextPart():
            return {"type": part.kind, "text": part.text}
        case ImagePart():
            return {"type": "input_image", "image_url": part.url}
        case HeardPart():
            wire: Json = {"type": "input_audio", "transcript": part.transcript}
        case SpokenPart():
            wire = {"type": "output_audio"}
            if part.truncated is None:
                wire["transcript"] = part.transcript
    if form is not None:
        wire["audio"] = base64.b64encode(Encoder(form).encode(bytes(part.audio))).decode()
    return wire
