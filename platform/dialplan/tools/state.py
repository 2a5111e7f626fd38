"""What a tool may know of the call it runs in. The call's task owns it; tools fill `state`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


@dataclass(slots=True)
class CallState:
    """One call, as tools see it.

    Attributes:
        now: tells the time, with an offset; the edge's clock, or a fixed moment in conversations.
        agent: who is speaking now; follows handoffs.
        caller_turns: how often the caller has finished saying something.
        asked: confirmations put to the caller, with `caller_turns` at that moment.
        released: confirmations that the caller has answered.
        locks: one for each idempotent run, so that two at once do the work once.
    """

    call_sid: str
    tenant: str
    vertical: str
    caller: str = field(repr=False)
    called: str
    now: Callable[[], datetime] = field(repr=False)
    variables: Mapping[str, object] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    state: dict[str, object] = field(default_factory=dict, repr=False)
    agent: str = ""
    caller_turns: int = 0
    asked: dict[str, int] = field(default_factory=dict, repr=False)
    released: set[str] = field(default_factory=set, repr=False)
    locks: dict[str, asyncio.Lock] = field(default_factory=dict, repr=False)

    @property
    def timezone(self) -> str:
        """The tenant's time zone: the variable `timezone`, or UTC."""
        return str(self.variables.get("timezone") or "UTC")

    @property
    def zone(self) -> tzinfo:
        """The tenant's time zone, to calculate with."""
        try:
            return ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError):
            return ZoneInfo("UTC")

    def about(self) -> dict[str, object]:
        """What stands under `call.` in templates and SQL; times are the tenant's."""
        now = self.now().astimezone(self.zone)
        return {"id": self.call_sid, "from": self.caller, "to": self.called, "now": now}
