from datetime import time

import pytest
from pydantic import ValidationError

from dialplan.model.voice import Hours, Span, parse_hours


def _hours(**keys: str) -> Hours:
    written = {key.replace("_", "-"): value for key, value in keys.items()}
    return Hours.model_validate(parse_hours(written))


def test_a_range_of_days_opens_each_of_them() -> None:
    hours = _hours(mon_wed="08:00-12:00, 13:00-17:30", holidays="US")

    assert list(hours.week) == ["mon", "tue", "wed"]
    assert hours.week["tue"] == (
        Span(opens=time(8), closes=time(12)),
        Span(opens=time(13), closes=time(17, 30)),
    )
    assert hours.holidays == "US"


def test_a_range_may_go_over_the_end_of_the_week() -> None:
    assert list(_hours(sat_mon="10:00-24:00").week) == ["sat", "sun", "mon"]


def test_a_closed_day_has_no_hours() -> None:
    assert _hours(sun="closed").week == {"sun": ()}


@pytest.mark.parametrize(
    "keys",
    [{"mon": "18:00-08:00"}, {"mon": "8-18"}, {"someday": "08:00-18:00"}],
)
def test_hours_that_make_no_sense_are_refused(keys: dict[str, str]) -> None:
    with pytest.raises((ValueError, ValidationError)):
        _hours(**keys)


def test_a_day_given_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="given twice"):
        _hours(mon_fri="08:00-18:00", fri="08:00-12:00")
