"""What the log is told of a tool's run: who, which, and why it failed. Never the caller's words."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError

from dialplan.errors import DialplanError
from dialplan.tools.state import CallState


def facts_of(name: str, call: CallState, error: Exception) -> dict[str, object]:
    """What the log says of a run that went wrong."""
    # What Postgres or a service says may repeat the caller's values: only its kind is logged.
    reason: str = type(error).__name__
    if isinstance(error, DBAPIError):
        reason = f"{reason} {getattr(error.orig, 'sqlstate', '') or ''}".strip()
    elif isinstance(error, DialplanError):
        reason = str(error)
    return {**who_ran(name, call), "reason": reason}


def who_ran(name: str, call: CallState) -> dict[str, object]:
    """What the log says of every run."""
    return {"call_sid": call.call_sid, "agent": call.agent, "tool": name[:64]}
