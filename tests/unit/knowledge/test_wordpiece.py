"""WordPiece over a small vocabulary of our own; the model itself is an integration matter."""

from __future__ import annotations

from dialplan.knowledge.wordpiece import token_ids

VOCABULARY = {
    token: number
    for number, token in enumerate(
        ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "book", "##ing", "a", "cafe", "?", "'", "s", "東"]
    )
}


def tokens(text: str) -> list[str]:
    names = {number: token for token, number in VOCABULARY.items()}
    return [names[number] for number in token_ids(text, VOCABULARY, 128)]


def test_a_word_is_cut_into_its_longest_known_pieces() -> None:
    assert tokens("Booking a book") == ["[CLS]", "book", "##ing", "a", "book", "[SEP]"]


def test_accents_and_control_characters_are_dropped() -> None:
    assert tokens("CAFÉ\u0000") == ["[CLS]", "cafe", "[SEP]"]


def test_punctuation_and_ideographs_stand_alone() -> None:
    assert tokens("book's東?") == ["[CLS]", "book", "'", "s", "東", "?", "[SEP]"]


def test_a_word_with_an_unknown_part_is_one_unknown_token() -> None:
    assert tokens("bookx a") == ["[CLS]", "[UNK]", "a", "[SEP]"]


def test_a_word_too_long_for_the_model_is_unknown() -> None:
    assert tokens("a" * 101) == ["[CLS]", "[UNK]", "[SEP]"]


def test_text_is_cut_to_the_length_that_is_asked_for() -> None:
    ids = token_ids("a " * 500, VOCABULARY, 128)

    assert len(ids) == 128
    assert ids[-1] == VOCABULARY["[SEP]"]


def test_empty_text_is_only_the_two_marks() -> None:
    assert tokens("") == ["[CLS]", "[SEP]"]
