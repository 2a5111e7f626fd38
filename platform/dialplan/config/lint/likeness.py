"""Whether two sentences say the same to somebody who must choose between them. Pure."""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(r"\w+")
_EMPTY = frozenset(
    "a an and any anything are as at be by can caller caller's call calls client customer do "
    "does for from he her his how i if in into is it its me my of on or s she so something that "
    "the their them they this to use used user want wants was what when which who will with would "
    "you your".split()
)
_SAME = 0.8
"""The share of words in common from which the longer sentence adds too little."""


@lru_cache(maxsize=4096)
def content_words(text: str) -> frozenset[str]:
    """The words of a sentence that carry its meaning, without their endings."""
    found = (_stem(word) for word in _WORD.findall(text.lower()))
    return frozenset(word for word in found if word not in _STEMS)


def alike(one: str, other: str) -> bool:
    """Whether a sentence says nothing that the other does not, or nearly.

    Two sentences that each have a word of their own differ: `Book a visit`, `Cancel a visit`.
    """
    left, right = content_words(one), content_words(other)
    if not left or not right:
        return one.strip().lower() == other.strip().lower()
    if left - right and right - left:
        return False
    return len(left & right) / len(left | right) >= _SAME


def _stem(word: str) -> str:
    for ending in ("s", "ing", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word.removesuffix(ending)
    return word


_STEMS = frozenset(_stem(word) for word in _EMPTY)
