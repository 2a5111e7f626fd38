"""What a tool's answer means for the conversation. It must not look at what the caller said."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from dialplan.emulators.rehearsal.phrases import (
    ANOTHER_DAY,
    ANYTHING_ELSE,
    CANNOT,
    CONNECTING,
    FAILED,
    NOT_FOUND,
    NOT_HEARD,
    THAT_ONE,
    WHICH_ONE,
    offer,
)
from dialplan.emulators.rehearsal.plan import advance, new_goal, takers
from dialplan.emulators.rehearsal.rows import Listing, identity, named
from dialplan.emulators.rehearsal.state import (
    Ask,
    Call,
    Goal,
    Outcome,
    Quiet,
    State,
    Step,
    Tell,
    Toolbox,
)
from dialplan.emulators.rehearsal.toolbox import Parameter, Tool
from dialplan.emulators.rehearsal.verbalise import (
    is_passages,
    spoken_fields,
    spoken_passages,
    spoken_result,
    spoken_row,
    spoken_rows,
)

_FOR_THE_MODEL = re.compile(
    r"\b(?:caller|tool|parameter|argument|values|ask|call the|call `|tell|before|first)\b|[`{_]",
    re.I,
)
_ASKABLE = ("name", "date", "email", "code", "text")


Focus = Callable[[Sequence[str]], Sequence[str]]


def settle(
    state: State, call: Call, outcome: Outcome, box: Toolbox, now: datetime, focus: Focus
) -> Step:
    """Take a tool's answer into `state` and return what to do next."""
    tool = box.get(call.name)
    match outcome.status:
        case "ok":
            return _finished(state, call, outcome.result, tool, box, now, focus)
        case "confirm":
            state.confirming = call
            return Tell((outcome.say or "Shall I go ahead?",))
        case "refused":
            return _refused(state, outcome, box, now)
        case "not_found":
            return _not_found(state, outcome, tool, box)
        case "invalid":
            return _invalid(state, outcome, tool)
        case _:
            state.goals.clear()
            human = box.human
            return Tell((FAILED, offer(human) if human and human is not tool else ANYTHING_ELSE))


def _finished(
    state: State,
    call: Call,
    result: object,
    tool: Tool | None,
    box: Toolbox,
    now: datetime,
    focus: Focus,
) -> Step:
    if state.goal is not None and state.goal.tool == call.name:
        state.goals.pop()
    if tool is not None and tool.hangs_up:
        return Quiet()
    if tool is not None and tool.transfers:
        return Tell((CONNECTING,)) if not state.said.endswith(CONNECTING) else Quiet()
    if is_passages(result):
        return Tell((spoken_passages(result), ANYTHING_ELSE))
    if isinstance(result, Mapping):
        state.objects.append((call.name, result))
    elif isinstance(result, list) and result and all(isinstance(r, Mapping) for r in result):
        state.listing = Listing(call.name, tuple(result))
    if tool is not None and tool.changes:
        state.listing = None
    said = spoken_result(tool, result, now)
    waiting = state.goal
    if isinstance(result, list) or (result is None and tool is not None and tool.finds):
        return _listed(state, result, said, tool, box, now)
    if waiting is not None:
        return advance(state, box, now, lead=said if tool is not None and tool.changes else "")
    if isinstance(result, Mapping) and len(fields := spoken_fields(result, now)) > 2:
        if tool is None or not tool.changes:
            said = " ".join(focus(fields))
    return Tell((said, ANYTHING_ELSE))


def _listed(
    state: State, result: object, said: str, tool: Tool | None, box: Toolbox, now: datetime
) -> Step:
    if not result:
        state.listing = None
        dated = tool is not None and any(p.kind in ("date", "date-time") for p in tool.parameters)
        return Tell((said, ANOTHER_DAY if dated else ANYTHING_ELSE))
    waiting = box.get(state.goal.tool) if state.goal else None
    listing = state.listing
    wants = (
        waiting is not None
        and listing is not None
        and any(
            p.kind == "reference" and identity(listing.rows[0], listing.tool, p) is not None
            for p in waiting.parameters
        )
    )
    if listing is not None and (wants or takers(state, box)):
        question = THAT_ONE if len(listing.rows) == 1 else WHICH_ONE
        return Tell((spoken_rows(listing.rows, now), question))
    if waiting is not None:
        return advance(state, box, now)
    if listing is not None and state.heard and isinstance(result, list) and len(result) > 1:
        asked_for = named(state.heard[-1], listing.rows)
        if len(asked_for) == 1:
            said = f"I do have {spoken_row(listing.rows[asked_for[0]], now)}."
    return Tell((said, ANYTHING_ELSE))


