"""What the caller's words mean for the conversation. It must not look at a tool's answer."""

from __future__ import annotations

import re

from dialplan.emulators.rehearsal.brief import QUESTION, Brief, find_fact, rank, told
from dialplan.emulators.rehearsal.choose import ENOUGH, SURE, Choice
from dialplan.emulators.rehearsal.lexicon import reply, small_talk, verbs_said
from dialplan.emulators.rehearsal.phrases import (
    ANOTHER_DAY,
    ANYTHING_ELSE,
    DECLINED,
    GOODBYE,
    HOW_HELP,
    NO_HUMAN,
    NOT_HEARD,
    NOT_UNDERSTOOD,
    OFFER_HUMAN,
    SUMMARY,
    TAKE_TIME,
    UNSURE,
    WELCOME,
    WHICH_ONE,
)
from dialplan.emulators.rehearsal.picking import chosen_row, search_again
from dialplan.emulators.rehearsal.plan import (
    advance,
    first_missing,
    new_goal,
    provider_of,
    take_row,
)
from dialplan.emulators.rehearsal.rows import pick
from dialplan.emulators.rehearsal.rules import Rule, find_rules, match_rule
from dialplan.emulators.rehearsal.slots import fill
from dialplan.emulators.rehearsal.state import (
    Ask,
    Call,
    Do,
    Goal,
    Quiet,
    State,
    Step,
    Tell,
    Toolbox,
)
from dialplan.emulators.rehearsal.toolbox import Json, Parameter, Tool

_ARRIVED_BONUS = 0.08  # who was handed over for these words has a tool for them
_TURN = re.compile(
    r"\b(?:actually|instead|rather|wait|on second thoughts?|changed my mind)\b", re.I
)
_MAKE_IT = re.compile(r"\b(?:make (?:it|that)|change (?:it|that) to|i said)\s+(?P<said>.+)$", re.I)
_UNKNOWN = re.compile(
    r"\b(?:don't (?:know|have|remember)|do not (?:know|have|remember)|not sure|no idea|skip)\b",
    re.I,
)


def interpret(state: State, text: str, brief: Brief) -> Step:
    """Take what the caller said into `state` and return what to do next."""
    rule = match_rule(text, find_rules(brief.instructions, brief.box.tools), brief.chooser)
    if rule is not None and (step := _by_rule(state, rule, brief)) is not None:
        return step
    if state.confirming is not None:
        return _confirmed(state, state.confirming, text, brief)
    if (
        state.offered is not None
        and (step := _offered(state, state.offered, text, brief)) is not None
    ):
        return step
    if (step := _small(state, text, brief)) is not None:
        return step
    if state.asked is not None and (step := _answered(state, state.asked, text, brief)) is not None:
        return step
    if (
        state.listing is not None
        and (step := chosen_row(state, state.listing, text, brief)) is not None
    ):
        return step
    return _wanted(state, text, brief)


def _by_rule(state: State, rule: Rule, brief: Brief) -> Step | None:
    tool = brief.box.get(rule.tool)
    if tool is not None and tool.is_handoff and state.arrived:
        return None
    state.goals.clear()
    state.confirming = None
    if tool is None:
        again = state.arrived and rule.words is not None and rule.words in state.said
        return Quiet() if again else Tell((rule.words,)) if rule.words else None
    return _start(state, tool, state.heard[-1], brief, lead=rule.words or "")


def _start(state: State, tool: Tool, text: str, brief: Brief, lead: str = "") -> Step:
    """Begin a tool afresh, or hand over to whom the caller needs."""
    goal = new_goal(state, tool, text, brief.now)
    summary = tool.parameter("summary")
    if summary is not None and (tool.is_handoff or summary.kind == "text"):
        goal.slots["summary"] = f"{SUMMARY}{text.strip()}"[: summary.max_length or 300]
    for parameter in tool.parameters:
        wordy = parameter.kind == "text" and parameter.words & {"reason", "summary", "topic"}
        if (tool.is_handoff or tool.transfers) and wordy and parameter.required:
            goal.slots.setdefault(parameter.name, text.strip()[: parameter.max_length or 300])
        if tool.finds and parameter.kind == "text" and parameter.name == "question":
            goal.slots[parameter.name] = text.strip()[: parameter.max_length or 300]
    state.goals = [goal]
    return advance(state, brief.box, brief.now, lead)


def _start_all(state: State, tool: Tool, text: str, brief: Brief) -> Step:
    """Begin `tool`, with what else the caller asked for in the same breath waiting below it."""
    later = None
    for clause in re.split(r"[.;!?]\s|,?\s+and\s+", text):
        if len(clause.split()) > 2 and clause != text and (ranked := rank(clause, brief)):
            other = ranked[0]
            if other.score >= SURE and other.tool.name != tool.name and verbs_said(clause):
                later = (other.tool, clause)
    if later is None:
        return _start(state, tool, text, brief)
    _start(state, later[0], later[1], brief)
    below = state.goals[:1]
    first = _start(state, tool, text, brief)
    state.goals = below + state.goals
    return first


