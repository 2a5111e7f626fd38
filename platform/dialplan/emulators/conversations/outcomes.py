"""What must be so after the call, held against what happened. Pure, but for queries: see `run`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dialplan.emulators.conversations.account import Account
from dialplan.emulators.conversations.miss import Miss, Steps, listed
from dialplan.emulators.conversations.phrases import unheard
from dialplan.emulators.conversations.usage import forbidden
from dialplan.model.conversation import CallOutcome, SentText


@dataclass(frozen=True, slots=True)
class Text:
    """A text message that was sent in the call."""

    to: str
    body: str


def outcome(at: Steps, wanted: CallOutcome, account: Account) -> Iterator[Miss]:
    """Yield where the call as a whole went otherwise."""
    if wanted.ended_by is not None and wanted.ended_by != account.ended_by:
        got = account.ended_by or f"nobody ({account.reason or 'no end was recorded'})"
        yield Miss((*at, "ended_by"), f"the call to be ended by {wanted.ended_by}", got)
    if wanted.handoffs is not None and wanted.handoffs != account.handoffs():
        yield Miss((*at, "handoffs"), f"`handoffs: {wanted.handoffs}`", str(account.handoffs()))
    if wanted.errors is not None and wanted.errors != len(account.errors):
        got = f"{len(account.errors)}: {listed(account.errors)}" if account.errors else "none"
        yield Miss((*at, "errors"), f"`errors: {wanted.errors}`", got)
    if wanted.shorter_than is not None:
        seconds, longest = account.duration_ms / 1000, wanted.shorter_than.total_seconds()
        if seconds >= longest:
            yield Miss((*at, "shorter_than"), f"less than {longest:g} s", f"{seconds:.1f} s")
    yield from forbidden((*at, "no_tool"), wanted.no_tool, account.tools())
    said = account.said()
    for below, hoped in unheard(wanted.says, said):
        got = f"agents said: {said}" if said else "no agent said anything"
        yield Miss((*at, "says", *below), hoped, got)


def sent(at: Steps, wanted: SentText, caller: str, texts: Sequence[Text]) -> Iterator[Miss]:
    """Yield what is amiss with the text messages of the call."""
    to = wanted.to or caller
    mine = [one for one in texts if one.to == to]
    fitting = [one for one in mine if not any(unheard(wanted.says, one.body))]
    if wanted.count is None and fitting:
        return
    if wanted.count is not None and len(fitting) == wanted.count:
        return
    got = listed(f"to {one.to}: {one.body}" for one in texts) or "none was sent"
    if wanted.count is not None:
        many = f"{wanted.count} text message{'' if wanted.count == 1 else 's'} to {to}"
        yield Miss((*at, "count"), many, f"{len(fitting)}: {got}")
    elif not mine:
        yield Miss(at, f"a text message to {to}", got)
    else:
        for below, hoped in unheard(wanted.says, mine[-1].body):
            yield Miss((*at, "says", *below), hoped.replace("to hear", "to read", 1), got)


def answered(at: Steps, wanted: object, got: object) -> Miss | None:
    """Return the miss of a query's answer (a JSON value), None where it is the one wanted."""
    number = isinstance(wanted, int | float) and isinstance(got, int | float)
    alike = wanted == got and (isinstance(wanted, bool) == isinstance(got, bool))
    if alike and (number or type(wanted) is type(got)):
        return None
    return Miss(at, _json(wanted), _json(got))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
