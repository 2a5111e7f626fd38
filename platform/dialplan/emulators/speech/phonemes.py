"""From spoken words to the phonemes of the Piper voice (the IPA set that espeak-ng writes).

Words are looked up in the American lexicon that `misaki` carries as data (Apache-2.0; its code is
not imported); what it lacks is taken apart into known words and endings, and at last read by the
rules in `letters`. The lexicon stays a text that is searched: as a dict it would take some 40 MB.
"""

# ruff: noqa: RUF001 - phonetic letters are meant

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache

from dialplan.emulators.speech.extra import packaged_file
from dialplan.emulators.speech.letters import VOWELS, read_letters
from dialplan.emulators.speech.names import known_name, read_name

# the lexicon's one-letter diphthongs and marks, as espeak-ng writes them for en-us
_ESPEAK = str.maketrans(
    {
        "A": "eɪ",
        "I": "aɪ",
        "W": "aʊ",
        "O": "oʊ",
        "Y": "ɔɪ",
        "ʤ": "dʒ",
        "ʧ": "tʃ",
        "ᵊ": "ə",
        "ɑ": "ɑː",
        "ɔ": "ɔː",
        "u": "uː",
        "ɜ": "ɜː",
    }
)
_BEFORE_VOWEL = f"(?=[ˈˌ]?[{''.join(sorted(VOWELS))}])"
_RESPELLINGS = [
    (re.compile("(?<=[ˈˌ])i(?!ː)"), "iː"),
    (re.compile(f"əɹ{_BEFORE_VOWEL}"), "ɚɹ"),
    (re.compile("əɹ"), "ɚ"),
    (re.compile(f"ɜɹ(?!{_BEFORE_VOWEL})"), "ɜ"),
    (re.compile(f"ɪɹ{_BEFORE_VOWEL}"), "iəɹ"),
]
_LETTER_NAMES = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyz",
        (
            "ˈA bˈi sˈi dˈi ˈi ˈɛf ʤˈi ˈAʧ ˈI ʤˈA kˈA ˈɛl ˈɛm ˈɛn ˈO pˈi kjˈu ˈɑɹ ˈɛs tˈi jˈu vˈi "
            "dˈʌbᵊljˌu ˈɛks wˈI zˈi"
        ).split(),
        strict=True,
    )
)
# words that lose their stress or change with what follows
_WEAK = {"a": "ɐ", "an": "ɐn", "to": "tə", "and": "ænd", "for": "fɔɹ", "of": "ʌv", "i": "I"}
_LONGEST_ENTRY = 400  # bytes
_VOICELESS = ("p", "t", "k", "f", "θ")
_SIBILANT = ("s", "z", "ʃ", "ʒ", "ʧ", "ʤ")


def phonemes(spoken: str) -> str:
    """Return phonemes of text from `as_spoken`; words and `, . ? ! ; :` keep their places."""
    out: list[str] = []
    tokens = re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)*|[,.?!;:]", spoken)
    for at, said in enumerate(tokens):
        if said in ",.?!;:":
            out.append(said)
            continue
        after = tokens[at + 1] if at + 1 < len(tokens) else ""
        out.append(
            (" " if out else "")
            + _in_espeak(_in_context(said, tokens[at - 1] if at else "", after))
        )
    return "".join(out)


def _in_context(word: str, before: str, after: str) -> str:
    """The lexicon's sounds of `word`, as said between its neighbours."""
    lower = word.lower()
    if lower == "the":
        return "ði" if after[:1].lower() in tuple("aeiou") else "ðə"
    if lower in _WEAK and not _is_letter(word, before, after):
        return _WEAK[lower]
    return pronounce(word)


def _is_letter(word: str, before: str, after: str) -> bool:
    """Whether `A` is a letter's name (`nine A M`, `code A seven`) and not the article."""
    if word != "A":
        return False
    return before not in ("", ".", "?", "!", ":") or (len(after) == 1 and after.isupper())


