"""What a field of a form hangs on, by its description or its name: `null if nobody must call back`.

It must not judge whether that is so: it says which other field tells.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from dialplan.emulators.rehearsal.choose import Chooser
from dialplan.emulators.rehearsal.numerals import plain
from dialplan.emulators.rehearsal.toolbox import Json, Parameter

CATCH_ALL = frozenset("other none unknown unclear neutral nothing else unspecified".split())
"""Words of a value that stands for all that has none of its own."""
ALIKE = 0.45
"""From this cosine on a condition speaks of what a field tells."""
NAMED = 0.25
"""This is enough where a condition has a word of the field's name."""

_STATES = re.compile(
    r"^(?:whether(?: or not)?|if|true (?:if|when|where)|says (?:if|whether))\s+", re.I
)
_EMPTY = r"(?:null|none|nothing|no value|empty|blank|left out|leave out)"
_IF = r"(?:if|when|where|whenever|in case|as long as)"
_SAID = r"(?P<said>[^.;:,]+)"
_UNLESS = rf"(?:unless|except {_IF})"
_NULL_UNLESS = re.compile(rf"\b{_EMPTY},? {_UNLESS} {_SAID}", re.I)
_ABSENT = re.compile(rf"\b(?:{_EMPTY},? {_IF}|{_UNLESS}) {_SAID}", re.I)
_PRESENT = (
    re.compile(rf"\b(?:only|just) (?:{_IF}|for|after|in case of) {_SAID}", re.I),
    # A question begins with `when` and `where` too: these tell a condition after a comma alone.
    re.compile(rf"(?:\bif|[,;.] {_IF}) {_SAID}", re.I),
    re.compile(rf"^(?:for|after|in case of) {_SAID},", re.I),
)
_OTHERWISE = re.compile(
    rf"\b{_EMPTY},? (?:otherwise|else)\b|\b(?:otherwise|else),? {_EMPTY}\b", re.I
)
_LIMIT = re.compile(r"\bAt most \d+ characters\.$")
_NOT = re.compile(r"\b(?:no|not|never|none|nobody|nothing|no one)\b|n't\b")
_UNSAID = re.compile(
    r"\b(?:un)?(?:known|clear|said|say|says|told|tell|given|give|gave|mention(?:ed)?|stated?"
    r"|named?|provided?|specified|sure)\b"
)
# Words that name nothing: what `nobody must` and `they did not` mean is in the words before.
_HOLLOW = frozenset(
    "nobody somebody someone anybody anyone no none not nothing any anything it this that there "
    "they them their he him his she her the a an is are was were be been do does did don doesn "
    "didn isn aren wasn weren has have had must should shall will would can could may so such one "
    "to of for in on at by with about what why which who where when how caller callers sentence "
    "short words if or and then only".split()
)
_EXPLAINS = frozenset(
    "reason why because cause detail details note notes about explanation description comment "
    "comments text topic subject what for summary".split()
)
_OF_A_FLAG = frozenset("is was has had wants wanted needs needed requested required asked".split())


@dataclass(frozen=True, slots=True)
class Condition:
    """A field has a value where another has one of `values`, or where it has none of them.

    Attributes:
        field: the other one.
        values: its values.
        among: whether it must have one of these.
    """

    field: str
    values: frozenset[Json]
    among: bool = True

    def met(self, value: Json) -> bool:
        """Whether it is so with this value of the other field."""
        return (value in self.values) == self.among


def statement_of(parameter: Parameter) -> str:
    """Return what a field of yes or no states: `a table was booked`."""
    return _STATES.sub("", parameter.description.strip()).rstrip(".") or parameter.label


def condition_of(
    parameter: Parameter, others: Sequence[Parameter], chooser: Chooser
) -> Condition | None:
    """Return what a field hangs on, None where neither its words nor its name say."""
    flags = [one for one in others if one.kind == "boolean" and one.name != parameter.name]
    enums = [one for one in others if one.kind == "enum" and one.name != parameter.name]
    said = _said(_LIMIT.sub("", parameter.description).strip())
    if said is None:
        return _by_name(parameter, flags) if parameter.kind == "text" else None
    words, so = said
    told = _told_by(words, so, flags, chooser) or _valued(words, so, enums)
    return told or (_by_name(parameter, flags) if so else None)


def _said(description: str) -> tuple[str, bool] | None:
    """Return a statement and whether the field has a value where it is so; None for no condition.

    What only asks whether it was said at all is none.
    """
    so = True
    found = _NULL_UNLESS.search(description)
    if found is None:
        found = _ABSENT.search(description)
        so = found is None
    for pattern in _PRESENT:
        found = found or pattern.search(description)
    if found is None:
        otherwise = _OTHERWISE.search(description)
        return None if otherwise is None else (description[: otherwise.start()], True)
    words = plain(found["said"])
    if _content(words):
        return None if _UNSAID.search(words) else (words, so)
    return description[: found.start()], so != _negated(words)


def _told_by(
    words: str, so: bool, flags: Sequence[Parameter], chooser: Chooser
) -> Condition | None:
    """Return the condition that a field of yes or no tells, the nearest in meaning."""
    heard = _content(words)
    if not heard:
        return None
    best: tuple[float, Parameter] | None = None
    near = chooser.similarity(words, [statement_of(one) for one in flags])
    for flag, cosine in zip(flags, near, strict=True):
        named = any(_akin(one, other) for one in _words(flag.name) for other in heard)
        score = cosine + (0.2 if named else 0.0)
        if cosine >= (NAMED if named else ALIKE) and (best is None or score > best[0]):
            best = score, flag
    if best is None:
        return None
    wanted = so == (_negated(words) == _negated(_first(statement_of(best[1]))))
    return Condition(best[1].name, frozenset({wanted}))


def _valued(words: str, so: bool, enums: Sequence[Parameter]) -> Condition | None:
    """Return the condition that a value tells which the words name: `for complaints`."""
    heard = _content(words)
    for enum in enums:
        named = frozenset(
            value
            for value in enum.choices
            if not _words(value) & CATCH_ALL
            and all(any(_akin(one, other) for other in heard) for one in _words(value))
        )
        if named:
            return Condition(enum.name, named, so != _negated(words))
    return None


def _by_name(parameter: Parameter, flags: Sequence[Parameter]) -> Condition | None:
    """Return the condition of a `NAME_reason` beside a NAME of yes or no."""
    mine = _words(parameter.name)
    about = mine - _EXPLAINS
    for flag in flags:
        theirs = _words(flag.name)
        if mine & _EXPLAINS and about and about in (theirs, theirs - _OF_A_FLAG):
            return Condition(flag.name, frozenset({True}))
    return None


def _negated(text: str) -> bool:
    return _NOT.search(plain(text)) is not None


def _first(text: str) -> str:
    return re.split(r"[.,;]", text)[0]


def _words(name: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z]+", name.lower()))


def _content(text: str) -> frozenset[str]:
    return _words(plain(text)) - _HOLLOW


def _akin(one: str, other: str) -> bool:
    """Whether two words are forms of one: `cancel` and `cancellation`."""
    short, long = sorted((one, other), key=len)
    stem = short.removesuffix("e")
    return one == other or (len(stem) > 3 and long.startswith(stem))
