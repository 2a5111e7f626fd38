"""How the console says things: times in the reader's zone, durations, reasons. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dialplan.runtime.live import LiveCall
from dialplan.store.after_calls import AfterCallRow, SendRow
from dialplan.store.facts import CallEnded, Fact, HandedOff, ToolRan, TurnSpoken, TurnTimed
from dialplan.store.past_calls import CallRow, PastCall

FOLLOWED_S = 60
"""How long after a call's end its page looks for what follows, in seconds."""
ZONE_COOKIE = "dialplan_zone"
_ZONE = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}")

REASONS = {
    "caller": "the caller hung up",
    "agent": "the agent ended it",
    "silence": "nobody spoke any more",
    "call_limit": "the call had reached its longest",
    "transferred": "the caller was put through",
    "failed": "it failed; the log says why",
    "inbox_full": "this server was too busy",
    "stream_lost": "the connection to the carrier broke",
    "carrier_stalled": "the carrier took no more audio",
    "server_lost": "the server that had it was lost",
}
# Answers by the tool's own rules: nothing broke, and nothing was done.
OTHER = frozenset({"confirm", "not_found", "refused"})


def zone_of(cookies: Mapping[str, str]) -> ZoneInfo:
    """Return the zone that the reader's browser told, else UTC."""
    name = cookies.get(ZONE_COOKIE, "").replace("%2F", "/")
    if not _ZONE.fullmatch(name):
        return ZoneInfo("UTC")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def clock(at: datetime, zone: ZoneInfo) -> str:
    """Return the time of day, to the second."""
    return at.astimezone(zone).strftime("%H:%M:%S")


def day(at: datetime, zone: ZoneInfo) -> str:
    """Return the day."""
    return at.astimezone(zone).strftime("%a %d %b %Y")


def iso(at: datetime) -> str:
    """Return a time for machines."""
    return at.isoformat()


def duration(ms: float | None) -> str:
    """Return how long something took: `0:07`, `12:30`, `1:02:03`."""
    if ms is None:
        return ""
    seconds = max(0, int(ms // 1000))
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def since(at: datetime, began: datetime) -> str:
    """Return how far into a call something happened."""
    return duration((at - began).total_seconds() * 1000)


def reason(code: str | None) -> str:
    """Return why a call ended, as people say it."""
    if code is None:
        return "its end is not written down yet"
    return REASONS.get(code, f"the model was lost ({code})")


def label(name: str) -> str:
    """Return an agent's, a tool's or a vertical's name with spaces."""
    return name.replace("_", " ")


def arguments(values: Mapping[str, object]) -> str:
    """Return a tool's arguments as indented JSON."""
    return json.dumps(dict(values), ensure_ascii=False, indent=2, default=str)


def kind(fact: Fact) -> str:
    """Return what a fact is to a template."""
    match fact:
        case TurnSpoken():
            return "turn"
        case ToolRan():
            return "tool"
        case HandedOff():
            return "handoff"
        case TurnTimed():
            return "timing"
        case CallEnded():
            return "ended"
        case _:
            return "began"


def waited(turn: TurnTimed) -> str:
    """Return how long somebody waited in a turn, in a few words; empty where nobody did."""
    words = []
    if turn.answer_ms is not None and turn.number:
        words.append(f"answered {turn.waited_ms} ms after the caller's last word")
    elif turn.answer_ms is not None:
        words.append(f"first word {turn.answer_ms} ms after the call came in")
    elif turn.asked_ms is not None:
        words.append("not answered")
    if turn.stop_ms is not None:
        words.append(f"cut in: the agent was stopped in {turn.stop_ms:.0f} ms")
    return "; ".join(words)


def shares(turn: TurnTimed) -> list[tuple[str, str]]:
    """Return what the wait was made of, as (name, milliseconds)."""
    if turn.model_ms is None or turn.bridge_ms is None:
        return []
    parts = [] if turn.pause_ms is None else [("pause", f"{turn.pause_ms}")]
    parts.append(("model", f"{turn.model_ms - turn.tool_wait_ms:.0f}"))
    if turn.tool_wait_ms:
        parts.append(("tools", f"{turn.tool_wait_ms:.0f}"))
    return [*parts, ("bridge", f"{turn.bridge_ms:.1f}")]


def outcome(status: str) -> str:
    """Return how a tool's run is to look: done, not done by its own rules, or broken."""
    return "fine" if status == "ok" else "other" if status in OTHER else "bad"


def field_value(value: object) -> str:
    """Return a fact that was read out of a call."""
    match value:
        case None:
            return "not said"
        case bool():
            return "yes" if value else "no"
        case _:
            return str(value)


def read_as(row: AfterCallRow) -> str:
    """Return how far the reading of a call is."""
    match row.status:
        case "waiting":
            return "Not read yet" + (f": {row.reason}." if row.reason else ".")
        case "skipped":
            return f"Nothing was read out of this call: {row.reason}."
        case "failed":
            return f"This call could not be read: {row.reason}."
        case "done":
            return f"Read by {row.model}."


def send_outcome(send: SendRow) -> str:
    """Return how a request is to look: done, not done yet, or never."""
    return {"sent": "fine", "waiting": "other", "failed": "bad"}[send.status]


def more_to_come(call: LiveCall | PastCall, now: datetime) -> bool:
    """Whether a page that was watched until the call's end should look for what follows it."""
    row = call.row if isinstance(call, PastCall) else call.ended
    ended_at = row.ended_at if isinstance(row, CallRow) else None if row is None else row.at
    if ended_at is None or (now - ended_at).total_seconds() > FOLLOWED_S:
        return False
    return isinstance(call, LiveCall) or (call.after is not None and not call.after.settled)


def summary(call: LiveCall | PastCall) -> Mapping[str, Any]:
    """Return a call's own data, wherever it comes from."""
    if isinstance(call, PastCall):
        return _row(call.row) | {"speaking": None, "tools": [], "process": ""}
    began, ended = call.began, call.ended
    row = CallRow(
        began.call_sid,
        began.tenant,
        began.vertical,
        began.version or None,
        began.caller,
        began.called,
        began.at,
        None if ended is None else ended.at,
        None if ended is None else ended.reason,
        None if ended is None else ended.duration_ms,
    )
    return _row(row) | {"speaking": call.speaking, "tools": call.tools, "process": call.process}


def _row(row: CallRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in CallRow.__dataclass_fields__}


FILTERS: dict[str, Callable[..., object]] = {
    "clock": clock,
    "day": day,
    "iso": iso,
    "duration": duration,
    "since": since,
    "reason": reason,
    "label": label,
    "arguments": arguments,
    "kind": kind,
    "outcome": outcome,
    "waited": waited,
    "shares": shares,
    "field_value": field_value,
    "read_as": read_as,
    "send_outcome": send_outcome,
}
