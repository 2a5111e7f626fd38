"""What a conversation expects, held against what happened. Pure: no clock, no call, no database."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from dialplan.emulators.conversations.account import Account, Ran, TurnAccount
from dialplan.emulators.conversations.words import is_said, same
from dialplan.model.conversation import AnyOf, CallOutcome, Conversation, Expect
from dialplan.store.facts import TurnTimed

USED = frozenset({"ok", "not_found", "confirm"})
"""How a tool's run may go to count as used: it ran, or the caller is asked whether it shall."""


@dataclass(frozen=True, slots=True)
class Miss:
    """An expectation that was not met. `at` is the way to it in the conversation's file."""

    at: tuple[str | int, ...]
    expected: str
    got: str


def misses(conversation: Conversation, account: Account) -> list[Miss]:
    """Return what the call itself did not fulfil, in the order of the file."""
    found: list[Miss] = []
    for index, turn in enumerate(conversation.turns):
        at = ("turns", index)
        if index >= len(account.turns):
            over = f"the call was over before (ended by {account.reason or 'nobody'})"
            found.append(Miss((*at, "caller"), "the caller to say this", over))
            break
        found += _turn((*at, "expect"), turn.expect, account.turns[index])
    for index, check in enumerate(conversation.then):
        if check.call is not None:
            found += _outcome(("then", index, "call"), check.call, account)
    if account.ended_by is None and not any(miss.at[0] == "then" for miss in found):
        found.append(Miss(("name",), "a call that ends well", _listed(account.errors)))
    return found


def answered(at: tuple[str | int, ...], wanted: object, got: object) -> Miss | None:
    """Return the miss of a query's answer (a JSON value), None where it is the one wanted."""
    number = isinstance(wanted, int | float) and isinstance(got, int | float)
    alike = wanted == got and (isinstance(wanted, bool) == isinstance(got, bool))
    if alike and (number or type(wanted) is type(got)):
        return None
    return Miss(at, _json(wanted), _json(got))


def shown(ran: Ran) -> str:
    """Return one run of a tool in a line."""
    given = ", ".join(f"{name}: {_json(value)}" for name, value in ran.arguments.items())
    return f"`{ran.tool}` {{{given}}} -> {ran.status}"


def shares(timed: TurnTimed) -> str:
    """Return how long a caller waited for an answer, and for what."""
    model = (timed.model_ms or 0) - timed.tool_wait_ms
    parts = [] if timed.pause_ms is None else [f"{timed.pause_ms} ms pause"]
    parts.append(f"{model:.0f} ms model")
    if timed.tool_wait_ms:
        parts.append(f"{timed.tool_wait_ms:.0f} ms tools")
    parts.append(f"{timed.bridge_ms or 0:.1f} ms bridge")
    return f"{timed.waited_ms} ms: {', '.join(parts)}"


def _turn(at: tuple[str | int, ...], expect: Expect, turn: TurnAccount) -> Iterator[Miss]:
    if expect.handoff is not None:
        targets = [one.target for one in turn.handoffs()]
        if expect.handoff not in targets:
            got = f"handed over to {_listed(f'`{one}`' for one in targets)}"
            wanted = f"a handoff to `{expect.handoff}`"
            yield Miss((*at, "handoff"), wanted, got if targets else "no handoff")
    if isinstance(expect.tool, str):
        yield from _tool((*at, "tool"), expect.tool, {}, turn)
    for name, arguments in expect.tool.items() if isinstance(expect.tool, Mapping) else ():
        yield from _tool((*at, "tool", name), name, arguments, turn)
    yield from _says((*at, "says"), expect, turn)
    if expect.within is not None:
        longest = round(expect.within.total_seconds() * 1000)
        waited = None if turn.last is None else turn.last.waited_ms
        if turn.last is None or waited is None:
            yield Miss((*at, "within"), f"an answer within {longest} ms", "silence")
        elif waited > longest:
            yield Miss((*at, "within"), f"an answer within {longest} ms", shares(turn.last))


def _tool(
    at: tuple[str | int, ...], name: str, arguments: Mapping[str, object], turn: TurnAccount
) -> Iterator[Miss]:
    for ran in turn.tools():
        given = ran.arguments
        fits = all(one in given and same(value, given[one]) for one, value in arguments.items())
        if ran.tool == name and ran.status in USED and fits:
            return
    wanted = f"the tool `{name}`"
    if arguments:
        wanted += " with " + ", ".join(f"{one}: {_json(v)}" for one, v in arguments.items())
    yield Miss(at, wanted, _listed(map(shown, turn.tools())) or "no tool ran")


def _says(at: tuple[str | int, ...], expect: Expect, turn: TurnAccount) -> Iterator[Miss]:
    said = turn.said()
    single = isinstance(expect.says, str)
    phrases = (expect.says,) if isinstance(expect.says, str) else expect.says
    for index, phrase in enumerate(phrases):
        choices = phrase.any if isinstance(phrase, AnyOf) else (phrase,)
        if not any(is_said(choice, said) for choice in choices):
            wanted = " or ".join(f"`{choice}`" for choice in choices)
            got = f"the agent said: {said}" if said else "the agent said nothing"
            yield Miss(at if single else (*at, index), f"to hear {wanted}", got)


def _outcome(at: tuple[str | int, ...], wanted: CallOutcome, account: Account) -> Iterator[Miss]:
    if wanted.ended_by is not None and wanted.ended_by != account.ended_by:
        got = account.ended_by or f"nobody ({account.reason or 'no end was recorded'})"
        yield Miss((*at, "ended_by"), f"the call to be ended by {wanted.ended_by}", got)
    if wanted.handoffs is not None and wanted.handoffs != account.handoffs():
        yield Miss((*at, "handoffs"), f"`handoffs: {wanted.handoffs}`", str(account.handoffs()))
    if wanted.errors is not None and wanted.errors != len(account.errors):
        got = f"{len(account.errors)}: {_listed(account.errors)}" if account.errors else "none"
        yield Miss((*at, "errors"), f"`errors: {wanted.errors}`", got)


def _listed(parts: Iterable[str]) -> str:
    return "; ".join(parts)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