def _refused(state: State, outcome: Outcome, box: Toolbox, now: datetime) -> Step:
    refused = state.calls[-1].name
    again = sum(
        c.name == refused and c.outcome is not None and c.outcome.status == "refused"
        for c in state.calls[-state.chain :]
    )
    first = next((t for name in outcome.first if (t := box.get(name))), None)
    if first is not None and (step := _not_enough(state, first, now)) is not None:
        return step
    if first is None or again > 1:
        state.goals.clear()
        return Tell((_fit_to_say(outcome.message) or CANNOT, ANYTHING_ELSE))
    if all(goal.tool != first.name for goal in state.goals):
        state.goals.append(new_goal(state, first, state.request, now))
    return advance(state, box, now)


def _not_enough(state: State, first: Tool, now: datetime) -> Step | None:
    """Ask for the code that a tool may take besides, when it ran and was not enough without."""
    ran = next((c for c in reversed(state.calls[-state.chain :]) if c.name == first.name), None)
    more = next((p for p in first.parameters if p.kind == "code" and not p.required), None)
    if more is None or ran is None or ran.outcome is None or ran.outcome.status != "ok":
        return None
    result = ran.outcome.result
    lead = " ".join(spoken_fields(result, now)) if isinstance(result, dict) else ""
    state.goals.append(Goal(first.name, {}, [more.name]))
    return Ask(more.name, more.question, lead)


def _not_found(state: State, outcome: Outcome, tool: Tool | None, box: Toolbox) -> Step:
    lead = _fit_to_say(outcome.message) or NOT_FOUND
    goal = state.goal
    if goal is None or tool is None or goal.tool != tool.name:
        return Tell((lead, ANYTHING_ELSE))
    goal.not_found += 1
    asks = _what_else_to_ask(goal, tool)
    if asks:
        goal.wanted = [p.name for p in asks]
        return Ask(asks[0].name, asks[0].question, lead)
    other = box.register if box.register is not tool else None
    other = other or box.human
    if other is not None:
        state.goals = [g for g in state.goals if g is not goal]
        return Tell((lead, offer(other)))
    state.goals.clear()
    return Tell((lead, ANYTHING_ELSE))


def _what_else_to_ask(goal: Goal, tool: Tool) -> list[Parameter]:
    """Return the arguments to try once more with; a number may have been misheard once."""
    if goal.not_found > 2:
        return []
    untold = [
        p for p in tool.parameters if goal.slots.get(p.name) is None and p.name not in goal.skipped
    ]
    told_who = [p for p in untold if p.kind in _ASKABLE]
    phones = [p for p in untold if p.kind == "phone"]
    if told_who and not goal.wanted:
        return sorted(told_who, key=lambda p: _ASKABLE.index(p.kind))[:2]
    misheard = [
        p for p in tool.parameters if p.kind in ("code", "reference") and p.name in goal.slots
    ]
    if misheard and goal.not_found == 1:
        del goal.slots[misheard[0].name]
        return misheard[:1]
    return phones


def _invalid(state: State, outcome: Outcome, tool: Tool | None) -> Step:
    goal = state.goal
    parameter = tool.parameter(outcome.parameter) if tool is not None else None
    if goal is None or parameter is None:
        state.goals.clear()
        return Tell((FAILED, ANYTHING_ELSE))
    goal.slots.pop(parameter.name, None)
    goal.wanted.append(parameter.name)
    return Ask(parameter.name, parameter.question, NOT_HEARD)


def _fit_to_say(message: str) -> str:
    """Return a tool's message if it is one for a caller's ears, else an empty string."""
    words = message.strip()
    if not words or len(words.split()) > 30 or _FOR_THE_MODEL.search(words):
        return ""
    words = words[:1].upper() + words[1:]
    return words if words[-1] in ".!?" else f"{words}."
