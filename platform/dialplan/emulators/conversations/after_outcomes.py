"""What must be made of the call once it is over, held against what was made of it. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import cast

from dialplan.emulators.conversations.miss import Miss, Steps, listed
from dialplan.emulators.conversations.phrases import unheard
from dialplan.emulators.conversations.words import same
from dialplan.model.after_call import AfterCall
from dialplan.model.conversation import AfterCallOutcome, Conversation, Phrases
from dialplan.model.shape import Json


@dataclass(frozen=True, slots=True)
class Made:
    """What was made of a call.

    Attributes:
        trouble: why it could not be read, empty where it could.
        skipped: why it was not to be read, None where it was.
        fields: what was read.
        sent: the numbers of the sends that a service took; the first is 1.
        failed: those that applied and did not get through, with why.
    """

    trouble: str = ""
    skipped: str | None = None
    fields: Mapping[str, Json] = field(default_factory=dict)
    sent: Sequence[int] = ()
    failed: Mapping[int, str] = field(default_factory=dict)


def after_misses(
    conversation: Conversation, after: AfterCall, made: Made, zone: tzinfo
) -> Iterator[Miss]:
    """Yield where it went otherwise than `then` says; moments without a zone are of `zone`."""
    for index, check in enumerate(conversation.then):
        if check.after_call is None:
            continue
        at: Steps = ("then", index, "after_call")
        if made.trouble:
            yield Miss(at, "something to be made of the call", made.trouble)
        else:
            yield from _misses(at, check.after_call, after, made, zone)


def _misses(
    at: Steps, wanted: AfterCallOutcome, after: AfterCall, made: Made, zone: tzinfo
) -> Iterator[Miss]:
    if wanted.skipped is True and made.skipped is None:
        yield Miss((*at, "skipped"), "nothing to be read out of the call", "it was read")
    if wanted.skipped is False and made.skipped is not None:
        yield Miss((*at, "skipped"), "the call to be read", f"skipped: {made.skipped}")
    for name, value in wanted.fields.items():
        here = (*at, "fields", name)
        if made.skipped is not None:
            yield Miss(here, f"`{name}` to be read", f"skipped: {made.skipped}")
        else:
            kind = after.fields[name].type
            yield from _field(here, name, kind, value, made.fields.get(name), zone)
    yield from _sends(at, wanted, made)


def _field(
    at: Steps, name: str, kind: str | None, wanted: object, got: Json, zone: tzinfo
) -> Iterator[Miss]:
    if kind == "string" and wanted is not None:
        text = str(got) if got is not None else ""
        for below, hoped in unheard(cast("Phrases", wanted), text):
            yield Miss((*at, *below), f"`{name}` {_in_text(hoped)}", _json(got))
        return
    alike = same(wanted, got) or (kind == "datetime" and _same_moment(wanted, got, zone))
    if not alike:
        yield Miss(at, f"`{name}` to be {_json(wanted)}", _json(got))


def _sends(at: Steps, wanted: AfterCallOutcome, made: Made) -> Iterator[Miss]:
    for number in wanted.sent or ():
        if number not in made.sent:
            yield Miss((*at, "sent"), f"send {number} to be sent", _why_not(number, made))
    tried = {number: "it was sent" for number in made.sent} | {
        number: f"it was tried: {why}" for number, why in made.failed.items()
    }
    if wanted.not_sent is True and tried:
        got = listed(f"send {number}: {what}" for number, what in sorted(tried.items()))
        yield Miss((*at, "not_sent"), "nothing to be sent", got)
    for number in wanted.not_sent if isinstance(wanted.not_sent, tuple) else ():
        if number in tried:
            yield Miss((*at, "not_sent"), f"send {number} not to be sent", tried[number])


def _why_not(number: int, made: Made) -> str:
    if made.skipped is not None:
        return f"skipped: {made.skipped}"
    return made.failed.get(number, "it did not apply: its `when` came to nothing")


def _in_text(hoped: str) -> str:
    """Say of a text what is otherwise said of what is heard."""
    return hoped.replace("not to hear", "not to hold", 1).replace("to hear", "to hold", 1)


def _same_moment(wanted: object, got: object, zone: tzinfo) -> bool:
    try:
        one, other = (datetime.fromisoformat(str(value)) for value in (wanted, got))
    except ValueError:
        return False
    one, other = (x if x.tzinfo else x.replace(tzinfo=zone) for x in (one, other))
    return one == other


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
