"""Reads words as a choice among the rows that were told. It must not start anything else."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dialplan.emulators.rehearsal.brief import QUESTION, Brief, rank, told
from dialplan.emulators.rehearsal.choose import SURE
from dialplan.emulators.rehearsal.lexicon import reply
from dialplan.emulators.rehearsal.numerals import ordinal
from dialplan.emulators.rehearsal.phrases import (
    ANOTHER_DAY,
    ANYTHING_ELSE,
    NOT_HEARD,
    THAT_ONE,
    WHICH_ONE,
)
from dialplan.emulators.rehearsal.plan import (
    advance,
    new_goal,
    take_row,
    takers,
)
from dialplan.emulators.rehearsal.rows import Listing, pick
from dialplan.emulators.rehearsal.slots import fill
from dialplan.emulators.rehearsal.state import (
    Goal,
    State,
    Step,
    Tell,
)
from dialplan.emulators.rehearsal.toolbox import Tool
from dialplan.emulators.rehearsal.verbalise import spoken_fields, spoken_row, spoken_rows


def chosen_row(state: State, listing: Listing, text: str, brief: Brief) -> Step | None:
    """Read the caller's words as a choice among the rows they were told."""
    box, now, rows = brief.box, brief.now, listing.rows
    able = takers(state, box)
    open_ = state.choosing or state.said.endswith((WHICH_ONE, THAT_ONE))
    picked = pick(text, listing, now)
    if open_ and not picked and len(rows) == 1 and reply(text) == "yes":
        picked = [0]
    again = box.get(listing.tool)
    if not picked and open_ and again is not None and (found := fill(again.parameters, text, now)):
        return search_again(state, again, found, brief)
    if not open_ and not (picked and able and len(text.split()) <= 12 and _points(text)):
        return None
    if len(picked) > 1:
        some = tuple(rows[i] for i in picked)
        state.choosing = True
        return Tell((spoken_rows(some, now), WHICH_ONE))
    if picked:
        return _take(state, picked[0], able, text, brief)
    if open_ and reply(text) == "no":
        state.listing, state.choosing = None, False
        return Tell((ANOTHER_DAY,))
    ranked = rank(text, brief)
    if open_ and (not ranked or ranked[0].score < SURE):
        if QUESTION.search(text) and (found_ := told(state, text, brief)) is not None:
            return Tell((found_, WHICH_ONE))
        if state.sorry < 2:
            return Tell((NOT_HEARD, spoken_rows(rows, now), WHICH_ONE))
    return None


def _points(text: str) -> bool:
    return bool(re.search(r"\b(?:one|first|second|third|fourth|last|that|it)\b", text.lower()))


def search_again(
    state: State, tool: Tool, found: dict[str, str | int | float | bool | None], brief: Brief
) -> Step:
    """Look again with what was said now in place of what was said before."""
    last = next((c for c in reversed(state.calls) if c.name == tool.name), None)
    before = dict(last.arguments) if last else {}
    when = [p for p in tool.parameters if p.kind in ("date", "time", "date-time")]
    said = {p.kind for p in when if p.name in found}
    if said:
        # Another day may be any time of it; another time is of the same day.
        timed = {p.name for p in when if p.kind != "date" or said != {"time"}}
        before = {k: v for k, v in before.items() if k not in timed}
    state.goals.append(Goal(tool.name, {**before, **found}))
    return advance(state, brief.box, brief.now)


def _take(state: State, index: int, able: Sequence[Tool], text: str, brief: Brief) -> Step:
    listing = state.listing
    state.choosing = False
    waiting = next((t for g in reversed(state.goals) for t in able if t.name == g.tool), None)
    tool = waiting
    if tool is None and able:
        ranked = brief.chooser.rank(f"{text}. {state.request}", able, brief.now)
        tool = ranked[0].tool
    if tool is None or listing is None:
        row = listing.rows[index] if listing else {}
        return Tell((*spoken_fields(row, brief.now), ANYTHING_ELSE))
    if waiting is None:
        state.goals = [new_goal(state, tool, state.request, brief.now)]
    else:
        while state.goals[-1].tool != waiting.name:
            state.goals.pop()
    goal = state.goals[-1]
    take_row(state, goal, tool, index)
    said = index + 1 if re.search(r"\b(?:first|second|third|1st|2nd|3rd)\b", text.lower()) else 0
    names = {1: "first", 2: "second", 3: "third"}
    lead = (
        f"The {names.get(said, ordinal(said))} one: {spoken_row(listing.rows[index], brief.now)}."
        if said
        else ""
    )
    extra = fill([p for p in tool.parameters if p.kind == "text"], text, brief.now)
    goal.slots |= extra
    return advance(state, brief.box, brief.now, lead)