def _confirmed(state: State, call: Call, text: str, brief: Brief) -> Step:
    tool = brief.box.get(call.name)
    said = reply(text)
    state.confirming = None
    if tool is None:
        return _wanted(state, text, brief)
    changed = _corrected(tool, call, text, brief)
    goal = Goal(tool.name, dict(call.arguments))
    below = [g for g in state.goals if g.tool != tool.name]
    if said != "yes" and state.listing is not None:
        rows = pick(text, state.listing, brief.now)
        if len(rows) == 1:
            take_row(state, goal, tool, rows[0])
            changed |= {k: v for k, v in goal.slots.items() if call.arguments.get(k) != v}
    if changed and (said != "yes" or len(text.split()) > 3):
        goal.slots |= changed
        state.goals = [*below, goal]
        return advance(state, brief.box, brief.now)
    if said == "yes":
        state.goals = [*below, goal]
        return Do(tool.name, dict(call.arguments))
    other = rank(text, brief)
    if other and other[0].score >= SURE and other[0].tool.name != tool.name:
        return _start(state, other[0].tool, text, brief)
    if said == "no" or small_talk(text) == "dismiss":
        again = state.listing is not None and not verbs_said(text)
        state.goals = [Goal(tool.name, _without_ids(goal, tool))] if again else []
        state.choosing = again
        return Tell((DECLINED, WHICH_ONE if again else ANYTHING_ELSE))
    state.confirming = call
    return Tell((call.outcome.say if call.outcome else NOT_HEARD,))


def _corrected(tool: Tool, call: Call, text: str, brief: Brief) -> dict[str, Json]:
    """Return the arguments that the caller puts right: `no, make it eleven`."""
    fixed = [p for p in tool.parameters if p.kind != "text"]
    said = fill(fixed, text, brief.now)
    if not said and (match := _MAKE_IT.search(text)):
        for parameter in fixed:
            if parameter.kind in ("time", "number"):
                said |= fill(fixed, match["said"], brief.now, asked=parameter.name)
    return {k: v for k, v in said.items() if call.arguments.get(k) != v}


def _without_ids(goal: Goal, tool: Tool) -> dict[str, Json]:
    ids = {p.name for p in tool.parameters if p.kind == "reference"}
    return {k: v for k, v in goal.slots.items() if k not in ids}


def _offered(state: State, offered: str, text: str, brief: Brief) -> Step | None:
    tool, said = brief.box.get(offered), reply(text)
    if tool is None or said is None:
        return None
    if said == "no":
        if len(text.split()) > 4 and (ranked := rank(text, brief)) and ranked[0].score >= SURE:
            return None
        state.goals.clear()
        return Tell((DECLINED, ANYTHING_ELSE))
    below = state.goals[:]
    step = _start(state, tool, text, brief)
    state.goals = [g for g in below if g.tool != tool.name] + state.goals
    return step


def _small(state: State, text: str, brief: Brief) -> Step | None:
    """Answer the talk that every call has; long sentences are looked at for more."""
    kind, box = small_talk(text), brief.box
    short = len(text.split()) <= 7
    match kind:
        case "repeat" if short and state.said:
            return Tell((state.said,))
        case "wait" if short and not fill_any(state, text, brief):
            return Tell((TAKE_TIME,))
        case "human" if box.human is not None:
            return _start(state, box.human, text, brief)
        case "human" if not _handoffs_for(text, brief):
            return Tell((NO_HUMAN, ANYTHING_ELSE))
        case "dismiss" if short:
            state.goals.clear()
            return Tell((DECLINED, ANYTHING_ELSE))
        case "goodbye" if short or state.goal is None:
            return _goodbye(state, box)
        case "nothing" if short and state.asked is None:
            return _goodbye(state, box)
        case "thanks" if state.goal is None:
            return Tell((WELCOME, ANYTHING_ELSE))
        case "greeting" if state.goal is None:
            return Tell((HOW_HELP,))
        case _:
            ended = state.said.endswith(ANYTHING_ELSE)
            if ended and reply(text) == "no" and len(text.split()) <= 5:
                return _goodbye(state, box)
            if ended and reply(text) == "yes" and len(text.split()) <= 2:
                return Tell((HOW_HELP,))
            return None


def _handoffs_for(text: str, brief: Brief) -> bool:
    return any(c.tool.is_handoff and c.score >= ENOUGH for c in rank(text, brief))


