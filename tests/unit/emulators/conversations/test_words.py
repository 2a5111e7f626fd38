import pytest

from dialplan.emulators.conversations.words import is_said, same, words_of


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("Goodbye", "Thank you, goodbye!"),
        ("date of birth", "What is your date  of birth?"),
        ("911", "Please hang up and dial 911 now."),
        ("don't", "I don\u2019t know."),
        ("CAFÉ", "the cafe\u0301 is open"),
        ("予約", "はい、予約しました"),
    ],
)
def test_a_phrase_is_heard_whatever_its_case_and_punctuation(phrase: str, text: str) -> None:
    assert is_said(phrase, text)


@pytest.mark.parametrize(
    ("phrase", "text"),
    [("no", "I know."), ("book a visit", "a visit to book"), ("birth", ""), ("one two", "one")],
)
def test_a_part_of_a_word_or_another_order_is_not_the_phrase(phrase: str, text: str) -> None:
    assert not is_said(phrase, text)


def test_a_phrase_without_words_is_looked_for_as_it_stands() -> None:
    assert words_of("?!") == []
    assert is_said("?", "Shall I?")
    assert not is_said("?", "I shall.")


def test_values_are_the_same_but_for_the_case_of_text() -> None:
    assert same({"a": ["ABC123 ", 3, None]}, {"a": ["abc123", 3.0, None]})
    assert not same(1, True)
    assert not same(True, 1)
    assert not same("3", 3)
    assert not same([1, 2], [1])
    assert not same({"a": 1}, {"a": 1, "b": 2})
