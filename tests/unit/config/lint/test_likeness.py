import pytest

from dialplan.config.lint.likeness import alike


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Find a patient.", "Find the patients."),
        ("Look up the repair of a bicycle.", "Looks up repairs of the bicycle for a caller."),
        ("Anything else.", "anything else"),
        ("Do it", "Do it"),
    ],
)
def test_sentences_that_say_the_same_are_alike(one: str, other: str) -> None:
    assert alike(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Book a visit.", "Cancel a visit."),
        ("Find a car by its plate.", "Find a car by its owner."),
        ("Find a patient.", "Find a patient by date of birth."),
        ("Tell the date of an invoice.", "Tell the date of a delivery."),
        ("予約を取る", "予約を取り消す"),
    ],
)
def test_a_word_of_its_own_sets_a_sentence_apart(one: str, other: str) -> None:
    assert not alike(one, other)