def fill_any(state: State, text: str, brief: Brief) -> bool:
    """Whether `text` gives the current goal any argument."""
    tool = brief.box.get(state.goal.tool) if state.goal else None
    return tool is not None and bool(fill(tool.parameters, text, brief.now))


def _goodbye(state: State, box: Toolbox) -> Step:
    state.goals.clear()
    tool = box.hang_up
    if tool is None:
        return Tell((GOODBYE,))
    state.goals = [Goal(tool.name)]
    return Do(tool.name, {}, GOODBYE)


def _answered(state: State, asked: str, text: str, brief: Brief) -> Step | None:
    goal = state.goal
    tool = brief.box.get(goal.tool) if goal else None
    parameter = tool.parameter(asked) if tool else None
    if goal is None or tool is None or parameter is None:
        return None
    given = fill(tool.parameters, text, brief.now, asked=asked)
    loose = parameter.kind in ("text", "name", "person", "code")
    if asked not in given or loose or _TURN.search(text):
        ranked = rank(text, brief)
        leaves = ranked and ranked[0].tool.name not in {g.tool for g in state.goals}
        if leaves and _breaks_off(ranked[0], parameter, text):
            return _start(state, ranked[0].tool, text, brief)
    if asked in given:
        goal.slots |= given
        return advance(state, brief.box, brief.now)
    if not parameter.required and (_UNKNOWN.search(text) or reply(text) == "no"):
        goal.skipped.add(asked)
        return advance(state, brief.box, brief.now)
    if given:
        goal.slots |= given
        if not parameter.required:
            # Another way to say who or what is meant: it does instead.
            goal.skipped.add(asked)
        return advance(state, brief.box, brief.now)
    if QUESTION.search(text) and (found := told(state, text, brief)) is not None:
        return Ask(asked, parameter.question, found)
    if state.sorry >= 2 and brief.box.human is not None:
        return Tell((OFFER_HUMAN,))
    return Ask(asked, parameter.question, NOT_HEARD)


def _breaks_off(choice: Choice, parameter: Parameter, text: str) -> bool:
    if len(text.split()) < 4 and not _TURN.search(text):
        return False
    loose = parameter.kind in ("text", "name", "person")
    bar = SURE + (0.15 if loose and not _TURN.search(text) else 0.0)
    return choice.score >= bar and (bool(verbs_said(text)) or choice.tool.is_handoff)


def _wanted(state: State, text: str, brief: Brief) -> Step:
    """Find the tool, the agent or the sentence that the caller's words ask for."""
    if state.said.endswith(ANOTHER_DAY) and (step := _another_day(state, text, brief)) is not None:
        return step
    ranked = rank(text, brief, handoffs=not state.arrived)
    best = ranked[0] if ranked else None
    fact = find_fact(state, text, brief)
    if fact is not None and best is not None and QUESTION.search(text):
        if fact[1] > best.cosine + (0.0 if best.tool.changes else 0.05):
            return Tell((fact[0], ANYTHING_ELSE))
    enough = ENOUGH - _ARRIVED_BONUS if state.arrived else ENOUGH
    if best is not None and best.score >= enough:
        return _start_all(state, best.tool, text, brief)
    if fact is not None:
        return Tell((fact[0], ANYTHING_ELSE))
    return _puzzled(state, text, brief)


def _puzzled(state: State, text: str, brief: Brief) -> Step:
    """Make the best of words that ask for nothing: go on, ask again, or offer somebody."""
    if state.goal is not None and fill_any(state, text, brief):
        tool = brief.box.get(state.goal.tool)
        state.goal.slots |= fill(tool.parameters, text, brief.now) if tool else {}
        return advance(state, brief.box, brief.now)
    if state.goal is not None and (tool := brief.box.get(state.goal.tool)) is not None:
        missing = first_missing(tool, state.goal)
        if missing is not None and provider_of(missing, tool, brief.box) is not None:
            return Tell((NOT_HEARD, ANOTHER_DAY))
        if missing is not None:
            return Ask(missing.name, missing.question, NOT_HEARD)
    for rule in find_rules(brief.instructions, brief.box.tools):
        if rule.words and rule.words in state.said:
            return Tell((rule.words,))
    if state.arrived:
        return Tell((UNSURE, OFFER_HUMAN)) if brief.box.human else Tell((HOW_HELP,))
    if state.sorry >= 2 and brief.box.human is not None:
        return Tell((OFFER_HUMAN,))
    return Tell((NOT_UNDERSTOOD,))


def _another_day(state: State, text: str, brief: Brief) -> Step | None:
    again = brief.box.get(state.calls[-1].name) if state.calls else None
    found = fill(again.parameters, text, brief.now) if again else {}
    if again is not None and found:
        return search_again(state, again, found, brief)
    if reply(text) == "no":
        state.goals.clear()
        return Tell((DECLINED, ANYTHING_ELSE))
    return None
