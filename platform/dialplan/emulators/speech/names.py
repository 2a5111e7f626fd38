"""How people's names are said that no lexicon has.

Names from Spanish, Italian, Portuguese, Slavic and Japanese are spelt as they sound; English rules
misread them. It guesses, as Americans do, and never fails.
"""

# ruff: noqa: RUF001 - phonetic letters are meant

from __future__ import annotations

import re

from dialplan.emulators.speech.letters import VOWELS, plain_letters, read_letters

_KNOWN = {
    "adrian": "ˈAdɹiən", "ahmed": "ˈɑmɛd", "allison": "ˈæləsᵊn", "amelia": "əmˈiliə",
    "amanda": "əmˈændə", "amina": "əmˈinə", "angela": "ˈænʤələ", "ashley": "ˈæʃli",
    "brian": "bɹˈIən",
    "castillo": "kæstˈijO", "chavez": "ʃˈɑvɛz", "diaz": "dˈiɑz", "emily": "ˈɛməli",
    "eva": "ˈivə", "evelyn": "ˈɛvələn", "garcia": "ɡɑɹsˈiə", "howard": "hˈWəɹd",
    "jimenez": "hɪmˈɛnɛz", "juan": "wˈɑn", "kevin": "kˈɛvɪn", "klein": "klˈIn",
    "kyle": "kˈIl", "linda": "lˈɪndə", "lopez": "lˈOpɛz", "margaret": "mˈɑɹɡɹət", "maria": "məɹˈiə",
    "michelle": "mɪʃˈɛl", "myers": "mˈIəɹz", "nguyen": "wˈɪn", "nicole": "nɪkˈOl",
    "olivia": "əlˈɪviə", "patel": "pətˈɛl", "patricia": "pətɹˈɪʃə", "perez": "pˈɛɹɛz",
    "rebecca": "ɹəbˈɛkə", "rivera": "ɹɪvˈɛɹə", "robinson": "ɹˈɑbənsᵊn", "ross": "ɹˈɔs",
    "ryan": "ɹˈIən", "sanchez": "sˈænʧɛz", "sean": "ʃˈɔn", "stephanie": "stˈɛfəni",
    "sophia": "sOfˈiə", "thompson": "tˈɑmpsᵊn", "torres": "tˈɔɹɛz", "tyler": "tˈIləɹ",
}  # fmt: skip
"""Frequent names that rules misread, most of them in no lexicon."""

_AS_IT_SOUNDS = re.compile(r"(?:[aiou]|[aeiou]z|[aeo]s|ski|sky)$")
# Longer spellings first; a vowel is read as on its own, and reduced later where it is unstressed.
_SOUNDS = [
    (re.compile(pattern), sound)
    for pattern, sound in (
        ("ll(?=[ao]$)", "j"), ("sch", "ʃ"), ("tz|zz", "ts"), ("cci", "ʧi"), ("cz|ch(?!i$)", "ʧ"),
        ("ch", "k"), ("sh", "ʃ"), ("ph", "f"), ("th", "t"), ("ck|cc", "k"), ("qu", "k"),
        ("gu(?=[ei])", "ɡ"), ("gi(?=[aou])", "ʤ"), ("g(?=[ei])", "ʤ"), ("c(?=[ei])", "s"),
        ("w(?=.*sk[iy]$)", "v"), ("x", "ks"), ("ai|ay", "I"), ("au", "W"), ("ei|ey", "A"),
        ("y$", "i"), ("y(?=[aeiou])", "j"), ("y", "i"), ("u(?=[aeo])", "w"), ("i(?=[eou])", "i"),
        ("a", "ɑ"), ("e", "ɛ"), ("o", "O"), ("h(?![aeiouy])", ""), ("j", "ʤ"), ("q|c", "k"),
        ("g", "ɡ"), ("r", "ɹ"),
    )
]  # fmt: skip


def read_name(word: str) -> str:
    """Return the likely sounds of a name, in the lexicon's notation, with one stress."""
    letters = plain_letters(word)
    if letters in _KNOWN:
        return _KNOWN[letters]
    if len(letters) < 3 or not _AS_IT_SOUNDS.search(letters):
        return read_letters(word)
    return _stressed(_sounds(letters), letters)


def known_name(word: str) -> str | None:
    """Return the sounds of a frequent name that other rules misread, None for any other word."""
    return _KNOWN.get(plain_letters(word)) if word[:1].isupper() else None


def _sounds(letters: str) -> list[str]:
    sounds: list[str] = []
    at = 0
    while at < len(letters):
        if at and letters[at] == letters[at - 1] and letters[at] not in "aeiou":
            at += 1  # a doubled consonant sounds once
            continue
        found = ((rule.match(letters, at), sound) for rule, sound in _SOUNDS)
        hit, sound = next(((m, s) for m, s in found if m is not None), (None, letters[at]))
        sounds.append(sound)
        at = hit.end() if hit is not None else at + 1
    return sounds


def _stressed(sounds: list[str], letters: str) -> str:
    """Stress the last vowel but one: earlier before `ia` and `io`, later in `iz`."""
    vowels = [at for at, sound in enumerate(sounds) if sound[-1:] in VOWELS]
    if not vowels:
        return "".join(sounds)
    last = 1 if re.search(r"iz$", letters) else 2
    if re.search(r"i[ao]$", letters) and len(vowels) > 3:
        last = 3
    stress = vowels[max(0, len(vowels) - last)]
    out = []
    for at, sound in enumerate(sounds):
        if at == stress:
            open_ = at + 1 == len(sounds) or (at + 2 < len(sounds) and at + 2 in vowels)
            sound = "A" if sound == "ɛ" and open_ and sounds[at + 1 : at + 2] != ["ɹ"] else sound
            out.append(f"ˈ{sound}" if sound[0] in VOWELS else f"{sound[:-1]}ˈ{sound[-1]}")
        else:
            out.append("ə" if sound == "ɑ" else sound)
    return "".join(out)
