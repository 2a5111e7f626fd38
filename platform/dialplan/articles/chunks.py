"""Articles to chunks: pieces short enough for one embedding, each with what it is about.

A section is one chunk unless it is too long; only then do neighbours overlap. Each way in which
callers ask for an article is a chunk too, which is met and never given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dialplan.articles.article import Article

CHUNKER = 1
"""Raised when chunks are cut or worded otherwise: what was embedded before is then made anew."""

MOST_TOKENS = 160
"""The longest passage, in tokens of a subword vocabulary as estimated by `tokens_in`."""
OVERLAP_TOKENS = 30
"""The most that a piece of a long section repeats of the one before."""

_WORD = re.compile(r"\w+|[^\w\s]")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True, slots=True)
class Chunk:
    """One piece of an article.

    Attributes:
        source: the article's file inside the vertical's folder.
        section: the headings that lead to it, joined by ` > `; empty above the first one.
        asked: whether the text is what callers say when they ask for the article.
    """

    source: str
    title: str
    section: str
    text: str
    asked: bool = False

    @property
    def passage(self) -> str:
        """What is embedded: the text, with the title and the headings before it.

        What callers say stands alone, since a title before it makes all of an article's alike.
        """
        if self.asked:
            return self.text
        return _joined((self.title, self.section.replace(" > ", ". "), self.text))


def chunks_of(article: Article) -> Iterator[Chunk]:
    """Cut an article into chunks, in its order."""
    for section in article.sections:
        path = " > ".join(section.headings)[:200]
        room = MOST_TOKENS - tokens_in(_joined((article.title, path)))
        for text in _pieces(section.text, max(room, MOST_TOKENS // 2)):
            yield Chunk(article.source, article.title, path, text)


def asked_of(article: Article) -> Iterator[Chunk]:
    """Make a chunk of each way in which callers ask for an article."""
    for line in article.asked:
        yield Chunk(article.source, article.title, "", line, asked=True)


def tokens_in(text: str) -> int:
    """Estimate how many tokens a model makes of a text; rather too many than too few."""
    return sum(1 + (len(word) - 1) // 6 for word in _WORD.findall(text))


def _joined(parts: Iterable[str]) -> str:
    return "\n".join(part for part in parts if part)


def _pieces(text: str, most: int) -> Iterator[str]:
    """Pack lines and sentences; a piece begins with the last of the one before, where it fits."""
    piece: list[str] = []
    size = 0
    for unit in _units(text, most):
        length = tokens_in(unit)
        if piece and size + length > most:
            yield "\n".join(piece)
            last, size = piece[-1], tokens_in(piece[-1])
            if size > OVERLAP_TOKENS or size + length > most:
                piece, size = [], 0
            else:
                piece = [last]
        piece.append(unit)
        size += length
    if piece:
        yield "\n".join(piece)


def _units(text: str, most: int) -> Iterator[str]:
    """Lines; sentences of a line that is too long; words of a sentence that is too long."""
    for line in text.splitlines():
        if tokens_in(line) <= most:
            yield line
            continue
        for sentence in _SENTENCE.split(line):
            if tokens_in(sentence) <= most:
                yield sentence
            else:
                yield from _cut(sentence, most)


def _cut(sentence: str, most: int) -> Iterator[str]:
    part: list[str] = []
    size = 0
    for word in sentence.split():
        # A word without an end (a key, a table of digits) must not outgrow a piece either.
        for start in range(0, len(word), 3 * most):
            bit = word[start : start + 3 * most]
            length = tokens_in(bit)
            if part and size + length > most:
                yield " ".join(part)
                part, size = [], 0
            part.append(bit)
            size += length
    if part:
        yield " ".join(part)
