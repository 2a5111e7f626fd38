"""Tokens of what goes in and out."""

from __future__ import annotations

from dialplan.emulators.openai import usage
from dialplan.emulators.openai.items import (
    CallItem,
    HeardPart,
    ImagePart,
    Item,
    MessageItem,
    OutputItem,
    Sentence,
    SpokenPart,
    TextPart,
)
from dialplan.emulators.openai.usage import Tokens


def test_caller_audio_is_a_token_per_100_ms() -> None:
    item = MessageItem("a", "user", [HeardPart(bytes(8 * 950), heard="not billed as text")])

    assert usage.of_items([item]) == Tokens(text=0, audio=10)


def test_assistant_audio_is_a_token_per_50_ms_beside_its_words() -> None:
    part = SpokenPart([Sentence("Hello you.", 8000)])
    part.add(bytes(8000))

    assert usage.of_items([MessageItem("a", "assistant", [part])]) == Tokens(text=3, audio=20)

    part.truncate(600)
    assert usage.of_items([MessageItem("a", "assistant", [part])]) == Tokens(text=2, audio=12)


def test_text_is_a_token_per_four_characters() -> None:
    items: list[Item] = [
        MessageItem("a", "user", [TextPart("input_text", "abcde"), ImagePart("data:,")]),
        CallItem("b", "c", "book", "{}"),
        OutputItem("d", "c", "1234"),
    ]

    assert usage.of_items(items) == Tokens(text=2 + 2 + 1)


def test_the_totals_of_the_wire_form_add_up() -> None:
    wire = usage.wire(Tokens(10, 5), Tokens(4, 1), Tokens(3, 2))

    assert wire["total_tokens"] == 20
    assert wire["input_token_details"]["cached_tokens"] == 5
    assert wire["output_token_details"] == {"text_tokens": 3, "audio_tokens": 2}
