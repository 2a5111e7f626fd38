"""Number words to digits, as speech recognition leaves them. It must not guess what they mean."""

from __future__ import annotations

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
    lowered = re.sub(r"\bto-(morrow|day|night)\b", r"to\1", lowered)
    lowered = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", lowered)
    return re.sub(r"(?<=[a-z])-(?=[a-z])", " ", lowered)


def with_digits(text: str) -> str:
    """Return `text` in lower case, its number words as digits: `march third` is `march 3rd`.

    Digits said one by one stay apart (`5 5 5`), tens and units join (`42`), hundreds and
    thousands multiply when a number stands before them.
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
    return " ".join(out)


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
