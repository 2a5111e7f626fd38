"""Cuts text into sentences, and long ones into breaths, so that speech can begin before its end."""

from __future__ import annotations

import re
from typing import Final

_END: Final = re.compile(r"(?<=[.!?…])[\"\u201d\u2019)]*\s+")

_CLAUSE_END: Final = re.compile(r"(?<=[,;:])\s+")
_LEAST_BREATH: Final = 40
"""Characters: some 2 seconds of speech, in which the next breath can be made ready."""


def breaths(sentence: str) -> list[str]:
    """Return a long sentence in pieces, cut where it has a mark; joined by a space they are it."""
    done: list[str] = []
    start = 0
    for gap in _CLAUSE_END.finditer(sentence):
        if min(gap.start() - start, len(sentence) - gap.end()) >= _LEAST_BREATH:
            done.append(sentence[start : gap.start()])
            start = gap.end()
    return [*done, sentence[start:]]


def split(text: str) -> list[str]:
    """Return the sentences of `text`; joined by a space they are its words in order."""
    done, rest = take(text)
    return [*done, rest.strip()] if rest.strip() else done


def take(text: str) -> tuple[list[str], str]:
    """Return the sentences that are surely complete in `text`, and the rest."""
    done: list[str] = []
    start = 0
    for end in _END.finditer(text):
        sentence = text[start : end.end()].strip()
        if sentence:
            done.append(sentence)
        start = end.end()
    return done, text[start:]
