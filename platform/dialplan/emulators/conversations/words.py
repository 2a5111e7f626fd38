"""Whether words were said, and whether values are the same, as a reader of a conversation means it.

Case, punctuation and white space do not count; a word counts whole.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

# Scripts without spaces between words: there every character is a word.
_CHARACTER = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0e7f"
_WORD = re.compile(rf"[{_CHARACTER}]|[^\W{_CHARACTER}]+(?:['\u2019][^\W{_CHARACTER}]+)*")


def words_of(text: str) -> list[str]:
    """Return the words of a text, folded."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")
    return _WORD.findall(folded)


def is_said(phrase: str, text: str) -> bool:
    """Tell whether the words of a phrase stand in a text, one after the other."""
    wanted, said = words_of(phrase), words_of(text)
    if not wanted:
        return phrase.strip() in text
    last = len(said) - len(wanted)
    return any(said[at : at + len(wanted)] == wanted for at in range(last + 1))


def same(wanted: object, got: object) -> bool:
    """Tell whether two JSON values are the same; text may differ in case and outer white space."""
    if isinstance(wanted, bool) or isinstance(got, bool):
        return wanted is got
    match wanted, got:
        case str(), str():
            return wanted.strip().casefold() == got.strip().casefold()
        case Mapping(), Mapping():
            return wanted.keys() == got.keys() and all(same(wanted[k], got[k]) for k in wanted)
        case list(), list():
            return len(wanted) == len(got) and all(map(same, wanted, got))
    return wanted == got
