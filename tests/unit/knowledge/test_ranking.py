from __future__ import annotations

import pytest

from dialplan.knowledge.ranking import (
    RULES,
    Candidate,
    by_asked,
    by_meaning,
    by_words,
    chosen,
    codes_in,
    fused,
    in_force,
    without_asked,
)


def candidate(
    position: int,
    source: str,
    similarity: float = 0.0,
    *,
    article: float = 0.0,
    words: float = 0.0,
    codes: float = 0.0,
    asked: float | None = None,
) -> Candidate:
    return Candidate(position, source, source, "", "", similarity, article, words, codes, asked)


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


def test_a_line_that_callers_say_stands_in_for_the_nearest_passage_of_its_article() -> None:
    told = candidate(0, "a", 0.5, article=0.4)
    met = candidate(1, "b", 0.2, article=0.4, asked=0.8)
    same = candidate(2, "c", 0.8, article=0.4)

    hits = {hit.candidate.source: hit for hit in in_force([told, met, same])}

    assert hits["b"].score == pytest.approx(hits["c"].score)
    assert hits["b"].score > hits["a"].score
    assert hits["b"].lift == pytest.approx(0.7 * 0.6)
    assert hits["c"].lift == 0


def test_a_line_lifts_all_passages_of_its_article_and_leaves_their_order() -> None:
    far, near = candidate(0, "a", 0.1, asked=0.6), candidate(1, "a", 0.3, asked=0.6)

    lifted, plain = in_force([far, near]), without_asked([far, near])

    assert [hit.candidate for hit in lifted] == [near, far]
    assert lifted[0].score - lifted[1].score == pytest.approx(plain[0].score - plain[1].score)


def test_a_line_that_is_farther_than_a_passage_changes_nothing() -> None:
    some = [candidate(0, "a", 0.5, asked=0.4), candidate(1, "b", 0.3)]

    assert in_force(some) == without_asked(some)


def test_articles_without_lines_come_last_where_lines_alone_count() -> None:
    some = [candidate(0, "a", 0.9), candidate(1, "b", 0.1, asked=-0.2)]

    assert [hit.candidate.source for hit in by_asked(some)] == ["b", "a"]


def test_a_score_stays_below_one_however_much_adds_up() -> None:
    [hit] = in_force([candidate(0, "a", 0.9, article=0.9, words=1, codes=1, asked=0.95)])

    assert hit.score == 1.0
