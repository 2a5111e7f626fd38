"""Number words to digits, as speech recognition leaves them. It must not guess what they mean."""

from __future__ import annotations

import itertools
import re

_UNITS = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen".split()
    )
}
_TENS = {
    word: value * 10
    for value, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)
}
_ORDINALS = {
    word: value
    for value, word in enumerate(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth "
        "thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth".split(),
        1,
    )
} | {"twentieth": 20, "thirtieth": 30}
_REPEATS = {"double": 2, "triple": 3, "treble": 3}
# What a recogniser makes of a digit in a row of them.
_LIKE_DIGITS = {"oh": "0", "o": "0", "won": "1", "to": "2", "too": "2", "for": "4", "ate": "8"}
_ROW = 3
"""As many digits said one by one are a number that was read out, not a list."""
_SUFFIXES = {1: "st", 2: "nd", 3: "rd"}
_WORD = re.compile(r"\d+(?:[:/.,]\d+)*(?:st|nd|rd|th)?(?![a-z])|[a-z]+(?:'[a-z]+)?|\S")


def ordinal(value: int) -> str:
    """Return `value` as a written ordinal: 1st, 2nd, 11th."""
    tail = "th" if value % 100 in (11, 12, 13) else _SUFFIXES.get(value % 10, "th")
    return f"{value}{tail}"


def plain(text: str) -> str:
    """Return `text` in lower case with joined hyphens and typographic marks taken apart."""
    lowered = text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    lowered = re.sub(r"\b([ap])\.?\s?m\b\.?", r"\1m", lowered)
    lowered = re.sub(r"(?<=t)yeth\b", "ieth", lowered)
    lowered = re.sub(r"\bto-(morrow|day|night)\b", r"to\1", lowered)
    lowered = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", lowered)
    return re.sub(r"(?<=[a-z])-(?=[a-z])", " ", lowered)


def with_digits(text: str) -> str:
    """Return `text` in lower case, its number words as digits: `march third` is `march 3rd`.

    Tens and units join (`42`), hundreds and thousands multiply when a number stands before them,
    and three digits or more that were said one by one are a row (`555`), also with the commas and
    the words in it that a recogniser hears: `four, eight, to, nine, one` is `48291`.
    """
    words = _WORD.findall(plain(text))
    out: list[str] = []
    at = 0
    while at < len(words):
        word = words[at]
        following = words[at + 1] if at + 1 < len(words) else ""
        if word in _TENS and following in _ORDINALS and _ORDINALS[following] < 10:
            out.append(ordinal(_TENS[word] + _ORDINALS[following]))
            at += 2
        elif word in _TENS and following in _UNITS and 0 < _UNITS[following] < 10:
            out.append(str(_TENS[word] + _UNITS[following]))
            at += 2
        elif word in _TENS:
            out.append(str(_TENS[word]))
            at += 1
        elif word in _UNITS:
            out.append(str(_UNITS[word]))
            at += 1
        elif word in _ORDINALS:
            out.append(ordinal(_ORDINALS[word]))
            at += 1
        elif word in ("hundred", "thousand") and out and out[-1].isdigit():
            at = _multiply(words, at, out)
        else:
            out.append(word)
            at += 1
    return " ".join(_rows_joined(out))


def _rows_joined(words: list[str]) -> list[str]:
    out: list[str] = []
    at = 0
    while at < len(words):
        row, end = _row(words, at)
        out.append(row or words[at])
        at = end if row else at + 1
    return out


def _row(words: list[str], at: int) -> tuple[str, int]:
    """Return the row of digits that begins at a word, and where it ends; empty for none."""
    row, said, end = "", 0, at
    while at < len(words):
        word, following = words[at], words[at + 1] if at + 1 < len(words) else ""
        if _is_digit(word):
            row, said, at = row + word, said + 1, at + 1
        elif word in _REPEATS and _is_digit(following):
            row, said, at = row + following * _REPEATS[word], said + 2, at + 2
        elif word in _LIKE_DIGITS and _goes_on(words, at, begun=bool(row)):
            row, at = row + _LIKE_DIGITS[word], at + 1
        elif row and word in (",", ".", "-") and at == end:
            at += 1
            continue
        else:
            break
        end = at
    return (row, end) if said >= _ROW else ("", end)


def _goes_on(words: list[str], at: int, *, begun: bool) -> bool:
    """Whether a word that sounds like a digit stands in a row, or before one."""
    word, after = words[at], words[at + 1 : at + 3]
    if word in ("oh", "o"):
        # At the very beginning it is a sigh, and `one oh five` is a time as well.
        return begun or (at > 0 and after != [] and _is_digit(after[0]))
    if begun:
        like = itertools.takewhile(
            lambda one: one == "," or one in _LIKE_DIGITS or _is_digit(one), words[at + 1 : at + 8]
        )
        return sum(map(_is_digit, like)) >= _ROW - 1
    if at and words[at - 1] not in (".", ",", "is", "says"):
        return False
    return bool(after) and _is_digit(after[0]) and len(_row(words, at + 1)[0]) > _ROW


def _is_digit(word: str) -> bool:
    return len(word) == 1 and word.isdigit()


def _multiply(words: list[str], at: int, out: list[str]) -> int:
    total = int(out.pop()) * (100 if words[at] == "hundred" else 1000)
    at += 1
    if at + 1 < len(words) and words[at] in _UNITS and words[at + 1] == "hundred":
        total += 100 * _UNITS[words[at]]
        at += 2
    if at + 1 < len(words) and words[at] == "and" and words[at + 1] in (_UNITS | _TENS):
        at += 1
    if at < len(words) and words[at] in _TENS:
        total += _TENS[words[at]]
        at += 1
    if at < len(words) and words[at] in _UNITS:
        total += _UNITS[words[at]]
        at += 1
    out.append(str(total))
    return at
