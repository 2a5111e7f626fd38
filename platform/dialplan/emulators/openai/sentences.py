"""Cuts text into sentences, so that speech can begin before a text is complete."""

from __future__ import annotations

import re
from typing import Final

_END: Final = re.compile(r"(?<=[.!?…])[\"\u201d\u2019)]*\s+")


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
