from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dialplan.web.console import wording

AT = datetime(2026, 3, 2, 23, 30, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ms", "said"),
    [(None, ""), (0, "0:00"), (7_999, "0:07"), (750_000, "12:30"), (3_723_000, "1:02:03")],
)
def test_durations_are_written_as_on_a_clock(ms: int | None, said: str) -> None:
    assert wording.duration(ms) == said


def test_what_was_noted_before_its_call_began_stands_at_its_beginning() -> None:
    assert wording.since(AT - timedelta(seconds=1), AT) == "0:00"


def test_times_are_those_of_the_reader() -> None:
    zone = ZoneInfo("Asia/Tokyo")

    assert wording.clock(AT, zone) == "08:30:05"
    assert wording.day(AT, zone) == "Tue 03 Mar 2026"


@pytest.mark.parametrize(
    "told", ["", "Mars/Olympus", "../../etc/passwd", "a" * 5000, "\0", "Europe"]
)
def test_a_zone_that_is_none_becomes_utc(told: str) -> None:
    assert wording.zone_of({wording.ZONE_COOKIE: told}).key == "UTC"


def test_the_zone_is_taken_from_the_browser() -> None:
    assert wording.zone_of({wording.ZONE_COOKIE: "Europe%2FZurich"}).key == "Europe/Zurich"


def test_a_lost_model_is_said_with_what_it_said() -> None:
    assert wording.reason("closed with 1006") == "the model was lost (closed with 1006)"
    assert wording.reason(None) == "its end was not written down"
