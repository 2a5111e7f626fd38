"""The day and hour of a business as its prompt tells them: it may be another day where we run.

It must not guess: a prompt that tells no moment near ours tells none.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from dialplan.emulators.rehearsal.dates import find_when

FARTHEST = timedelta(hours=30)
"""No clock on earth is farther from another; a call that goes on for hours is within it too."""

_MONTHS = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sep|oct|nov|dec)[a-z]*\.?"
_WEEKDAYS = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_HOUR = r"\d{1,2}(?::\d\d)? ?[ap]\.?m\.?,? (?:on )?"
_DATE = (
    rf"(?:{_HOUR})?(?:{_WEEKDAYS},? )?(?:the )?"
    rf"(?:{_MONTHS} \d|\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{_MONTHS}\b)"
)
# `Tuesday, March 3 at 9 AM`, `9 AM on the 3rd of March`, `2026-03-03T09:00`; a weekday tells less.
_TOLD = re.compile(
    r"\b(?:it is|it's|"
    r"(?:current |local |today's )?(?:date and time|date|time|today|now) ?(?:is|:))"
    rf"(?: now| currently)? (?P<said>(?:\d{{4}}-\d\d-\d\d|{_DATE})[^.\n]{{0,40}})",
    re.IGNORECASE,
)
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d)?")


def local_now(prompt: str, now: datetime) -> datetime:
    """Return the moment that a prompt tells, `now` where it tells none that is near.

    Args:
        prompt: the instructions of a session.
        now: the moment by the clock of this machine.
    """
    for found in _TOLD.finditer(prompt):
        told = _moment(found["said"], now)
        if told is not None and abs(told - now) <= FARTHEST:
            return told
    return now


def _moment(said: str, now: datetime) -> datetime | None:
    """Return a moment under the zone of `now`, with the hour of the business."""
    if iso := _ISO.match(said):
        try:
            told = datetime.fromisoformat(iso[0])
        except ValueError:
            return None
        hour = told.time() if len(iso[0]) > 10 else now.time()
        return datetime.combine(told.date(), hour, now.tzinfo)
    when = find_when(said, now)
    if when.start is None:
        return None
    day = when.start if when.year_said else _nearest(when.start, now.date())
    hour = when.at if when.at is not None and when.until is None else now.time()
    return datetime.combine(day, hour, now.tzinfo)


def _nearest(day: date, to: date) -> date:
    """Return the day of that month and number that is nearest: the next may be a year away."""
    before = (day - timedelta(days=365), day - timedelta(days=366))
    alike = [one for one in before if (one.month, one.day) == (day.month, day.day)]
    return min([day, *alike], key=lambda one: abs(one - to))
