"""Reads a prompt for what a rule engine can use of it: urgent rules and plain facts.

It must stay conservative: a rule fires only when the caller's own words name its case, and only
statements of fact are ever read out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dialplan.emulators.rehearsal.choose import Chooser
from dialplan.emulators.rehearsal.numerals import plain
from dialplan.emulators.rehearsal.toolbox import Tool

NEAR = 0.52  # cosine from which a sentence answers a question
_NEAR_FIELD = 0.3  # cosine from which one field of a result is the one that was asked for
_NEAR_CASE = 0.55  # cosine from which a caller's words are a rule's case, given a shared word
_VERY_NEAR_CASE = 0.72
_MENTIONS = (
    r"(?:the |a |any )?(?:caller|they|someone|somebody|guest|patient|customer|client)s? (?:\w+ )?"
    r"(?:mentions?|says?|describes?|reports?|has|have|is having|are having|talks? about"
    r"|complains? (?:of|about)|"
    r"speaks? of|sounds? like|seems? to have|may have|might have|is in|is)"
)
_RULE = re.compile(
    rf"^(?:if|when|whenever|as soon as)\s+{_MENTIONS}\s+(?P<case>[^.:]+?)\s*(?::"
    rf"|,\s*(?=(?:immediately|at once|first|always|do|say|tell|hand|transfer|call|use"
    rf"|stop|then|send|put|connect|pass|go)\b))\s*(?P<action>.+)$",
    re.I,
)
_REVERSED = re.compile(
    rf"^(?P<action>[^.]+?)\s+(?:if|when|whenever|as soon as)\s+{_MENTIONS}\s+(?P<case>[^.:]+)[.]?$",
    re.I,
)
_QUOTE = re.compile(r"[\"\N{LEFT DOUBLE QUOTATION MARK}]([^\"\N{RIGHT DOUBLE QUOTATION MARK}]{6,})")
_NEGATED = re.compile(r"\b(?:no|not|without|don't have|do not have|doesn't have|isn't|never|n't)\b")
_ORDERS = re.compile(
    r"^(?:ask|never|always|do|don't|use|call|hand|if|when|you|your|keep|be|speak|say"
    r"|confirm|offer|read|repeat|tell|"
    r"greet|make|answer|give|please|only|stay|avoid|after|before|then|once|let|help"
    r"|collect|verify|check|wait|"
    r"find|book|look|transfer|pass|one|short|this is a|the caller|callers)\b",
    re.I,
)
_FILLERS = frozenset(
    "the and for with any that has have are was their other such like about anything "
    "sudden very severe bad "
    "more than some into from when they them feel feeling feels someone somebody caller "
    "trouble problem "
    "problems issue sign signs suspected possible being or of a an in on to is his her my i".split()
)


@dataclass(frozen=True, slots=True)
class Rule:
    """An urgent rule found in a prompt: its cases, and what it says to do."""

    cases: tuple[str, ...]
    tool: str | None
    words: str | None


def find_rules(instructions: str, tools: Sequence[Tool]) -> list[Rule]:
    """Return the conditional rules of a prompt that name a tool, a handoff or words to say."""
    rules = []
    for line in _lines(instructions):
        match = _RULE.match(line) or _REVERSED.match(line)
        if match is None:
            continue
        action = match["action"]
        tool = _named_tool(action, tools)
        quote = _QUOTE.search(action)
        if tool is None and quote is None:
            continue
        split = re.split(r",\s*(?:or\s+)?|\s+or\s+|;\s*", match["case"].strip(" ."))
        cases = tuple(c.strip() for c in split if _keywords(c))
        if cases:
            rules.append(Rule(cases, tool, quote[1].strip() if quote else None))
    return rules


def match_rule(text: str, rules: Sequence[Rule], chooser: Chooser) -> Rule | None:
    """Return the rule whose case the caller's words name, or None."""
    clauses = [c for c in re.split(r"[.,;!?]|\bbut\b", plain(text)) if c.strip()]
    for rule in rules:
        for clause in clauses:
            heard = _keywords(clause)
            near = chooser.similarity(clause, rule.cases)
            for case, cosine in zip(rule.cases, near, strict=True):
                wanted = _keywords(case)
                shared = wanted & heard
                if (
                    shared
                    and _NEGATED.search(clause)
                    and not _NEGATED.search(case.lower())
                    and not re.search(r"\bcan(?:'t|not| not)\b", clause)
                ):
                    continue
                whole = wanted <= heard
                if whole or (shared and cosine >= _NEAR_CASE) or cosine >= _VERY_NEAR_CASE:
                    return rule
    return None


