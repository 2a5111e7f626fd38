"""The seed language: rows for demos and conversations, with moments counted from today.

A seed is a mapping of tables to lists of rows. Texts such as `today`, `today+1 09:00` and
`today-30` stand for dates and moments by the clock of the business; all else is as written.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_RELATIVE = re.compile(r"^today(?P<days>[+-][0-9]{1,4})?(?: (?P<clock>[0-2][0-9]:[0-5][0-9]))?$")


def day_of(written: str, *, today: date) -> date:
    """The day that `today+1` or `2026-03-02` names."""
    found = _RELATIVE.match(written)
    if found is None:
        return date.fromisoformat(written)
    return today + timedelta(days=int(found["days"] or 0))


def moment_of(written: str, *, today: date, zone: ZoneInfo) -> datetime:
    """The moment that `today+1 09:00` or `2026-03-02 09:00` names, by the clock of `zone`."""
    found = _RELATIVE.match(written)
    if found is None:
        moment = datetime.fromisoformat(written)
        return moment if moment.tzinfo else moment.replace(tzinfo=zone)
    clock = time.fromisoformat(found["clock"] or "00:00")
    return datetime.combine(day_of(written, today=today), clock, tzinfo=zone)
