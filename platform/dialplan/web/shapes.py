"""The JSON shapes of the API. Times are ISO 8601 in UTC; what is not known is null."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, assert_never

from dialplan.runtime.directory import Line
from dialplan.runtime.live import LiveCall, Lost, Moment, Speaking, ToolBegan
from dialplan.store.after_calls import AfterCallRow
from dialplan.store.facts import (
    CallBegan,
    CallEnded,
    Fact,
    HandedOff,
    ToolRan,
    TurnSpoken,
    TurnTimed,
)
from dialplan.store.past_calls import CallRow, PastCall

Shape = dict[str, Any]


def time(at: datetime | None) -> str | None:
    """Return a time as text."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def line(one: Line) -> Shape:
    """Return a line."""
    vertical = one.vertical.vertical
    return {
        "number": one.number,
        "tenant": one.tenant,
        "vertical": vertical.name,
        "title": vertical.title,
        "agents": list(vertical.agents),
        "entry": vertical.entry,
    }


def row(one: CallRow) -> Shape:
    """Return a call without what happened in it."""
    return {
        "call_sid": one.call_sid,
        "tenant": one.tenant,
        "vertical": one.vertical,
        "version": one.version,
        "caller": one.caller,
        "called": one.called,
        "began_at": time(one.began_at),
        "ended_at": time(one.ended_at),
        "reason": one.reason,
        "duration_ms": one.duration_ms,
    }


def live_row(one: LiveCall) -> Shape:
    """Return a call that is up, with who speaks and which tools work."""
    began, ended = one.began, one.ended
    speaking = one.speaking
    return {
        "call_sid": began.call_sid,
        "tenant": began.tenant,
        "vertical": began.vertical,
        "version": began.version or None,
        "caller": began.caller,
        "called": began.called,
        "began_at": time(began.at),
        "ended_at": time(None if ended is None else ended.at),
        "reason": None if ended is None else ended.reason,
        "duration_ms": None if ended is None else ended.duration_ms,
        "speaking": None if speaking is None or not speaking.who else speaking.who,
        "agent": None if speaking is None or not speaking.agent else speaking.agent,
        "tools": [tool.tool for tool in one.tools],
        "process": one.process or None,
    }


def whole(call: LiveCall | PastCall, *, running: bool) -> Shape:
    """Return a call with its turns, tool calls, handoffs and where the time went."""
    summary = live_row(call) if isinstance(call, LiveCall) else row(call.row)
    return {
        **summary,
        "running": running,
        "turns": _of(call.facts, TurnSpoken),
        "tool_calls": _of(call.facts, ToolRan),
        "handoffs": _of(call.facts, HandedOff),
        "timings": _of(call.facts, TurnTimed),
        "left_out": bool(call.left_out),
        "after": None if isinstance(call, LiveCall) or call.after is None else after(call.after),
    }


def after(one: AfterCallRow) -> Shape:
    """Return what was read out of a call, and what became of each request that follows it."""
    return {
        "status": one.status,
        "reason": one.reason,
        "fields": None if one.fields is None else dict(one.fields),
        "model": one.model,
        "read_at": time(one.read_at),
        "tries": one.tries,
        "sends": [
            {
                "number": send.number,
                "target": send.target,
                "status": send.status,
                "tries": send.tries,
                "reason": send.reason,
                "at": time(send.at),
            }
            for send in one.sends
        ],
    }


def moment(one: Moment | Lost) -> tuple[str, Shape]:
    """Return a moment's name in the live feed, and its data."""
    match one:
        case CallBegan():
            return "began", {
                **_head(one),
                "tenant": one.tenant,
                "vertical": one.vertical,
                "version": one.version,
                "caller": one.caller,
                "called": one.called,
            }
        case CallEnded():
            return "ended", {**_head(one), "reason": one.reason, "duration_ms": one.duration_ms}
        case TurnSpoken() | ToolRan() | HandedOff() | TurnTimed():
            return _NAMES[type(one)], {"call_sid": one.call_sid, **_fact(one)}
        case ToolBegan(call_sid, at, agent, tool):
            return "tool_began", {
                "call_sid": call_sid,
                "at": time(at),
                "agent": agent,
                "tool": tool,
            }
        case Speaking(call_sid, at, who, agent):
            return "speaking", {
                "call_sid": call_sid,
                "at": time(at),
                "who": who or None,
                "agent": agent or None,
            }
        case Lost(reason):
            return "lost", {"reason": reason}
        case _:
            assert_never(one)


_Kind = type[TurnSpoken | ToolRan | HandedOff | TurnTimed]
_NAMES: Mapping[_Kind, str] = {
    TurnSpoken: "turn",
    ToolRan: "tool",
    HandedOff: "handoff",
    TurnTimed: "timing",
}


def _of(facts: Sequence[Fact], kind: _Kind) -> list[Shape]:
    return [_fact(one) for one in facts if isinstance(one, kind)]


def _head(fact: CallBegan | CallEnded) -> Shape:
    return {"call_sid": fact.call_sid, "seq": fact.seq, "at": time(fact.at)}


def _fact(fact: Fact) -> Shape:
    stamp = {"seq": fact.seq, "at": time(fact.at)}
    match fact:
        case TurnSpoken():
            return {
                **stamp,
                "speaker": fact.speaker,
                "agent": fact.agent or None,
                "text": fact.text,
                "heard_ms": fact.heard_ms,
            }
        case ToolRan():
            return {
                **stamp,
                "agent": fact.agent,
                "tool": fact.tool,
                "arguments": dict(fact.arguments),
                "status": fact.status,
                "ms": fact.ms,
            }
        case HandedOff():
            return {**stamp, "source": fact.source, "target": fact.target}
        case TurnTimed():
            return {
                **stamp,
                "number": fact.number,
                "cause": fact.cause,
                "agent": fact.agent or None,
                "asked_ms": fact.asked_ms,
                "pause_ms": fact.pause_ms,
                "answer_ms": fact.answer_ms,
                "waited_ms": fact.waited_ms,
                "model_ms": fact.model_ms,
                "bridge_ms": fact.bridge_ms,
                "tool_ms": fact.tool_ms,
                "tool_wait_ms": fact.tool_wait_ms,
                "stop_ms": fact.stop_ms,
                "cancelled": fact.cancelled,
                "tools": [dict(one) for one in fact.tools],
                "handoffs": [dict(one) for one in fact.handoffs],
            }
        case _:
            return stamp
