"""What a conversation expects, held against what happened. Pure: no clock, no call, no database."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from dialplan.emulators.conversations.account import Account, TurnAccount
from dialplan.emulators.conversations.miss import Miss, Steps, listed
from dialplan.emulators.conversations.outcomes import Text, outcome, sent
from dialplan.emulators.conversations.phrases import unheard
from dialplan.emulators.conversations.usage import USED, banned, forbidden, used
from dialplan.emulators.conversations.words import same
from dialplan.model.conversation import Conversation, Expect
from dialplan.store.facts import TurnTimed


def misses(
    conversation: Conversation,
    account: Account,
    *,
    caller: str = "",
    phones: Mapping[str, str] | None = None,
    texts: Sequence[Text] = (),
) -> list[Miss]:
    """Return what the call itself did not fulfil, in the order of the file.

    Args:
        conversation: what is expected.
        account: what happened.
        caller: the number that called.
        phones: the numbers of variables, by name.
        texts: the text messages that were sent.
    """
    found: list[Miss] = []
    for index, turn in enumerate(conversation.turns):
        at = ("turns", index)
        if index >= len(account.turns):
            over = f"the call was over before (ended by {account.reason or 'nobody'})"
            what, deed = _deed(conversation, index)
            found.append(Miss((*at, what), deed, over))
            break
        got = account.turns[index]
        if turn.interrupts is not False and got.cut is None:
            wanted = "the caller to cut the agent off"
            found.append(Miss((*at, "interrupts"), wanted, "the agent was silent then"))
        found += _turn((*at, "expect"), turn.expect, got, phones or {})
        found += _end((*at, "expect"), turn.expect, account, last=index + 1 == len(account.turns))
    for index, check in enumerate(conversation.then):
        if check.call is not None:
            found += outcome(("then", index, "call"), check.call, account)
        if check.sms is not None:
            found += sent(("then", index, "sms"), check.sms, caller, texts)
    if account.ended_by is None and not any(miss.at[0] == "then" for miss in found):
        found.append(Miss(("name",), "a call that ends well", listed(account.errors)))
    return found


def shares(timed: TurnTimed) -> str:
    """Return how long a caller waited for an answer, and for what."""
    model = (timed.model_ms or 0) - timed.tool_wait_ms
    parts = [] if timed.pause_ms is None else [f"{timed.pause_ms} ms pause"]
    parts.append(f"{model:.0f} ms model")
    if timed.tool_wait_ms:
        parts.append(f"{timed.tool_wait_ms:.0f} ms tools")
    parts.append(f"{timed.bridge_ms or 0:.1f} ms bridge")
    return f"{timed.waited_ms} ms: {', '.join(parts)}"


def _deed(conversation: Conversation, index: int) -> tuple[str, str]:
    turn = conversation.turns[index]
    if turn.caller is not None:
        return "caller", "the caller to say this"
    if turn.keys is not None:
        return "keys", "the caller to press these"
    if turn.silence is not None:
        return "silence", "the caller to say nothing"
    return "hangs_up", "the caller to hang up"


def _turn(
    at: Steps, expect: Expect, turn: TurnAccount, phones: Mapping[str, str]
) -> Iterator[Miss]:
    targets = [one.target for one in turn.handoffs()]
    if expect.handoff is not None and expect.handoff not in targets:
        got = f"handed over to {listed(f'`{one}`' for one in targets)}"
        wanted = f"a handoff to `{expect.handoff}`"
        yield Miss((*at, "handoff"), wanted, got if targets else "no handoff")
    for below, name in banned(expect.no_handoff, targets):
        wanted = "no handoff" if expect.no_handoff is True else f"no handoff to `{name}`"
        yield Miss((*at, "no_handoff", *below), wanted, f"handed over to `{name}`")
    tools = turn.tools()
    yield from used((*at, "tool"), expect.tool, tools, USED, "")
    yield from forbidden((*at, "no_tool"), expect.no_tool, tools)
    asks = " to ask the caller first"
    yield from used((*at, "confirms"), expect.confirms, tools, {"confirm"}, asks)
    yield from used((*at, "refused"), expect.refused, tools, {"refused"}, " to be refused")
    yield from used((*at, "failed"), expect.failed, tools, {"failed"}, " to fail")
    said = turn.said()
    for below, wanted in unheard(expect.says, said):
        got = f"the agent said: {said}" if said else "the agent said nothing"
        yield Miss((*at, "says", *below), wanted, got)
    for below, wanted in unheard(expect.heard, turn.cut or ""):
        got = f"of the answer was heard: {turn.cut}" if turn.cut else "nothing of it was heard"
        yield Miss((*at, "heard", *below), wanted, got)
    yield from _state((*at, "state"), expect.state, turn.state)
    yield from _transfer((*at, "transferred"), expect.transferred, turn.dialled, phones)
    if expect.within is not None:
        longest = round(expect.within.total_seconds() * 1000)
        waited = None if turn.last is None else turn.last.waited_ms
        if turn.last is None or waited is None:
            yield Miss((*at, "within"), f"an answer within {longest} ms", "silence")
        elif waited > longest:
            yield Miss((*at, "within"), f"an answer within {longest} ms", shares(turn.last))


def _state(at: Steps, wanted: Mapping[str, object], known: Mapping[str, object]) -> Iterator[Miss]:
    for name, value in wanted.items():
        got = known.get(name)
        if not same(value, got):
            shown = "nothing" if got is None else json.dumps(got, ensure_ascii=False, default=str)
            hoped = "nothing" if value is None else json.dumps(value, ensure_ascii=False)
            yield Miss((*at, name), f"`{name}` to be {hoped}", shown)


def _transfer(
    at: Steps, wanted: bool | str | None, dialled: Sequence[str], phones: Mapping[str, str]
) -> Iterator[Miss]:
    got = f"put through to {listed(dialled)}" if dialled else "nobody was dialled"
    if wanted is False and dialled:
        yield Miss(at, "nobody to be dialled", got)
    if wanted is True and not dialled:
        yield Miss(at, "the caller to be put through", got)
    if isinstance(wanted, str) and phones.get(wanted) not in dialled:
        number = phones.get(wanted, "no number")
        yield Miss(at, f"the caller to be put through to `{wanted}` ({number})", got)


def _end(at: Steps, expect: Expect, account: Account, *, last: bool) -> Iterator[Miss]:
    ended = last and account.ended_by in ("agent", "limit")
    got = f"ended by {account.ended_by or account.reason or 'nobody'}" if last else "it went on"
    if expect.ends is True and not ended:
        yield Miss((*at, "ends"), "the agent to end the call", got)
    if expect.ends is False and ended:
        yield Miss((*at, "ends"), "the call to go on", got)
