"""Chooses the tool or handoff that a caller's words ask for.

It must not know what any of them is for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dialplan.emulators.rehearsal.lexicon import ACTIONS, verbs_said
from dialplan.emulators.rehearsal.names import without_name
from dialplan.emulators.rehearsal.numerals import plain
from dialplan.emulators.rehearsal.slots import fill
from dialplan.emulators.rehearsal.toolbox import Tool

ENOUGH = 0.42  # below this the words ask for no tool
SURE = 0.75  # from here they may break off what is going on
_POLITE = re.compile(
    r"^(?:(?:hi|hello|hey|good (?:morning|afternoon|evening)|um+|uh+|yes|yeah|ok|okay"
    r"|well|so|please|actually|"
    r"there)[,.!\s]+)+|\b(?:please|thank you|thanks)\b",
    re.IGNORECASE,
)
_REPORTED = re.compile(
    r"\b(?:the |a )?(?:caller|guest|customer|patient|client|user|member)s? (?:who )?"
    r"(?:wants?|needs?|asks?|would like|wishes)(?: to| for| about)?\b",
    re.IGNORECASE,
)
_COMMON = frozenset(
    "the and for you your are can could would like want need have has with that this "
    "there what when how "
    "please from about into not was were our out get got make its it's i'd i'm them "
    "they any one caller "
    "by or who does did put tell number name give today tomorrow".split()
)


class Embeds(Protocol):
    """Turns sentences into unit vectors, one row a sentence."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return float32 [n, d], each row of length one."""
        ...


@dataclass(frozen=True, slots=True)
class Choice:
    """A tool and how well the words fit it."""

    tool: Tool
    score: float
    cosine: float


class Chooser:
    """Ranks tools for an utterance. Keeps no state but the embedder's own cache."""

    def __init__(self, embedder: Embeds) -> None:
        self._embedder = embedder

    def rank(
        self,
        text: str,
        tools: Sequence[Tool],
        now: datetime,
        hints: Mapping[str, Sequence[str]] | None = None,
    ) -> list[Choice]:
        """Return every tool with its score, best first.

        Args:
            text: what the caller said.
            tools: the candidates.
            now: the caller's local time.
            hints: further phrases that speak for a tool, by its name.
        """
        if not tools or not re.search(r"\w", text):
            return []
        text = _wish(text)
        clauses = _clauses(text)
        phrases = {tool.name: _phrases(tool, (hints or {}).get(tool.name, ())) for tool in tools}
        flat = [phrase for tool in tools for phrase in phrases[tool.name]]
        vectors = self._embedder.embed([*clauses, *flat])
        similar = vectors[: len(clauses)] @ vectors[len(clauses) :].T
        similar[1:] *= 0.95  # a part of the sentence counts a little less than the whole
        said = verbs_said(text)
        heard = _content(text)
        choices, at = [], 0
        for tool in tools:
            size = len(phrases[tool.name])
            cosine = float(similar[:, at : at + size].max())
            at += size
            score = cosine + _verb_score(tool, said) + _word_score(tool, heard)
            if not tool.is_handoff:
                score += _slot_score(tool, text, now)
            choices.append(Choice(tool, score, cosine))
        return sorted(choices, key=lambda c: -c.score)

    def prepare(self, tools: Sequence[Tool]) -> None:
        """Embed what the tools say of themselves, so that the first choice among them is quick."""
        phrases = [phrase for tool in tools for phrase in _phrases(tool, ())]
        if phrases:
            self._embedder.embed(phrases)

    def similarity(self, text: str, sentences: Sequence[str]) -> list[float]:
        """Return how near in meaning each sentence is to `text`: cosine, 1 is the same."""
        if not sentences:
            return []
        vectors = self._embedder.embed([text, *sentences])
        return [float(value) for value in vectors[1:] @ vectors[0]]


def _wish(text: str) -> str:
    """Leave out who is speaking when more than that was said."""
    wish = without_name(text)
    return wish if len(wish.split()) > 2 else text


def _clauses(text: str) -> list[str]:
    whole = _POLITE.sub("", text).strip() or text.strip()
    parts = [p.strip() for p in re.split(r"[.;?!,]+\s|\s(?:and|but|because|so)\s", whole)]
    return list(dict.fromkeys([whole, *(p for p in parts if len(p.split()) > 2)]))[:6]


def _phrases(tool: Tool, hints: Sequence[str]) -> list[str]:
    about = _REPORTED.sub("", tool.about).strip() or tool.about
    sentences = [s.strip() for s in re.split(r"(?<=[.!?])\s+|\n", about) if len(s.split()) > 1]
    if tool.is_handoff:
        sentences += [
            s.strip() for s in re.split(r",\s*(?:or\s+)?|\s+or\s+", about) if len(s.split()) > 1
        ]
    return list(dict.fromkeys([" ".join(tool.words), *sentences, *tool.examples, *hints]))


def _verb_score(tool: Tool, said: frozenset[str]) -> float:
    """Reward the same kind of action; mind an action said that the tool is not for."""
    if tool.verbs & said:
        return 0.3 if tool.verbs & said & ACTIONS or not said & ACTIONS else 0.2
    if said & ACTIONS and tool.verbs & ACTIONS:
        return -0.2
    return 0.0


def _slot_score(tool: Tool, text: str, now: datetime) -> float:
    """Reward arguments that were given; a code or a choice tells more than a day or a name."""
    found = fill(tool.parameters, text, now)
    telling = sum(
        p.kind in ("code", "enum", "number", "reference")
        for p in tool.parameters
        if p.name in found
    )
    return min(0.22, 0.06 * len(found) + 0.08 * telling)


def _content(text: str) -> frozenset[str]:
    return frozenset(_stem(w) for w in re.findall(r"[a-z]{3,}", plain(text)) if w not in _COMMON)


def _stem(word: str) -> str:
    return (
        re.sub(r"(?:ies|ing|ed|es|s|y|e)$", "", word) if len(word) > 4 else word.removesuffix("s")
    )


def _word_score(tool: Tool, heard: frozenset[str]) -> float:
    known = _content(" ".join([*tool.words, tool.about, *tool.examples]))
    name = _content(" ".join(tool.words))
    weight = 0.1 if tool.is_handoff else 0.06
    return min(0.24, weight * len(heard & known) + 0.06 * len(heard & name))
