from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from dialplan.model.seed import day_of, moment_of

TODAY = date(2026, 3, 7)
CHICAGO = ZoneInfo("America/Chicago")


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("today", TODAY),
        ("today+1", date(2026, 3, 8)),
        ("today-7", date(2026, 2, 28)),
        ("1985-05-04", date(1985, 5, 4)),
    ],
)
def test_days_count_from_today(written: str, day: date) -> None:
    assert day_of(written, today=TODAY) == day


def test_a_moment_is_by_the_clock_of_the_business_also_when_the_clock_changes() -> None:
    before = moment_of("today 09:00", today=TODAY, zone=CHICAGO)
    after = moment_of("today+1 09:00", today=TODAY, zone=CHICAGO)

    assert before.astimezone(UTC) == datetime(2026, 3, 7, 15, tzinfo=UTC)
    assert after.astimezone(UTC) == datetime(2026, 3, 8, 14, tzinfo=UTC)


def test_a_moment_may_be_written_out() -> None:
    moment = moment_of("2026-03-02 09:00", today=TODAY, zone=CHICAGO)

    assert moment == datetime(2026, 3, 2, 9, tzinfo=CHICAGO)


def test_what_is_no_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="Invalid isoformat"):
        moment_of("tomorrow", today=TODAY, zone=CHICAGO)
