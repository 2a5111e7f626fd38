"""The likely sounds of an English word that no lexicon has, letter by letter.

Names are what it meets most. It guesses; it never fails and never looks anything up.
"""

# ruff: noqa: RUF001 - phonetic letters are meant

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

VOWELS = frozenset("AIWOYəɪiɛæɑʌɔuɜʊᵻᵊ")
"""The vowels of the lexicon's notation."""


class _Letters(NamedTuple):
    """`letters` are read as `sound` where the rest of the word matches `then`."""

    letters: str
    sound: str
    then: str = ""
    first: bool = False


# First match wins; longer and more particular spellings come first.
_RULES: tuple[_Letters, ...] = (
    # The lexicon has `school`: what is left are names.
    _Letters("tsch", "ʧ"),
    _Letters("sch", "ʃ"),
    _Letters("tch", "ʧ"),
    _Letters("dt", "t", "$"),
    _Letters("tz", "ts"),
    _Letters("cz", "ʧ"),
    _Letters("ngu", "ŋɡ", "[aeiou]"),
    _Letters("tion", "ʃən"),
    _Letters("sion", "ʒən"),
    _Letters("cian", "ʃən"),
    _Letters("cious", "ʃəs"),
    _Letters("tious", "ʃəs"),
    _Letters("ture", "ʧəɹ"),
    _Letters("ough", "O"),
    _Letters("augh", "ɔ"),
    _Letters("eigh", "A"),
    _Letters("igh", "I"),
    _Letters("ght", "t"),
    _Letters("quay", "ki"),
    _Letters("qu", "kw", "[aeioy]"),
    _Letters("ph", "f"),
    _Letters("gh", "ɡ", "", True),
    _Letters("gh", ""),
    _Letters("kn", "n", "", True),
    _Letters("gn", "n", "", True),
    _Letters("wr", "ɹ", "", True),
    _Letters("ps", "s", "", True),
    _Letters("wh", "w"),
    _Letters("mb", "m", "$"),
    _Letters("ck", "k"),
    _Letters("sh", "ʃ"),
    _Letters("zh", "ʒ"),
    _Letters("th", "θ"),
    _Letters("ch", "k", "[rl]"),
    _Letters("ch", "ʧ"),
    _Letters("dg", "ʤ", "[eiy]"),
    _Letters("ng", "ŋ", "$"),
    _Letters("ng", "ŋɡ"),
    _Letters("nk", "ŋk"),
    _Letters("cc", "ks", "[eiy]"),
    _Letters("sc", "s", "[eiy]"),
    _Letters("x", "z", "", True),
    _Letters("x", "ks"),
    _Letters("c", "s", "[eiy]"),
    _Letters("g", "ʤ", "(?:e|y)(?!$)"),
    _Letters("g", "ʤ", "e$"),
    _Letters("eau", "O"),
    _Letters("air", "ɛɹ"),
    _Letters("are", "ɛɹ", "$"),
    _Letters("ear", "ɪɹ"),
    _Letters("eer", "ɪɹ"),
    _Letters("ier", "ɪɹ"),
    _Letters("oar", "ɔɹ"),
    _Letters("oor", "ɔɹ"),
    _Letters("our", "ɔɹ"),
    _Letters("ire", "Iəɹ", "$"),
    _Letters("ure", "jʊɹ", "$"),
    _Letters("ore", "ɔɹ", "$"),
    _Letters("ar", "ɑɹ"),
    _Letters("er", "əɹ"),
    _Letters("ir", "ɜɹ"),
    _Letters("or", "ɔɹ"),
    _Letters("ur", "ɜɹ"),
    _Letters("ee", "i"),
    _Letters("ea", "i"),
    _Letters("ei", "I"),
    _Letters("ey", "i", "$"),
    _Letters("ey", "A"),
    _Letters("eu", "u"),
    _Letters("ew", "u"),
    _Letters("ai", "A"),
    _Letters("ay", "A"),
    _Letters("au", "ɔ"),
    _Letters("aw", "ɔ"),
    _Letters("ie", "i"),
    _Letters("oa", "O"),
    _Letters("oi", "Y"),
    _Letters("oy", "Y"),
    _Letters("oo", "u"),
    _Letters("ou", "W"),
    _Letters("oe", "O", "$"),
    _Letters("ow", "O", "$"),
    _Letters("ow", "W"),
    _Letters("ue", "u", "$"),
    _Letters("ui", "u"),
    _Letters("uy", "I"),
    _Letters("ah", "ɑ", "(?:$|[^aeiou])"),
    _Letters("oh", "O", "(?:$|[^aeiou])"),
    _Letters("a", "A", "[bcdfgklmnpqstvz]e$"),
    _Letters("e", "i", "[bcdfgklmnpqstvz]e$"),
    _Letters("i", "I", "[bcdfgklmnpqstvz]e$"),
    _Letters("o", "O", "[bcdfgklmnpqstvz]e$"),
    _Letters("u", "u", "[bcdfgklmnpqstvz]e$"),
    _Letters("o", "O", "[bdfgkmnptvz][aiou]"),
    _Letters("e", "", "$"),
    _Letters("e", "", "s$"),
    _Letters("a", "ə", "$"),
    _Letters("i", "i", "$"),
    _Letters("i", "i", "[aeou]"),
    _Letters("o", "O", "$"),
    _Letters("u", "u", "$"),
    _Letters("y", "j", "[aeiou]", True),
    _Letters("y", "i", "$"),
    _Letters("y", "ɪ"),
    _Letters("a", "æ"),
    _Letters("e", "ɛ"),
    _Letters("i", "ɪ"),
    _Letters("o", "ɑ"),
    _Letters("u", "ʌ"),
    _Letters("j", "ʤ"),
    _Letters("q", "k"),
    _Letters("c", "k"),
    _Letters("g", "ɡ"),
    _Letters("r", "ɹ"),
    _Letters("h", "", "$"),
    *(_Letters(letter, letter) for letter in "bdfhklmnpstvwz"),
)


def read_letters(word: str) -> str:
    """Return the likely sounds of a word, in the lexicon's notation, with one stress."""
    plain = plain_letters(word)
    sounds: list[str] = []
    at = 0
    while at < len(plain):
        rule = next((rule for rule in _RULES if _fits(rule, plain, at)), None)
        if rule is None:
            at += 1
            continue
        sounds.append(rule.sound)
        at += len(rule.letters)
        if at < len(plain) and plain[at] == plain[at - 1] and plain[at] not in "aeiou":
            at += 1  # a doubled consonant sounds once
    return _stressed("".join(sounds))


def _fits(rule: _Letters, word: str, at: int) -> bool:
    end = at + len(rule.letters)
    if not word.startswith(rule.letters, at) or (rule.first and at):
        return False
    return not rule.then or re.match(rule.then, word[end:]) is not None


def plain_letters(word: str) -> str:
    """Return a word in small letters without marks: `zoe` for `Zoë`."""
    return "".join(c for c in unicodedata.normalize("NFD", word.lower()) if "a" <= c <= "z")


def _stressed(sounds: str) -> str:
    """Stress the first of two vowels, the last but one of more, rather no schwa."""
    vowels = [at for at, sound in enumerate(sounds) if sound in VOWELS]
    if not vowels:
        return sounds
    strong = [at for at in vowels if sounds[at] not in "əᵊᵻ"] or vowels
    wanted = vowels[0] if len(vowels) < 3 else vowels[-2]
    at = wanted if wanted in strong else strong[0]
    return f"{sounds[:at]}ˈ{sounds[at:]}"
