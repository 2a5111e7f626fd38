"""A call as it begins: what is known of it from its line alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from dialplan.prompts.hours import Manner
from dialplan.runtime.directory import Line
from dialplan.tools.state import CallState


def new_call(
    line: Line,
    *,
    call_sid: str,
    caller: str,
    now: Callable[[], datetime],
    state: dict[str, object] | None = None,
) -> CallState:
    """Return a call of a line that its entry agent takes; `now` tells the time with an offset."""
    vertical = line.vertical.vertical
    return CallState(
        call_sid=call_sid,
        tenant=line.tenant,
        vertical=vertical.name,
        caller=caller,
        called=line.number,
        now=now,
        variables=line.variables,
        secrets=line.secrets,
        hours=vertical.hours,
        manner=Manner.of(vertical.voice),
        state={} if state is None else state,
        agent=vertical.entry,
    )
