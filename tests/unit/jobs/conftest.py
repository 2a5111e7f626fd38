"""A call that is over, for tests of what is done then."""

from datetime import UTC, datetime, timedelta

from dialplan.store.facts import CallBegan, CallEnded, Fact, HandedOff, ToolRan, TurnSpoken

BEGAN = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
LINE, CALLER = "+15550100001", "+15550107788"


def facts(*said: tuple[str, str], duration_ms: int = 60_000) -> list[Fact]:
    """Return the facts of a call: who (`caller`, or an agent) said what."""
    made: list[Fact] = [
        CallBegan(
            "CA1",
            0,
            BEGAN,
            tenant="lakeside",
            vertical="clinic",
            version="v1",
            caller=CALLER,
            called=LINE,
        )
    ]
    for who, text in said:
        seq = len(made)
        at = BEGAN + timedelta(seconds=seq)
        match who:
            case "caller":
                made.append(TurnSpoken("CA1", seq, at, "caller", "", text))
            case "tool":
                given = {"slot_id": 3}
                made.append(ToolRan("CA1", seq, at, "reception", text, given, "ok", 12.5))
            case "handoff":
                made.append(HandedOff("CA1", seq, at, "reception", text))
            case _:
                made.append(TurnSpoken("CA1", seq, at, "agent", who, text, 900))
    ended = BEGAN + timedelta(milliseconds=duration_ms)
    made.append(CallEnded("CA1", len(made), ended, reason="caller", duration_ms=duration_ms))
    return made
