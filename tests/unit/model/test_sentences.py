import pytest

from dialplan.model.sentences import HoursWords, Sentences
from dialplan.prompts.render import names_used


def test_each_word_of_the_hours_names_what_it_knows_and_no_more() -> None:
    for _, words, known in HoursWords().words():
        assert names_used(words) == set(known)


def test_a_sentence_is_never_empty() -> None:
    with pytest.raises(ValueError, match="at least 1 character"):
        Sentences(still_there="")


def test_the_sentences_of_a_call_are_all_but_the_words_of_the_hours() -> None:
    names = [name for name, _ in Sentences().of_calls()]

    assert {*names, "hours"} == set(Sentences.model_fields)
