"""Prints what was found in articles, and how well: for people and for machines."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import click

from dialplan.knowledge.measure import TOP, Figures, Outcome, figures
from dialplan.knowledge.ranking import Hit
from dialplan.model.retrieval import Goal

_WIDTH = 96


def hit_lines(hits: Iterable[Hit], given: Collection[Hit]) -> Iterable[str]:
    """Lines for each passage: its score, where it stands, what made the score, and its text."""
    for hit in hits:
        one = hit.candidate
        good = hit in given
        score = click.style(f"{hit.score:z.2f}", fg="green" if good else "red", bold=True)
        where = f"{one.title} > {one.section}" if one.section else one.title
        yield f"{score}  {where}{'' if good else '  (not given)'}"
        yield (
            f"      passage {one.similarity:z.2f}, article {one.article:z.2f}, "
            f"words {one.words:z.2f}, codes {one.codes:z.2f}, asked {hit.lift:z.2f}  {one.source}"
        )
        if hit.lift:
            yield f"      as callers ask: {one.line} ({one.asked:.2f})"
        text = " ".join(one.text.split())
        yield f"      {text[:_WIDTH]}{'…' if len(text) > _WIDTH else ''}"


def hits_json(hits: Iterable[Hit], given: Collection[Hit]) -> list[dict[str, Any]]:
    """The same as JSON objects."""
    return [
        {
            "score": round(hit.score, 4),
            "given": hit in given,
            "lift": round(hit.lift, 4),
            **{
                key: round(value, 4) if isinstance(value, float) else value
                for key, value in asdict(hit.candidate).items()
                if key != "position"
            },
        }
        for hit in hits
    ]


def verdict(title: str, outcomes: Sequence[Outcome], goal: Goal) -> str:
    """The figures of one collection in words, with each question that went wrong.

    Those held out are only counted: whoever reads which of them fail begins to choose by them.
    """
    whole = figures(outcomes)
    word = click.style("reached", fg="green") if whole.reaches(goal) else _missed(goal)
    lines = [
        f"{title}: {whole.questions} questions, goal {word}",
        _line("all", whole),
    ]
    held = [one for one in outcomes if one.question.held_out]
    if held:
        lines.append(_line("held out", figures(held)))
        lines.append(_line("the others", figures([one for one in outcomes if one not in held])))
    lines += [_line(name, figures(some)) for name, some in parts_of(outcomes).items()]
    for one in _named(outcomes):
        lines += _miss(one)
    unnamed = sum(not one.good for one in held)
    if unnamed:
        lines.append(f"  - {unnamed} of those held out, which are not named")
    return "\n".join(lines)


def parts_of(outcomes: Iterable[Outcome]) -> dict[str, list[Outcome]]:
    """The outcomes of each part that a set names, in the order of the set."""
    parts: dict[str, list[Outcome]] = {}
    for one in outcomes:
        if one.question.part is not None:
            parts.setdefault(one.question.part, []).append(one)
    return parts


def comparison(rules: Mapping[str, Sequence[Outcome]]) -> str:
    """A Markdown table of ranking rules: over the questions held out, and over the others."""
    lines = [
        f"| rule | hit@1 | recall@{TOP} | MRR | held out: hit@1 | recall@{TOP} | MRR |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, outcomes in rules.items():
        parts = [
            figures([one for one in outcomes if one.question.held_out is held])
            for held in (False, True)
        ]
        cells = [f"{value:.2f}" for one in parts for value in (one.hit, one.recall, one.mrr)]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def verdict_json(
    title: str,
    outcomes: Sequence[Outcome],
    goal: Goal,
    rules: Mapping[str, Sequence[Outcome]],
) -> dict[str, Any]:
    """The same as one JSON object."""
    whole = figures(outcomes)
    return {
        "collection": title,
        "reached": whole.reaches(goal),
        "goal": goal.model_dump(),
        "all": asdict(whole),
        "held_out": asdict(figures([one for one in outcomes if one.question.held_out])),
        "parts": {name: asdict(figures(some)) for name, some in parts_of(outcomes).items()},
        "misses": [
            {
                "ask": one.question.ask,
                "expect": one.question.expect,
                "rank": one.rank,
                "found": [list(pair) for pair in one.found],
            }
            for one in _named(outcomes)
        ],
        "rules": {name: asdict(figures(some)) for name, some in rules.items()},
    }


def _named(outcomes: Iterable[Outcome]) -> Iterable[Outcome]:
    return (one for one in outcomes if not one.good and not one.question.held_out)


def _line(name: str, one: Figures) -> str:
    return (
        f"  {name:<10}  recall@{TOP} {one.recall:.2f}  MRR {one.mrr:.2f}  hit@1 {one.hit:.2f}  "
        f"given {one.given:.2f}  nothing found where nothing is {one.nothing:.2f}  wrongly nothing "
        f"{one.wrongly_refused:.2f}"
    )


def _missed(goal: Goal) -> str:
    wanted = ", ".join(f"{name} {value:g}" for name, value in goal.model_dump().items())
    return f"{click.style('missed', fg='red')} ({wanted})"


def _miss(one: Outcome) -> list[str]:
    place = "nowhere" if one.rank is None else f"place {one.rank}"
    wanted = f"expected {one.question.expect}, {place}" if one.answerable else "expected nothing"
    found = ", ".join(f"{title} ({score:.2f})" for title, score in one.found)
    return [f"  - {one.question.ask}", f"      {wanted}; found {found}"]
