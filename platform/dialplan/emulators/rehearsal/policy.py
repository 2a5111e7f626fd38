"""Folds the items of a conversation into the next step. It must not keep anything between turns."""

from __future__ import annotations

from collections.abc import Sequence

from dialplan.emulators.openai.mind import FunctionCall, FunctionOutput, Item, Message
from dialplan.emulators.rehearsal.brief import Brief
from dialplan.emulators.rehearsal.interpret import interpret
from dialplan.emulators.rehearsal.lexicon import reply, small_talk
from dialplan.emulators.rehearsal.outcomes import settle
from dialplan.emulators.rehearsal.phrases import (
    APOLOGIES,
    HOW_HELP,
    OFFER_HUMAN,
    STILL_THERE,
    SUMMARY,
    THAT_ONE,
    WHICH_ONE,
    offer,
)
from dialplan.emulators.rehearsal.plan import first_missing
from dialplan.emulators.rehearsal.rules import nearest
from dialplan.emulators.rehearsal.state import (
    Ask,
    Call,
    Goal,
    Outcome,
    Quiet,
    State,
    Step,
    Tell,
    read_arguments,
    read_outcome,
)


def next_step(items: Sequence[Item], brief: Brief) -> Step:
    """Return what to do after `items`: a pure function of them and the brief."""
    state = State()
    last: Item | None = None
    answered: list[str] | None = None
    for item in items:
        take(state, item, brief)
        last = item
        if isinstance(item, FunctionOutput):
            answered = []
        elif isinstance(item, Message) and item.role == "assistant" and answered is not None:
            answered.append(item.text)
        else:
            answered = None
    if last is None:
        return Tell((HOW_HELP,))
    if isinstance(last, Message) and last.role == "assistant":
        # Fixed words (`one moment`) may be said after a tool has answered: they say nothing of it.
        open_ = answered is not None and not _said(state.step, answered)
        return state.step if open_ else Tell((STILL_THERE,))
    return state.step


def _said(step: Step, messages: Sequence[str]) -> bool:
    """Whether a step was carried out, or begun, by what an agent has said."""
    match step:
        case Ask(question=question, lead=lead):
            words = f"{lead} {question}".strip()
        case Tell(sentences=sentences):
            words = " ".join(one for one in sentences if one)
        case _:
            return isinstance(step, Quiet)
    return any(one.strip() and words.startswith(one.strip()) for one in messages)


def take(state: State, item: Item, brief: Brief) -> None:
    """Take one item into `state`."""
    match item:
        case Message(role="user", text=text):
            _take_caller(state, text, brief)
        case Message(role="assistant", text=text):
            _take_agent(state, text, brief)
        case Message():
            pass
        case FunctionCall():
            _take_call(state, item)
        case FunctionOutput():
            _take_output(state, item, brief)


def _take_caller(state: State, text: str, brief: Brief) -> None:
    if not text.strip():
        return
    state.chain = 0
    state.arrived = False
    state.heard.append(text)
    state.step = interpret(state, text, brief)
    if len(text.split()) > 2 and small_talk(text) is None and state.asked is None:
        short = reply(text) is not None and len(text.split()) < 5
        pointing = state.choosing or state.confirming is not None
        if not short and not pointing:
            state.request = text


def _take_agent(state: State, text: str, brief: Brief) -> None:
    if not text.strip():
        return
    state.said = text
    state.sorry = state.sorry + 1 if text.startswith(APOLOGIES) else 0
    state.choosing = text.endswith((WHICH_ONE, THAT_ONE))
    state.asked = None
    goal = state.goal
    tool = brief.box.get(goal.tool) if goal else None
    if goal is not None and tool is not None:
        step = state.step
        if isinstance(step, Ask):
            state.asked = step.parameter
        elif (missing := first_missing(tool, goal)) is not None and missing.question in text:
            state.asked = missing.name
    human = brief.box.human
    offers = [t for t in (brief.box.register, human) if t is not None]
    state.offered = next((t.name for t in offers if offer(t) in text), None)
    if OFFER_HUMAN in text and human is not None:
        state.offered = human.name


def _take_call(state: State, item: FunctionCall) -> None:
    arguments = read_arguments(item.arguments)
    state.calls.append(Call(item.call_id, item.name, arguments))
    state.chain += 1
    state.asked = state.offered = None
    state.choosing = False
    names = [goal.tool for goal in state.goals]
    if item.name in names:
        del state.goals[names.index(item.name) + 1 :]
        state.goals[-1].slots = dict(arguments)
    else:
        state.goals.append(Goal(item.name, dict(arguments)))
    state.step = Quiet()


def _take_output(state: State, item: FunctionOutput, brief: Brief) -> None:
    call = next((c for c in reversed(state.calls) if c.call_id == item.call_id), None)
    if call is None:
        return
    call.outcome = read_outcome(item.output)
    if call.outcome.status == "handed_over":
        state.step = _arrive(state, call.outcome, brief)
    else:
        asked = state.heard[-1] if state.heard else ""

        def focus(sentences: Sequence[str]) -> Sequence[str]:
            return nearest(asked, sentences, brief.chooser)

        state.step = settle(state, call, call.outcome, brief.box, brief.now, focus)


def _arrive(state: State, outcome: Outcome, brief: Brief) -> Step:
    """Act on what the caller last wanted, with the tools of the agent who took over."""
    state.goals.clear()
    state.confirming = None
    state.arrived = True
    if outcome.known:
        state.objects.append(("", outcome.known))
    last = state.heard[-1] if state.heard else ""
    passed = str(state.calls[-1].arguments.get("summary") or "") if state.calls else ""
    last = passed.removeprefix(SUMMARY) or last
    text = last if reply(last) is None and len(last.split()) > 2 else state.request or last
    if not text:
        return Tell((HOW_HELP,))
    return interpret(state, text, brief)