def answer(
    text: str, instructions: str, known: Sequence[str], chooser: Chooser
) -> tuple[str, float] | None:
    """Return the fact of the prompt, or of what tools told, nearest to `text`, and its score."""
    facts = [*known, *(s for line in _lines(instructions) for s in _sentences(line))]
    facts = [f for f in dict.fromkeys(facts) if _is_fact(f)]
    heard = _keywords(text)
    cosines = chooser.similarity(text, facts)
    near = [
        n + min(0.1, 0.05 * len(heard & _keywords(f))) for n, f in zip(cosines, facts, strict=True)
    ]
    if not near or max(near) < NEAR:
        return None
    return facts[near.index(max(near))], max(near)


def nearest(text: str, sentences: Sequence[str], chooser: Chooser) -> list[str]:
    """Return the sentences that answer `text`: all of them unless some are clearly nearer."""
    near = chooser.similarity(text, sentences)
    best = max(near, default=0.0)
    if best < _NEAR_FIELD:
        return list(sentences)
    return [s for s, n in zip(sentences, near, strict=True) if n >= best - 0.1]


def hints(instructions: str, tools: Sequence[Tool]) -> Mapping[str, Sequence[str]]:
    """Return the cases of the prompt's rules as phrases that speak for the tools they name."""
    found: dict[str, list[str]] = {}
    for rule in find_rules(instructions, tools):
        if rule.tool:
            found.setdefault(rule.tool, []).extend(c for c in rule.cases if len(c.split()) > 1)
    return found


def _lines(instructions: str) -> list[str]:
    lines = []
    for raw in re.split(r"\n(?=\s*(?:[-*#>]|\d+[.)]))|\n\s*\n", instructions):
        if raw.lstrip().startswith("#"):
            _, _, raw = raw.partition("\n")
        line = re.sub(r"^\s*(?:[-*>]|\d+[.)])\s*", "", raw)
        line = re.sub(r"\*\*|__", "", " ".join(line.split()))
        lines += [p for p in re.split(r"(?<=[.!?:;])\s+(?=(?i:if|when|whenever)\b)", line) if p]
    return lines


def _sentences(line: str) -> list[str]:
    return [s.strip() for s in re.split(r"(?<=[.!?])\s+", line) if s.strip()]


def _is_fact(sentence: str) -> bool:
    words = sentence.split()
    return (
        4 <= len(words) <= 40
        and not _ORDERS.match(sentence)
        and "`" not in sentence
        and not re.search(
            r"\b(?:you are|the caller|callers?|tools?|hand over|must)\b", sentence, re.I
        )
        and sentence[-1] in ".!"
    )


def _named_tool(action: str, tools: Sequence[Tool]) -> str | None:
    words = plain(action).replace("_", " ")
    best: tuple[int, str] | None = None
    for tool in tools:
        if re.search(rf"\b{re.escape(tool.name)}\b", action):
            return tool.name
        name = " ".join(tool.words)
        passes = re.search(r"\b(?:hand|pass|transfer|connect|put|send|go|over)\b", words)
        if (tool.is_handoff or tool.transfers) and passes:
            target = (
                name
                if tool.is_handoff
                else " ".join(w for w in tool.words if w not in ("transfer", "to"))
            )
            hit = re.search(rf"\b{re.escape(target)}\b", words) if target else None
            if hit and (best is None or hit.start() < best[0]):
                best = (hit.start(), tool.name)
    return best[1] if best else None


def _keywords(text: str) -> frozenset[str]:
    words = re.findall(r"[a-z]{3,}", plain(text))
    return frozenset(_stem(w) for w in words if w not in _FILLERS)


def _stem(word: str) -> str:
    return re.sub(r"(?:ing|ed|es|s|e)$", "", word) if len(word) > 4 else word.removesuffix("s")
