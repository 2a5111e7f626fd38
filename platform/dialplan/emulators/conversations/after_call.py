"""What is made of a conversation's call once it is over, by the functions that calls really get.

Only what repeats and outlives a process is missing: each send is tried once, here and now.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import cast

from dialplan.emulators.conversations.after_outcomes import Made
from dialplan.engines.text.extraction import TextModel
from dialplan.errors import ToolError, TryLater
from dialplan.jobs.over import OverCall, zone_of
from dialplan.jobs.reading import Reader, names_of, over_call, skip_reason
from dialplan.jobs.sending import due, send
from dialplan.model.conversation import Conversation
from dialplan.model.shape import Json
from dialplan.runtime.directory import Line
from dialplan.store.facts import Fact
from dialplan.tools.http import HttpCaller
from dialplan.tools.values import plain

AFTER_S = 60.0
"""How long it may take to read a call and to send, in seconds."""


def asks(conversation: Conversation) -> bool:
    """Whether a conversation wants to know what is made of its call."""
    return any(check.after_call is not None for check in conversation.then)


async def made_of(
    facts: Sequence[Fact],
    state: Mapping[str, object],
    line: Line,
    *,
    model: TextModel,
    private_hosts: Iterable[str],
    hurry_ms: int = 0,
) -> Made:
    """Read a call and send what applies.

    Args:
        facts: all that was noted of it.
        state: what it knew at its end.
        line: the number that answered it.
        model: who reads; closed in the end.
        private_hosts: where services may be that are not public.
        hurry_ms: how much longer people take for a word than was taken in this call, in
            milliseconds: `skip_when` means the length of a call as people hold it.
    """
    known = cast("dict[str, Json]", plain(state, zone_of(line.variables)))
    call = over_call(facts, known)
    http = HttpCaller(private_hosts=private_hosts)
    try:
        if call is None:
            return Made(trouble="the call has no end, so nothing is made of it")
        words = sum(len(turn.text.split()) for turn in call.turns)
        call = replace(call, duration_ms=call.duration_ms + words * hurry_ms)
        async with asyncio.timeout(AFTER_S):
            return await _made(call, line, Reader(model), http)
    except TimeoutError:
        return Made(trouble=f"it took longer than {AFTER_S:g} s")
    finally:
        await http.close()
        await model.close()


async def _made(call: OverCall, line: Line, reader: Reader, http: HttpCaller) -> Made:
    after = line.vertical.vertical.after_call
    if after is None:
        return Made(trouble="the vertical has no `after_call`")
    why = skip_reason(after, call)
    if why is not None:
        return Made(skipped=why)
    try:
        fields = (await reader.read(call, line.vertical, line.variables)).fields
    except (TryLater, ToolError) as error:
        return Made(trouble=f"it could not be read: {error}")
    sent: list[int] = []
    failed: dict[int, str] = {}
    for number in due(after, names_of(call, line, fields)):
        try:
            await send(number, call, line, fields, http)
            sent.append(number)
        except (TryLater, ToolError) as error:
            failed[number] = str(error)
    return Made(fields=fields, sent=tuple(sent), failed=failed)
