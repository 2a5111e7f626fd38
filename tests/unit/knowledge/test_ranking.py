from __future__ import annotations

import pytest

from dialplan.knowledge.ranking import (
    RULES,
    Candidate,
    by_meaning,
    by_words,
    chosen,
    codes_in,
    fused,
    in_force,
)


def candidate(
    position: int,
    source: str,
    similarity: float = 0.0,
    *,
    article: float = 0.0,
    words: float = 0.0,
    codes: float = 0.0,
) -> Candidate:
    return Candidate(position, source, source, "", "", similarity, article, words, codes)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("It says 809.", ["809"]),
        ("error 0x800704CF!", ["0x800704cf"]),
        ("Printer error 49.4C02", ["494c02", "4c02"]),
        ("forty-nine point 4C02", ["fortynine4c02", "4c02"]),
        ("49 point 4C02", ["494c02", "4c02"]),
        ("room 3, 5 GHz, on Monday", []),
    ],
)
def test_codes_are_found_however_they_are_written(text: str, codes: list[str]) -> None:
    assert codes_in(text) == codes


def test_a_code_that_was_read_out_goes_before_what_only_sounds_alike() -> None:
    alike = candidate(0, "691", 0.5, article=0.4)
    meant = candidate(1, "809", 0.4, article=0.4, codes=1.0)

    assert [hit.candidate for hit in in_force([alike, meant])] == [meant, alike]


def test_words_in_common_do_not_outweigh_a_clearly_nearer_meaning() -> None:
    meant = candidate(0, "a", 0.6, article=0.5)
    wordy = candidate(1, "b", 0.3, article=0.3, words=0.8)

    assert in_force([wordy, meant])[0].candidate is meant


def test_an_article_lifts_its_passages() -> None:
    lonely = candidate(0, "a", 0.42, article=0.2)
    carried = candidate(1, "b", 0.40, article=0.4)

    assert in_force([lonely, carried])[0].candidate is carried


@pytest.mark.parametrize("name", RULES)
def test_every_rule_ranks_all_candidates_and_breaks_ties_by_position(name: str) -> None:
    same = [candidate(position, "a", 0.3, words=0.3) for position in (2, 0, 1)]

    ranked = RULES[name](same)

    assert {hit.candidate.position for hit in ranked} == {0, 1, 2}
    if name != "reciprocal rank fusion":
        assert [hit.candidate.position for hit in ranked] == [0, 1, 2]


def test_fusion_counts_places_and_not_scores() -> None:
    some = [
        candidate(0, "a", 0.9, words=0.1),
        candidate(1, "b", 0.8, words=0.9),
        candidate(2, "c", 0.1, words=0.8),
    ]

    assert by_meaning(some)[0].candidate.source == "a"
    assert by_words(some)[0].candidate.source == "b"
    assert fused(some)[0].candidate.source == "b"


def test_the_best_passage_of_each_article_is_given_before_a_second_one_of_any() -> None:
    hits = in_force(
        [
            candidate(0, "a", 0.9),
            candidate(1, "a", 0.8),
            candidate(2, "b", 0.7),
            candidate(3, "c", 0.1),
        ]
    )

    given = [hit.candidate.position for hit in chosen(hits, 3, 0.3)]

    assert given == [0, 2, 1]


def test_nothing_near_enough_gives_nothing() -> None:
    assert chosen(in_force([candidate(0, "a", 0.2)]), 3, 0.3) == []
    assert chosen([], 3, 0.0) == []


def test_what_is_nearly_as_near_as_the_nearest_is_given_too() -> None:
    hits = by_meaning([candidate(0, "a", 0.31), candidate(1, "b", 0.2), candidate(2, "c", 0.1)])

    assert [hit.candidate.source for hit in chosen(hits, 3, 0.3)] == ["a", "b"]


def test_what_is_far_behind_the_nearest_is_left_out() -> None:
    hits = by_meaning([candidate(0, "a", 0.9), candidate(1, "b", 0.5)])

    assert [hit.candidate.source for hit in chosen(hits, 3, 0.3)] == ["a"]
