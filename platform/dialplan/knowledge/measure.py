"""How well questions find their article: recall@3, mean reciprocal rank, and what is missed. Pure.

Ranks count articles and not passages: a caller is helped by the right article, whichever of its
passages led to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from dialplan.knowledge.ranking import Hit, chosen
from dialplan.model.retrieval import NOTHING, Goal, Question

TOP = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one question.

    Attributes:
        rank: of the expected article, from 1; None when it is nowhere among the candidates. Of a
            question without an article: None as well.
        found: titles of the first articles with their scores.
        given: whether a call is given a passage of the expected article.
        refused: whether no passage was near enough to be given.
    """

    question: Question
    rank: int | None
    found: tuple[tuple[str, float], ...]
    given: bool
    refused: bool

    @property
    def answerable(self) -> bool:
        """Whether some article answers it."""
        return self.question.expect != NOTHING

    @property
    def good(self) -> bool:
        """Whether the article came among the first three, or nothing where nothing should."""
        return (self.rank or TOP + 1) <= TOP if self.answerable else self.refused


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares over questions; `nothing` is 1 where every question has an article.

    `given` is what a call comes to: the article is among what the model reads.
    """

    questions: int
    hit: float
    recall: float
    mrr: float
    given: float
    nothing: float
    wrongly_refused: float

    def reaches(self, goal: Goal) -> bool:
        """Whether nothing falls short of a goal."""
        return self.recall >= goal.recall and self.mrr >= goal.mrr and self.nothing >= goal.nothing


def matches(expected: str, source: str, title: str) -> bool:
    """Whether an article is the one that is meant by its title, its file or its file's name."""
    return expected in (source, PurePosixPath(source).name) or expected.lower() == title.lower()


def outcome(question: Question, hits: Sequence[Hit], top: int, at_least: float) -> Outcome:
    """Judge the ranked passages of one question, of which a call would get `top`."""
    articles: dict[str, Hit] = {}
    for hit in hits:
        articles.setdefault(hit.candidate.source, hit)
    ranked = list(articles.values())
    rank = next(
        (
            place
            for place, hit in enumerate(ranked, 1)
            if matches(question.expect, hit.candidate.source, hit.candidate.title)
        ),
        None,
    )
    found = tuple((hit.candidate.title, round(hit.score, 2)) for hit in ranked[:TOP])
    read = chosen(hits, top, at_least)
    given = any(matches(question.expect, hit.candidate.source, hit.candidate.title) for hit in read)
    return Outcome(question, rank, found, given, not read)


def figures(outcomes: Iterable[Outcome]) -> Figures:
    """Sum outcomes up."""
    all_of_them = list(outcomes)
    asked = [one for one in all_of_them if one.answerable]
    others = [one for one in all_of_them if not one.answerable]
    return Figures(
        questions=len(all_of_them),
        hit=_share(asked, lambda one: one.rank == 1),
        recall=_share(asked, lambda one: one.good),
        mrr=sum(1 / one.rank for one in asked if one.rank) / len(asked) if asked else 1.0,
        given=_share(asked, lambda one: one.given),
        nothing=_share(others, lambda one: one.good),
        wrongly_refused=_share(asked, lambda one: one.refused) if asked else 0.0,
    )


def _share(outcomes: Sequence[Outcome], holds: Callable[[Outcome], bool]) -> float:
    return sum(map(holds, outcomes)) / len(outcomes) if outcomes else 1.0
