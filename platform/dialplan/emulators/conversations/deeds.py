"""What the caller of a conversation does in each turn, as the lines of a scripted caller. Pure."""

from __future__ import annotations

from datetime import timedelta

from dialplan.emulators.twilio.caller import Line
from dialplan.model.conversation import Conversation, Turn

CUT_IN_MS = 600
"""How far into the agent's words a caller cuts in, where it is not said."""


def line_of(turn: Turn) -> Line:
    """Return what the caller does in a turn."""
    cut: int | None = None
    if isinstance(turn.interrupts, timedelta):
        cut = milliseconds(turn.interrupts)
    elif turn.interrupts:
        cut = CUT_IN_MS
    return Line(
        turn.caller or "",
        digits=turn.keys or "",
        after_ms=cut,
        silent_ms=0 if turn.silence is None else milliseconds(turn.silence),
        hangs_up=turn.hangs_up,
    )


def deed(turn: Turn) -> str:
    """Return what the caller does in a turn, for a reader."""
    if turn.silence is not None:
        return f"caller: says nothing for {turn.silence.total_seconds():g} s"
    if turn.caller is None:
        return "caller: " + (f"presses {turn.keys}" if turn.keys else "hangs up")
    return f"caller: {turn.caller}"


def cutting(conversation: Conversation) -> frozenset[int]:
    """Return the turns (from 0) that are said into the agent's words."""
    turns = enumerate(conversation.turns)
    return frozenset(index for index, turn in turns if turn.interrupts is not False)


def next_cuts(conversation: Conversation, said: int) -> bool:
    """Tell whether the next turn, after `said` of them, cuts in."""
    turns = conversation.turns
    return said < len(turns) and turns[said].interrupts is not False


def milliseconds(length: timedelta) -> int:
    """Return a length of time in whole milliseconds."""
    return round(length.total_seconds() * 1000)
