"""A call that is over, as what is done after it may know it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dialplan.model.after_call import AfterCall
from dialplan.model.shape import Json
from dialplan.model.vertical import Vertical
from dialplan.prompts.render import LANGUAGE
from dialplan.store.facts import CallBegan, CallEnded, Fact, HandedOff, ToolRan, TurnSpoken

NOTHING_SAID = "the caller said nothing"


@dataclass(frozen=True, slots=True)
class OverCall:
    """A call from its first record to its last.

    Attributes:
        version: of the vertical that served it.
        caller: the number that called, E.164.
        called: the line, E.164.
        duration_ms: its length in milliseconds.
        reason: why it ended.
        state: what it knew at its end.
    """

    call_sid: str
    tenant: str
    vertical: str
    version: str
    caller: str = field(repr=False)
    called: str
    began_at: datetime
    ended_at: datetime
    duration_ms: int
    reason: str
    turns: Sequence[TurnSpoken] = field(default=(), repr=False)
    tools: Sequence[ToolRan] = field(default=(), repr=False)
    handoffs: Sequence[HandedOff] = ()
    state: Mapping[str, Json] = field(default_factory=dict, repr=False)

    @property
    def agent(self) -> str:
        """Who spoke last; empty where no agent was heard."""
        return next((one.agent for one in reversed(self.turns) if one.speaker == "agent"), "")


def over_call(facts: Iterable[Fact], state: Mapping[str, Json]) -> OverCall | None:
    """Return a call from its facts, nothing where its beginning or its end is not among them."""
    began: CallBegan | None = None
    ended: CallEnded | None = None
    turns: list[TurnSpoken] = []
    tools: list[ToolRan] = []
    handoffs: list[HandedOff] = []
    for fact in facts:
        match fact:
            case CallBegan():
                began = fact
            case CallEnded():
                ended = fact
            case TurnSpoken():
                turns.append(fact)
            case ToolRan():
                tools.append(fact)
            case HandedOff():
                handoffs.append(fact)
            case _:
                pass
    if began is None or ended is None:
        return None
    return OverCall(
        call_sid=began.call_sid,
        tenant=began.tenant,
        vertical=began.vertical,
        version=began.version,
        caller=began.caller,
        called=began.called,
        began_at=began.at,
        ended_at=ended.at,
        duration_ms=ended.duration_ms,
        reason=ended.reason,
        turns=turns,
        tools=tools,
        handoffs=handoffs,
        state=dict(state),
    )


def skip_reason(after: AfterCall, call: OverCall) -> str | None:
    """Return why nothing is read out of a call, None where something is."""
    if not any(one.speaker == "caller" and one.text.strip() for one in call.turns):
        return NOTHING_SAID
    shortest = after.skip_when.shorter_than.total_seconds()
    if call.duration_ms < shortest * 1000:
        return f"shorter than {shortest:g} s"
    return None


def about_call(
    call: OverCall, vertical: Vertical, variables: Mapping[str, object]
) -> dict[str, object]:
    """Return what templates see of a call: `call.`, `state.`, `transcript` and the variables."""
    zone = zone_of(variables)
    return {
        **variables,
        # A name that the call never came to know is nothing, not an error.
        "state": {**dict.fromkeys(vertical.state), **call.state},
        "transcript": transcript_of(call),
        "call": {
            "sid": call.call_sid,
            "from": call.caller,
            "to": call.called,
            "tenant": call.tenant,
            "vertical": call.vertical,
            "began_at": call.began_at.astimezone(zone),
            "ended_at": call.ended_at.astimezone(zone),
            "duration_s": round(call.duration_ms / 1000),
            "reason": call.reason,
            "agent": call.agent,
        },
        LANGUAGE: vertical.voice.languages.default,
    }


def transcript_of(call: OverCall) -> str:
    """Return what was heard in a call, a line for each turn."""
    return "\n".join(
        f"{'Caller' if one.speaker == 'caller' else 'Agent'}: {' '.join(one.text.split())}"
        for one in call.turns
    )


def zone_of(variables: Mapping[str, object]) -> tzinfo:
    """Return a tenant's time zone: the variable `timezone`, or UTC."""
    try:
        return ZoneInfo(str(variables.get("timezone") or "UTC"))
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
