"""Which passages answer a question: the rule in force, and those that it was chosen over. Pure.

docs/explanation/retrieval.md has the figures of all of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

ARTICLE_WEIGHT = 0.3
"""How much the whole article counts beside the passage: a short passage may miss the point that
its neighbours make."""
WORDS_WEIGHT = 0.15
"""What it adds when all rare words of a question stand in a passage. Small: callers use other words
than articles, and where they use the same ones those are often the common ones."""
CODES_WEIGHT = 0.3
"""What it adds when a passage holds the codes that the caller read out: those are no coincidence,
and embeddings do not know them."""
MARGIN = 0.15
"""How far below the nearest passage another one may be and still be given."""

_RRF = 60
_TOKEN = re.compile(r"[^\W_](?:[\w.\-/]*[^\W_])?")
_POINT = re.compile(r"(?<=\w)\s+(?:point|dot|dash|hyphen)\s+(?=\w)", re.IGNORECASE)
_SHORTEST_CODE = 3


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage with what is known of its fitness.

    Attributes:
        position: its place in the edition.
        similarity: cosine between passage and question.
        article: mean similarity of all passages of its article.
        words: share of the question's words found in it, rare ones counting more; 0 to 1.
        codes: share of the question's codes found in its title or headings; one that only the text
            mentions counts half. 0 to 1.
        asked: cosine between the question and the nearest line of what callers say when they ask
            for its article; None where the article names none.
        line: that line.
    """

    position: int
    source: str
    title: str
    section: str
    text: str
    similarity: float
    article: float
    words: float
    codes: float
    asked: float | None = None
    line: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage with its score.

    Attributes:
        lift: what the score owes to a line of what callers say.
    """

    candidate: Candidate
    score: float
    lift: float = 0.0


Rule = Callable[[Sequence[Candidate]], list[Hit]]


def codes_in(text: str) -> list[str]:
    """Return what looks like a code, a number or a name of a model, in one way of writing it.

    `49.4C02` gives `494c02` and `4c02`: callers read out parts, and say `point`.
    """
    found: dict[str, None] = {}
    for token in _TOKEN.findall(_POINT.sub(".", text.lower())):
        for part in (token, *re.split(r"[.\-/_]", token)):
            code = re.sub(r"[.\-/_]", "", part)
            if len(code) >= _SHORTEST_CODE and any(char.isdigit() for char in code):
                found[code] = None
    return list(found)


def by_meaning(candidates: Sequence[Candidate]) -> list[Hit]:
    """Vectors alone."""
    return _ranked(candidates, lambda one: one.similarity)


def by_words(candidates: Sequence[Candidate]) -> list[Hit]:
    """Full text alone."""
    return _ranked(candidates, lambda one: one.words)


def fused(candidates: Sequence[Candidate]) -> list[Hit]:
    """Reciprocal rank fusion of both, equal weights, k = 60."""
    places: dict[int, float] = {}
    for ranking in (by_meaning(candidates), by_words(candidates)):
        for place, hit in enumerate(ranking, 1):
            at = hit.candidate.position
            places[at] = places.get(at, 0.0) + 1 / (_RRF + place)
    return _ranked(candidates, lambda one: places[one.position])


def weighted(candidates: Sequence[Candidate]) -> list[Hit]:
    """Eight parts vectors and two parts full text."""
    return _ranked(candidates, lambda one: 0.8 * one.similarity + 0.2 * one.words)


def with_article(candidates: Sequence[Candidate]) -> list[Hit]:
    """Vectors alone, of the passage and of its whole article."""
    return _ranked(candidates, _meaning)


def by_asked(candidates: Sequence[Candidate]) -> list[Hit]:
    """What callers say alone."""
    return _ranked(candidates, lambda one: -1.0 if one.asked is None else one.asked)


def without_asked(candidates: Sequence[Candidate]) -> list[Hit]:
    """Passage and article by meaning; words add a little, codes a lot."""
    return _ranked(candidates, _told)


def in_force(candidates: Sequence[Candidate]) -> list[Hit]:
    """The same, where a line of what callers say stands in for the article's nearest passage.

    It lifts all passages of the article by as much: which of them answers, the line does not know.
    Scores stay below 1.
    """
    nearest: dict[str, float] = {}
    for one in candidates:
        nearest[one.source] = max(nearest.get(one.source, -1.0), one.similarity)

    def lift(one: Candidate) -> float:
        ahead = 0.0 if one.asked is None else max(0.0, one.asked - nearest[one.source])
        return (1 - ARTICLE_WEIGHT) * ahead

    hits = [Hit(one, min(1.0, _told(one) + lift(one)), lift(one)) for one in candidates]
    return _in_order(hits)


RULES: Mapping[str, Rule] = {
    "vectors only": by_meaning,
    "full text only": by_words,
    "reciprocal rank fusion": fused,
    "0.8 vectors + 0.2 text": weighted,
    "vectors, passage and article": with_article,
    "asked lines only": by_asked,
    "in force, without asked lines": without_asked,
    "in force": in_force,
}
"""Each rule by its name, for a comparison."""


def chosen(hits: Sequence[Hit], top: int, at_least: float) -> list[Hit]:
    """Return the passages to answer from, or none where even the nearest is below `at_least`.

    The others are measured against the nearest and not against `at_least`: where the question is
    vague all are far, and the second is worth reading; where a code was read out, it stands alone.
    """
    if not hits or hits[0].score < at_least:
        return []
    return spread([hit for hit in hits if hit.score >= hits[0].score - MARGIN], top)


def spread(hits: Sequence[Hit], top: int) -> list[Hit]:
    """Return the best passage of each article, then others of the same ones, `top` in all.

    Three passages of one article would leave no room for the one that was meant.
    """
    articles: dict[str, Hit] = {}
    for hit in hits:
        articles.setdefault(hit.candidate.source, hit)
    first = list(articles.values())[:top]
    rest = [hit for hit in hits if hit not in first]
    return first + rest[: top - len(first)]


def _meaning(one: Candidate) -> float:
    return (1 - ARTICLE_WEIGHT) * one.similarity + ARTICLE_WEIGHT * one.article


def _told(one: Candidate) -> float:
    return min(1.0, _meaning(one) + WORDS_WEIGHT * one.words + CODES_WEIGHT * one.codes)


def _ranked(candidates: Sequence[Candidate], score: Callable[[Candidate], float]) -> list[Hit]:
    return _in_order([Hit(one, score(one)) for one in candidates])


def _in_order(hits: Sequence[Hit]) -> list[Hit]:
    return sorted(hits, key=lambda hit: (-hit.score, hit.candidate.position))
