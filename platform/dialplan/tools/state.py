"""What a tool may know of the call it runs in. The call's task owns it; tools fill `state`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dialplan.model.voice import Hours
from dialplan.prompts.hours import IN_ENGLISH, Manner, opening
from dialplan.prompts.render import LANGUAGE

NEVER = -1
"""Before the caller's first turn."""


@dataclass(slots=True)
class Agreement:
    """The caller's word on one deed.

    Attributes:
        number: which one it is on the same tool and arguments in this call, from 1.
        until: the turn of the caller that it ends with; None while the deed is not done.
    """

    number: int
    until: int | None = None

    @property
    def done(self) -> bool:
        """Whether the deed was done and a repetition gets its result."""
        return self.until is not None and self.until > NEVER

    def holds(self, turn: int) -> bool:
        """Whether a call of the tool in this turn of the caller is still the deed agreed to."""
        return self.until is None or turn <= self.until


@dataclass(slots=True)
class CallState:
    """One call, as tools see it.

    Attributes:
        now: tells the time, with an offset; the edge's clock, or a fixed moment in conversations.
        hours: when the business is open, None for always.
        manner: in which words and language that is told, and what templates say of moments.
        agent: who is speaking now; follows handoffs.
        digits: what the caller last entered on the keypad.
        caller_turns: how often the caller has finished saying something.
        asked: confirmations put to the caller, with `caller_turns` at that moment.
        agreed: confirmations that the caller has answered.
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
    hours: Hours | None = None
    manner: Manner = IN_ENGLISH
    state: dict[str, object] = field(default_factory=dict, repr=False)
    agent: str = ""
    digits: str = field(default="", repr=False)
    caller_turns: int = 0
    asked: dict[str, int] = field(default_factory=dict, repr=False)
    agreed: dict[str, Agreement] = field(default_factory=dict, repr=False)
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
        hours = opening(self.hours, now, self.manner)
        return {
            "id": self.call_sid,
            "from": self.caller,
            "to": self.called,
            "now": now,
            "digits": self.digits,
            "open": hours.open,
            "hours_today": hours.hours_today,
            "next_opening": hours.next_opening,
        }

    def names(self, declared: Iterable[str]) -> dict[str, object]:
        """What templates may name; state that is `declared` and not known yet is nothing."""
        return {
            **self.variables,
            "state": dict.fromkeys(declared) | self.state,
            "call": self.about(),
            LANGUAGE: self.manner.language,
        }
