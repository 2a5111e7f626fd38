"""BERT's WordPiece: text to the ids of subwords. Pure; the vocabulary is an argument."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping

_MAX_WORD = 100


def token_ids(text: str, vocabulary: Mapping[str, int], most: int) -> list[int]:
    """Return BERT uncased token ids with [CLS] and [SEP], at most `most` of them."""
    ids = [vocabulary["[CLS]"]]
    for word in _words(text):
        ids.extend(_pieces(word, vocabulary))
        if len(ids) >= most:
            break
    return [*ids[: most - 1], vocabulary["[SEP]"]]


def _words(text: str) -> Iterator[str]:
    """Lower case, no accents, no control characters; punctuation and ideographs stand alone."""
    word = ""
    for char in unicodedata.normalize("NFD", text.lower()):
        category = unicodedata.category(char)
        if char.isspace():
            if word:
                yield word
            word = ""
        elif category == "Mn" or category.startswith("C") or char == "\ufffd":
            continue
        elif _stands_alone(char, category):
            if word:
                yield word
            yield char
            word = ""
        else:
            word += char
    if word:
        yield word


def _stands_alone(char: str, category: str) -> bool:
    code = ord(char)
    if code < 128:
        return not char.isalnum()
    ideograph = 0x4E00 <= code <= 0x9FFF or 0x3400 <= code <= 0x4DBF or 0x20000 <= code <= 0x2FA1F
    return category.startswith("P") or ideograph or 0xF900 <= code <= 0xFAFF


def _pieces(word: str, vocabulary: Mapping[str, int]) -> list[int]:
    """Longest match first; a word with any part unknown is one [UNK]."""
    if len(word) > _MAX_WORD:
        return [vocabulary["[UNK]"]]
    ids: list[int] = []
    start = 0
    while start < len(word):
        for end in range(len(word), start, -1):
            piece = vocabulary.get(("##" if start else "") + word[start:end])
            if piece is not None:
                ids.append(piece)
                start = end
                break
        else:
            return [vocabulary["[UNK]"]]
    return ids
