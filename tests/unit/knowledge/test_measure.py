from __future__ import annotations

import pytest

from dialplan.knowledge.measure import figures, matches, outcome
from dialplan.knowledge.ranking import Candidate, Hit
from dialplan.model.retrieval import Goal, Question


def hits(*sources: str, score: float = 0.5) -> list[Hit]:
    return [
        Hit(Candidate(at, f"k/{one}.md", one.title(), "", "", 0, 0, 0, 0), score - at / 100)
        for at, one in enumerate(sources)
    ]


def test_an_article_is_meant_by_title_file_or_name_of_the_file() -> None:
    assert all(matches(one, "k/vpn.md", "The VPN") for one in ("the vpn", "k/vpn.md", "vpn.md"))
    assert not matches("vpn", "k/vpn.md", "The VPN")


def test_ranks_count_articles_and_not_passages() -> None:
    one = outcome(Question(ask="?", expect="b.md"), hits("a", "a", "a", "b"), 3, 0.3)

    assert one.rank == 2
    assert one.good


def test_figures_sum_up_what_was_found_and_what_was_rightly_not() -> None:
    ranked = hits("a", "b", "c", "d")
    outcomes = [
        outcome(Question(ask="1", expect="a.md"), ranked, 3, 0.3),
        outcome(Question(ask="2", expect="b.md"), ranked, 3, 0.3),
        outcome(Question(ask="3", expect="d.md"), ranked, 3, 0.3),
        outcome(Question(ask="4", expect="gone.md"), ranked, 3, 0.3),
        outcome(Question(ask="5", expect="nothing"), ranked, 3, 0.9),
        outcome(Question(ask="6", expect="nothing"), ranked, 3, 0.3),
    ]

    made = figures(outcomes)

    assert made.hit == 0.25
    assert made.recall == 0.5
    assert made.mrr == pytest.approx((1 + 1 / 2 + 1 / 4 + 0) / 4)
    assert made.nothing == 0.5
    assert made.given == 0.5


def test_an_article_is_given_when_a_call_gets_a_passage_of_it() -> None:
    asked = Question(ask="?", expect="c.md")

    assert outcome(asked, hits("a", "b", "c"), 3, 0.3).given
    assert not outcome(asked, hits("a", "b", "c"), 2, 0.3).given
    assert not outcome(asked, hits("a", "b", "c"), 3, 0.6).given


@pytest.mark.parametrize("goal", [Goal(recall=0.9), Goal(recall=0, mrr=0.9), Goal(recall=0)])
def test_a_goal_is_missed_by_any_figure_below_it(goal: Goal) -> None:
    made = figures([outcome(Question(ask="1", expect="b.md"), hits("a", "b", "c"), 3, 0.3)])

    assert made.reaches(goal) is (goal.mrr <= 0.5)
