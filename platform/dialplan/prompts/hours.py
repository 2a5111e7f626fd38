"""When a business is open, and how a person says so on the phone (English).

Pure: the moment is given, by the business's own clock; public holidays are data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from dialplan.model.voice import DAYS, Hours, Span
from dialplan.prompts.spoken import spoken_date, spoken_time

MOST_DAYS = 370
"""How far ahead an opening is looked for."""

_MIDNIGHT = time(0)


@dataclass(frozen=True, slots=True)
class Opening:
    """What prompts, tools and SQL may know of the hours.

    Attributes:
        open: whether the business is open at this moment.
        hours_today: goes after "today we are": `open from 8 AM to 6 PM`, `closed for Labor Day`.
        next_opening: when it opens next, after this moment: `today at 8 AM`, `tomorrow at 9 AM`,
            `Monday, March 2 at 8 AM`; empty when it never does.
    """

    open: bool
    hours_today: str
    next_opening: str


ALWAYS = Opening(open=True, hours_today="open all day", next_opening="")


def opening(hours: Hours | None, now: datetime) -> Opening:
    """Tell the hours at a moment; without any the business is always open."""
    if hours is None:
        return ALWAYS
    return Opening(
        open=any(_within(span, now.time()) for span in _spans(hours, now.date())),
        hours_today=_today(hours, now.date()),
        next_opening=_next(hours, now),
    )


def _spans(hours: Hours, day: date) -> Sequence[Span]:
    if _holiday(hours, day) is not None:
        return ()
    return sorted(hours.week.get(DAYS[day.weekday()], ()), key=lambda span: span.opens)


def _within(span: Span, at: time) -> bool:
    return span.opens <= at and (at < span.closes or span.closes == _MIDNIGHT)


def _today(hours: Hours, day: date) -> str:
    holiday = _holiday(hours, day)
    if holiday is not None:
        return f"closed for {holiday}"
    spans = _spans(hours, day)
    if not spans:
        return "closed"
    if any(span.opens == span.closes == _MIDNIGHT for span in spans):
        return "open all day"
    said = [f"from {spoken_time(span.opens)} to {_closing(span)}" for span in spans]
    return f"open {' and '.join(said)}"


def _closing(span: Span) -> str:
    return "midnight" if span.closes == _MIDNIGHT else spoken_time(span.closes)


def _next(hours: Hours, now: datetime) -> str:
    for ahead in range(MOST_DAYS):
        day = now.date() + timedelta(days=ahead)
        for span in _spans(hours, day):
            if (ahead or span.opens > now.time()) and not _goes_on(hours, day, span):
                return f"{_day(day, ahead)} at {spoken_time(span.opens)}"
    return ""


def _goes_on(hours: Hours, day: date, span: Span) -> bool:
    """Whether a stretch only goes on with the one before: over midnight, or minute to minute."""
    if span.opens != _MIDNIGHT:
        return any(other.closes == span.opens for other in _spans(hours, day))
    before = _spans(hours, day - timedelta(days=1))
    return bool(before) and before[-1].closes == _MIDNIGHT


def _day(day: date, ahead: int) -> str:
    return ("today", "tomorrow")[ahead] if ahead < 2 else spoken_date(day)


def _holiday(hours: Hours, day: date) -> str | None:
    if hours.holidays is None:
        return None
    name = _holidays(hours.holidays, day.year).get(day)
    return None if name is None else name.partition(" (")[0]


@lru_cache(maxsize=256)
def _holidays(region: str, year: int) -> Mapping[date, str]:
    # 0.1 s to import, which hours without holidays do without.
    import holidays

    country, _, part = region.partition("-")
    try:
        return dict(
            holidays.country_holidays(country, subdiv=part or None, years=year, language="en_US")
        )
    except NotImplementedError:
        # The package knows some countries in their own language only; load time checks the rest.
        return dict(holidays.country_holidays(country, subdiv=part or None, years=year))
