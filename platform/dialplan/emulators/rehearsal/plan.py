"""Works a goal towards its call: fills, looks up, asks. It must not call anything itself."""

from __future__ import annotations

from datetime import datetime

from dialplan.emulators.rehearsal.phrases import ANYTHING_ELSE, CANNOT, WHICH_ONE
from dialplan.emulators.rehearsal.rows import identity, provides
from dialplan.emulators.rehearsal.slots import fill
from dialplan.emulators.rehearsal.state import Ask, Do, Goal, State, Step, Tell, Toolbox
from dialplan.emulators.rehearsal.toolbox import Json, Parameter, Tool
from dialplan.emulators.rehearsal.verbalise import spoken_row, spoken_rows

MAX_CHAIN = 6  # tool calls without the caller saying a word
_IDENTITY = ("name", "phone", "email")
_POINTERS = ("reference", "code", "date-time")  # what tells one row on offer from another


def new_goal(state: State, tool: Tool, text: str, now: datetime) -> Goal:
    """Return a goal for `tool` with what the caller has said, now and before, about themselves."""
    slots: dict[str, Json] = {}
    personal = [p for p in tool.parameters if p.kind in _IDENTITY or p.birth]
    for call in state.calls:
        for parameter in personal:
            if call.name not in ("", tool.name) and call.arguments.get(parameter.name) is not None:
                slots[parameter.name] = call.arguments[parameter.name]
    for earlier in state.heard:
        slots |= fill(personal, earlier, now)
    slots |= fill(tool.parameters, text, now)
    return Goal(tool.name, slots)


def advance(state: State, box: Toolbox, now: datetime, lead: str = "") -> Step:
    """Return the next step towards the current goal; may put a goal that it needs before it."""
    for _ in range(4):
        goal = state.goal
        tool = box.get(goal.tool) if goal else None
        if goal is None or tool is None:
            state.goals.clear()
            return Tell((lead or CANNOT, ANYTHING_ELSE))
        for parameter in tool.parameters:
            if parameter.kind == "reference" and parameter.name not in goal.slots:
                value = _known_id(state, parameter)
                if value is not None and parameter.required:
                    goal.slots[parameter.name] = value
        _compose(state, tool, goal, now)
        missing = first_missing(tool, goal)
        if missing is None:
            if state.chain >= MAX_CHAIN:
                state.goals.clear()
                return Tell((CANNOT, ANYTHING_ELSE))
            return Do(tool.name, dict(goal.slots), lead)
        listing = state.listing
        points = missing.required and missing.kind in ("reference", "date-time")
        if points and listing and any(identity(r, listing.tool, missing) for r in listing.rows):
            return Tell((lead, spoken_rows(listing.rows, now), WHICH_ONE))
        if missing.kind != "reference" or not missing.required:
            return Ask(missing.name, missing.question, lead)
        provider = provider_of(missing, tool, box)
        if provider is None:
            return Ask(missing.name, missing.question, lead)
        text = state.heard[-1] if state.heard else ""
        below = new_goal(state, provider, text, now)
        if state.request:
            below.slots = fill(provider.parameters, state.request, now) | below.slots
        for parameter in provider.parameters:
            if parameter.name in goal.slots and parameter.kind != "text":
                below.slots.setdefault(parameter.name, goal.slots[parameter.name])
        state.goals.append(below)
    return Tell((CANNOT, ANYTHING_ELSE))


def _compose(state: State, tool: Tool, goal: Goal, now: datetime) -> None:
    """Put what a tool told into a message that is to be sent: `text me that`."""
    if "send" not in tool.verbs or not state.objects:
        return
    for parameter in tool.parameters:
        if parameter.kind == "text" and parameter.words & {"message", "text", "body"}:
            told = spoken_row(state.objects[-1][1], now)
            if told:
                goal.slots.setdefault(parameter.name, told[: parameter.max_length])


def first_missing(tool: Tool, goal: Goal) -> Parameter | None:
    """Return what to ask for next: ids first, since they decide what is on offer."""
    open_ = [
        p
        for p in tool.parameters
        if (p.required or p.name in goal.wanted)
        and goal.slots.get(p.name) is None
        and p.name not in goal.skipped
    ]
    return min(open_, key=lambda p: p.kind != "reference", default=None)


def provider_of(parameter: Parameter, tool: Tool, box: Toolbox) -> Tool | None:
    """Return the tool that looks up what `parameter` identifies, or None."""
    return next(
        (t for t in box.tools if t.finds and t.name != tool.name and provides(t.name, parameter)),
        None,
    )


def takers(state: State, box: Toolbox) -> list[Tool]:
    """Return the tools that could act on a row of the latest listing."""
    listing = state.listing
    if listing is None or not listing.rows:
        return []
    return [
        tool
        for tool in box.tools
        if not tool.is_handoff
        and tool.name != listing.tool
        and any(
            p.kind in _POINTERS
            and p.required
            and identity(listing.rows[0], listing.tool, p) is not None
            for p in tool.parameters
        )
    ]


def take_row(state: State, goal: Goal, tool: Tool, index: int) -> None:
    """Put the chosen row into the goal's arguments: its ids, and columns named like arguments."""
    listing = state.listing
    if listing is None:
        return
    for parameter in tool.parameters:
        # A row's `name` is that of what is on offer, never the caller's own.
        if parameter.kind not in _IDENTITY:
            value = identity(listing.rows[index], listing.tool, parameter)
            if value is not None:
                goal.slots[parameter.name] = value


def _known_id(state: State, parameter: Parameter) -> Json:
    for tool, row in reversed(state.objects):
        value = identity(row, tool, parameter)
        if value is not None:
            return value
    return None
