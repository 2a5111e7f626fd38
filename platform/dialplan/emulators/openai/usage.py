"""Tokens of a response, computed from what went in and out by the published rules of thumb.

User audio is one token per 100 ms, assistant audio one per 50 ms (Realtime cost guide); text is
taken as a token per four characters. What the previous response already read counts as cached
while the prompt is the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from dialplan.emulators.openai.audio import duration_ms
from dialplan.emulators.openai.items import (
    CallItem,
    HeardPart,
    ImagePart,
    Item,
    MessageItem,
    OutputItem,
    SpokenPart,
    TextPart,
)

_USER_MS: Final = 100
_ASSISTANT_MS: Final = 50
_CHARACTERS: Final = 4


@dataclass(frozen=True, slots=True)
class Tokens:
    """A number of text and of audio tokens."""

    text: int = 0
    audio: int = 0

    def __add__(self, other: Tokens) -> Tokens:
        return Tokens(self.text + other.text, self.audio + other.audio)

    @property
    def total(self) -> int:
        """Both kinds."""
        return self.text + self.audio


def of_text(text: str) -> Tokens:
    """Tokens of `text`."""
    return Tokens(text=-(-len(text) // _CHARACTERS))


def of_speech(length: int) -> Tokens:
    """Tokens of `length` mu-law bytes of assistant audio."""
    return Tokens(audio=-(-duration_ms(length) // _ASSISTANT_MS))


def of_items(items: Iterable[Item]) -> Tokens:
    """Tokens of items, as a model reads or writes them."""
    return sum(map(_of_item, items), Tokens())


def _of_item(item: Item) -> Tokens:
    match item:
        case CallItem():
            return of_text(item.name + item.arguments)
        case OutputItem():
            return of_text(item.output)
        case MessageItem():
            total = Tokens()
            for part in item.parts:
                match part:
                    case TextPart():
                        total += of_text(part.text)
                    case HeardPart():
                        total += Tokens(audio=-(-duration_ms(len(part.audio)) // _USER_MS))
                    case SpokenPart():
                        kept = part.sent if part.truncated is None else part.truncated
                        total += of_text(part.heard()) + of_speech(kept)
                    case ImagePart():
                        pass
            return total


def wire(read: Tokens, cached: Tokens, written: Tokens) -> dict[str, Any]:
    """Return the `usage` of `response.done`."""
    return {
        "total_tokens": read.total + written.total,
        "input_tokens": read.total,
        "output_tokens": written.total,
        "input_token_details": {
            "text_tokens": read.text,
            "audio_tokens": read.audio,
            "image_tokens": 0,
            "cached_tokens": cached.total,
            "cached_tokens_details": {
                "text_tokens": cached.text,
                "audio_tokens": cached.audio,
                "image_tokens": 0,
            },
        },
        "output_token_details": {"text_tokens": written.text, "audio_tokens": written.audio},
    }