@lru_cache(maxsize=20_000)
def pronounce(word: str) -> str:
    """Return the sounds of one word in the lexicon's notation, stress before the vowel."""
    if len(word) == 1:
        return _LETTER_NAMES.get(word.lower(), "")
    if word.isupper() and (len(word) < 4 or not re.search("[AEIOUY]", word)):
        return _spell(word)  # `ID`, `MRI`: letters, whatever word the lexicon means
    if word.endswith("'s") and (name := known_name(word[:-2])) is not None:
        return name + _plural(name)
    return (
        known_name(word)
        or _look_up(word)
        or _with_ending(word.lower())
        or _compound(word.lower())
        or (read_name(word) if word[:1].isupper() else read_letters(word))
    )


def _look_up(word: str) -> str | None:
    for form in dict.fromkeys((word, word.lower(), word.capitalize())):
        key = f'\n  "{form}": '.encode()
        for text in _lexicon():
            at = text.find(key)
            if at < 0:
                continue
            value = text[at + len(key) : at + len(key) + _LONGEST_ENTRY].decode(errors="ignore")
            entry: object = json.JSONDecoder().raw_decode(value)[0]
            if isinstance(entry, dict):
                entry = entry.get("DEFAULT")
            if isinstance(entry, str):
                return entry
    return None


@lru_cache(maxsize=1)
def _lexicon() -> tuple[bytes, ...]:
    """The checked entries first, then the guessed ones: UTF-8, one entry a line, two spaces in."""
    return tuple(
        packaged_file("misaki", f"data/us_{grade}.json").read_bytes()
        for grade in ("gold", "silver")
    )


def _spell(letters: str) -> str:
    return " ".join(_LETTER_NAMES.get(letter, "") for letter in letters.lower())


def _with_ending(word: str) -> str | None:
    """A known word with `'s`, `s`, `ed`, `ing`, `er`, `ly` or `ness`."""
    for ending, sound in _ENDINGS:
        if not word.endswith(ending) or len(word) < len(ending) + 3:
            continue
        stem = word[: -len(ending)]
        # `Ross` is no plural of `rose`: nothing is lost or doubled before an `s`.
        stems = (stem, stem + "e", stem[:-1] if stem[-1] == stem[-2] else stem)
        for whole in (stem,) if ending in ("s", "es") else stems:
            if (sounds := _look_up(whole)) is not None:
                return sounds + sound(sounds)
    if word.endswith("'s"):
        sounds = pronounce(word[:-2])
        return sounds + _plural(sounds)
    return None


def _plural(sounds: str) -> str:
    if sounds.endswith(_SIBILANT):
        return "ᵻz"
    return "s" if sounds.endswith(_VOICELESS) else "z"


def _past(sounds: str) -> str:
    if sounds.endswith(("t", "d")):
        return "ᵻd"
    return "t" if sounds.endswith((*_VOICELESS, "s", "ʃ", "ʧ")) else "d"


_ENDINGS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("'s", _plural),
    ("es", _plural),
    ("s", _plural),
    ("ed", _past),
    ("ing", lambda _: "ɪŋ"),
    ("er", lambda _: "əɹ"),
    ("ly", lambda _: "li"),
    ("ness", lambda _: "nəs"),
)


def _compound(word: str) -> str | None:
    """Two known words written as one, the second less stressed."""
    # A part of three letters is chance more often than not: `Fisc-her`, `Has-san`.
    for at in range(len(word) - 4, 3, -1):
        head = _look_up(word[:at])
        tail = _look_up(word[at:]) if head is not None else None
        if head is not None and tail is not None:
            return head + tail.replace("ˈ", "ˌ")
    return None


def _in_espeak(sounds: str) -> str:
    """Rewrite the lexicon's notation in that of espeak-ng en-us, which the voice was trained on."""
    if sum(sound in VOWELS for sound in sounds) == 1:
        sounds = sounds.replace("i", "iː")  # `me`, `tea`; else long only where stressed
    for pattern, wanted in _RESPELLINGS:
        sounds = pattern.sub(wanted, sounds)
    return sounds.translate(_ESPEAK)
