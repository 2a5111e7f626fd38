"""People's names as callers give them. It finds a name by its cue or takes a bare answer whole."""

from __future__ import annotations

import re

_CUE = re.compile(
    r"\b(?:my (?:full )?name is|my name's|name is|the name's|under the name(?: of)?|this is|"
    r"i am called|i'm called|it's under|it is under|call me|speaking is)\s+(?P<name>.+)",
    re.IGNORECASE,
)
_WEAK_CUE = re.compile(r"\b(?:it's|its|it is|i'm|i am|for)\s+(?P<name>.+)", re.IGNORECASE)
_TITLE = re.compile(r"\b(?:mr|mrs|ms|miss|dr|doctor)\b\.?\s*", re.IGNORECASE)
_STOP = frozenset(
    "fourth fifth sixth seventh eighth ninth tenth "
    "really so too late urgent useless ridiculous terrible important regarding all "
    "zero one two three four five six seven eight nine ten eleven twelve twenty thirty oh double "
    "a about actually afraid after again and any anything appointment asking at "
    "available back because before "
    "bill born but by call called calling can can't check could date do doing done dr "
    "fine first for from get "
    "going good great have having here hi hello how i i'd i'm if in interested is it "
    "it's just last like "
    "looking me monday more my need needing new next no not nothing number of ok okay "
    "on one or over phone "
    "please possible right second she so some sorry speaking sure thank thanks that "
    "that's the there third "
    "this to today tomorrow trying um uh umm under urgent very visit wait waiting want "
    "wanted what when with "
    "wondering would yeah yes you your tuesday wednesday thursday friday saturday "
    "sunday he they we our us "
    "morning afternoon evening noon o'clock".split()
)
_MONTHS = frozenset(
    "january february march april may june july august september october november december".split()
)
_LEAD = re.compile(
    r"^(?:(?:um+|uh+|er+|yes|yeah|yep|sure|ok|okay|well|so|hi|hello|oh|it's|its|it is"
    r"|that's|that is|"
    r"that would be|the name is|my name is|my name's|name is|i'm|i am|this is|of course)[,.\s]+)+",
    re.IGNORECASE,
)
_SPELT = re.compile(r"\b(?:[a-z][\s,.-]+){2,}[a-z]\b", re.IGNORECASE)


def find_name(text: str) -> str | None:
    """Return the name said behind a cue such as `my name is`, or None."""
    match = _CUE.search(text)
    if match:
        loose = match[0].lower().startswith("this is") and not match["name"][:1].isupper()
        return _take(match["name"], at_least=2 if loose else 1)
    match = _WEAK_CUE.search(text)
    if match and not match[0].lower().startswith("for "):
        return _take(match["name"], at_least=2)
    return None


def without_name(text: str) -> str:
    """Return `text` without the clause in which the caller says who they are."""
    name = find_name(text)
    if name is None:
        return text
    said = r"\s+".join(re.escape(word) for word in name.split())
    cue = (
        r"(?:my (?:full )?name is|my name's|the name's|name is|this is|it's|its|it is|i'm|i "
        r"am)\s+"
    )
    return re.sub(rf"(?i)\b{cue}{said}(?:\s+(?:here|speaking|calling))?\b[,.]?", " ", text).strip()


def name_answer(text: str) -> str | None:
    """Return a bare answer to `what is your name?` as a name, or None if it cannot be one."""
    cued = _CUE.search(text)
    said = cued["name"] if cued else _LEAD.sub("", text.strip())
    said = re.sub(
        r"\s+(?:speaking|here|please|thanks|thank you)[.!]*$", "", said, flags=re.IGNORECASE
    )
    return _take(said, at_least=1)


def _take(text: str, *, at_least: int) -> str | None:
    """Take name words from the start of `text` until something that is none."""
    text = _SPELT.sub(_spelt_or_gone, _TITLE.sub("", text))
    words: list[str] = []
    for raw in text.split():
        word = raw.strip('.,!?;:"')
        if words and word.lower() in _MONTHS:
            break
        if not re.fullmatch(r"[^\W\d_]+(?:['-][^\W\d_]+)*", word) or word.lower() in _STOP:
            break
        if not words and word.lower().endswith("ing") and word.islower():
            break
        words.append(word)
        if len(words) == 4 or raw[-1] in ".,!?;:":
            break
    if len(words) < at_least:
        return None
    return " ".join(w if w[:1].isupper() and not w.isupper() else _titled(w) for w in words)


def _titled(word: str) -> str:
    parts = re.split(r"([-'])", word.lower())
    return "".join(
        p if i and parts[i - 1] == "'" and len(p) == 1 else p.capitalize()
        for i, p in enumerate(parts)
    )


def _spelt_or_gone(match: re.Match[str]) -> str:
    """Letters after a name only spell it again; alone they are the name."""
    letters = re.sub(r"[^A-Za-z]", "", match[0])
    before = match.string[: match.start()].split()
    again = bool(before) and before[-1].strip(".,").lower() == letters.lower()
    return "" if again else letters
