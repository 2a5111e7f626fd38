"""What API and console both show: this process's state, its lines, calls now and calls past."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dialplan.errors import StoreError
from dialplan.runtime.clock import Clock
from dialplan.runtime.live import LiveCall, LiveCalls
from dialplan.runtime.service import Service
from dialplan.store.facts import CallBegan
from dialplan.store.past_calls import Cursor, Page, PastCall, Wanted, find_calls, read_call
from dialplan.store.presence import RunningCall

log = logging.getLogger(__name__)

MOST_TEXT = 200
DEFAULT_LIMIT = 50


class Misasked(Exception):
    """The question cannot be understood; the message says which part and what it takes."""


@dataclass(frozen=True, slots=True)
class Looking:
    """Answers questions about one process; asks the database for what others have."""

    service: Service
    clock: Clock

    @property
    def live(self) -> LiveCalls:
        """The calls of this process."""
        return self.service.live

    async def problems(self) -> list[str]:
        """Return why this process should get no calls now; empty when it is ready."""
        return await self.service.switchboard.problems(self.service.database.ping)

    async def page(self, wanted: Wanted) -> Page:
        """Return a page of calls, the newest first. Raises StoreError."""
        return await find_calls(self.service.past_calls, wanted)

    async def running(self) -> list[LiveCall]:
        """Return the calls that are up, of this process and of the others, the newest first.

        Without an answer of the database it is those of this process.
        """
        own = self.live.running()
        mine = {one.began.call_sid for one in own}
        try:
            found = await self.service.switchboard.registry.elsewhere()
        except StoreError as exc:
            log.warning("calls of other processes not listed", extra={"reason": str(exc)})
            found = []
        others = [elsewhere(one) for one in found if one.call_sid not in mine]
        return sorted([*own, *others], key=lambda one: one.began.at, reverse=True)

    async def call(self, call_sid: str) -> tuple[LiveCall | PastCall, bool] | None:
        """Return a call and whether it is up now; None when nobody knows it. Raises StoreError."""
        live = self.live.call(call_sid)
        if live is not None and live.ended is None:
            return live, True
        if live is None:
            there = await self.service.switchboard.registry.elsewhere()
            up = next((elsewhere(one) for one in there if one.call_sid == call_sid), None)
            if up is not None:
                # What it has said so far is in the database, a moment late.
                so_far = await read_call(self.service.past_calls, call_sid)
                if so_far is not None:
                    up.facts += so_far.facts
                    up.left_out += so_far.left_out
                return up, True
        try:
            past = await read_call(self.service.past_calls, call_sid)
        except StoreError:
            if live is None:
                raise
            past = None
        # The last facts of a call that has just ended may still be on their way to the database.
        if live is not None and (past is None or len(past.facts) < len(live.facts)):
            return live, False
        return None if past is None else (past, False)


def elsewhere(call: RunningCall) -> LiveCall:
    """Return a call of another process, as far as the registry knows it."""
    began = CallBegan(
        call.call_sid,
        0,
        call.since,
        tenant=call.tenant,
        vertical=call.vertical,
        version=call.version,
        caller=call.caller,
        called=call.called,
    )
    return LiveCall(began, process=call.process)


def wanted_from(
    query: Mapping[str, str], zone: ZoneInfo, *, parse: Callable[[str], Cursor] = Cursor.parse
) -> Wanted:
    """Read which calls are wanted from a query; a time without a zone is one of `zone`.

    Raises:
        Misasked: a value cannot be read.
    """
    before = _text(query, "before")
    try:
        cursor = None if before is None else parse(before)
    except ValueError as exc:
        raise Misasked(f"`before`: {exc}") from exc
    return Wanted(
        tenant=_text(query, "tenant"),
        vertical=_text(query, "vertical"),
        number=_number(_text(query, "number")),
        since=_time(query, "from", zone),
        until=_time(query, "to", zone, end_of_day=True),
        before=cursor,
        limit=_limit(_text(query, "limit")),
    )


def _text(query: Mapping[str, str], name: str) -> str | None:
    value = query.get(name, "").strip()
    if len(value) > MOST_TEXT or "\0" in value:
        raise Misasked(f"`{name}`: expected at most {MOST_TEXT} characters of text")
    return value or None


def _number(value: str | None) -> str | None:
    if value is None:
        return None
    digits = value.translate(str.maketrans("", "", " -().\u00a0"))
    # A plus sign that nobody escaped arrives as a space.
    return f"+{digits}" if digits.isascii() and digits.isdecimal() else digits


def _time(
    query: Mapping[str, str], name: str, zone: ZoneInfo, *, end_of_day: bool = False
) -> datetime | None:
    value = _text(query, name)
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(value)
        if at.tzinfo is None:
            at = at.replace(tzinfo=zone)
        whole_day = len(value) == len("2026-01-31")
        return at + timedelta(days=1) if whole_day and end_of_day else at
    except (ValueError, OverflowError) as exc:
        raise Misasked(
            f"`{name}`: expected a day or a time as 2026-01-31 or 2026-01-31T09:30:00Z"
        ) from exc


def _limit(value: str | None) -> int:
    if value is None:
        return DEFAULT_LIMIT
    if not (value.isascii() and value.isdecimal() and 1 <= int(value[:6]) <= 200):
        raise Misasked("`limit`: expected a number from 1 to 200")
    return int(value)
