"""What of an item goes over the wire, and what a mind may know of it."""

from __future__ import annotations

import pytest

from dialplan.emulators.openai.errors import ClientEventError
from dialplan.emulators.openai.items import (
    CallItem,
    HeardPart,
    ItemList,
    MessageItem,
    Sentence,
    SpokenPart,
    TextPart,
)
from dialplan.emulators.openai.mind import Message


def spoken(*sentences: tuple[str, int, int]) -> SpokenPart:
    """Sentences of (text, length, sent), in milliseconds."""
    part = SpokenPart()
    for text, length, sent in sentences:
        part.sentences.append(Sentence(text, length * 8))
        part.add(b"\x01" * (sent * 8))
    return part


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (0, ""),
        (24, ""),
        (25, "aa"),
        (74, "aa bb"),
        (75, "aa bb cc"),
        (99, "aa bb cc"),
        (100, "aa bb cc dd"),
    ],
)
def test_a_word_counts_once_its_share_of_the_sentence_is_out(sent: int, words: str) -> None:
    assert Sentence("aa bb cc dd", 100).words_within(sent) == words


def test_a_sentence_without_audio_counts_whole() -> None:
    assert Sentence("Hm.", 0).words_within(0) == "Hm."


def test_sentences_after_the_cut_are_not_known() -> None:
    part = spoken(("One.", 500, 500), ("Two two.", 1000, 1000), ("Three.", 500, 500))

    part.truncate(1000)

    assert part.heard() == "One. Two"
    assert len(part.audio) == 8000


def test_what_is_sent_after_the_cut_is_not_known_either() -> None:
    part = spoken(("aaaa bbbb", 1000, 600))
    part.truncate(550)

    part.add(b"\x01" * 3200)

    assert part.heard() == "aaaa"
    assert len(part.audio) == 550 * 8


def test_a_length_that_is_no_whole_millisecond_may_be_named_rounded_up() -> None:
    part = SpokenPart([Sentence("Hello.", 8003)])
    part.add(bytes(8003))

    part.truncate(1001)

    assert part.heard() == "Hello."


def test_nothing_sent_cannot_be_truncated() -> None:
    with pytest.raises(ClientEventError) as refused:
        spoken(("Hello.", 500, 0)).truncate(0)

    assert refused.value.code == "unsupported_content_type"


def test_the_transcript_the_client_got_is_not_what_the_mind_heard() -> None:
    item = MessageItem("a", "user", [HeardPart(b"", heard="inner", transcript=None)])

    assert item.known() == Message("user", "inner")
    assert item.wire()["content"] == [{"type": "input_audio", "transcript": None}]


def test_a_call_that_was_cut_off_is_unknown() -> None:
    assert CallItem("a", "c", "book", "", status="in_progress").known() is None


def test_an_item_knows_what_precedes_it() -> None:
    items = ItemList()
    assert items.last_id is None
    for name in ("a", "b"):
        items.insert(MessageItem(name, "user", [TextPart("input_text", name)]), None)

    assert [items.before(name) for name in ("a", "b")] == [None, "a"]
    assert items.find("c") is None


def test_the_oldest_audio_is_forgotten_before_memory_runs_out() -> None:
    items = ItemList()
    for name in ("a", "b", "c"):
        items.insert(MessageItem(name, "user", [HeardPart(bytes(15 * 1024 * 1024))]), None)

    kept = [
        len(part.audio)
        for item in items
        if isinstance(item, MessageItem)
        for part in item.parts
        if isinstance(part, HeardPart)
    ]

    assert kept == [0, 15 * 1024 * 1024, 15 * 1024 * 1024]
