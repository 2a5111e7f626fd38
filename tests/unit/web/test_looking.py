from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from dialplan.store.past_calls import Cursor
from dialplan.web.looking import Misasked, wanted_from

ZURICH = ZoneInfo("Europe/Zurich")


def test_nothing_asked_wants_the_newest_calls() -> None:
    wanted = wanted_from({}, ZURICH)

    assert (wanted.tenant, wanted.number, wanted.since, wanted.before) == (None,) * 4
    assert wanted.limit == 50


@pytest.mark.parametrize(
    "written", ["+15550107788", " 15550107788", "+1 (555) 010-7788", "+1.555.010.7788"]
)
def test_a_number_is_found_however_it_is_written(written: str) -> None:
    assert wanted_from({"number": written}, ZURICH).number == "+15550107788"


def test_a_caller_without_a_number_can_be_asked_for() -> None:
    assert wanted_from({"number": "anonymous"}, ZURICH).number == "anonymous"


def test_days_are_those_of_the_reader_and_the_last_one_is_included() -> None:
    # Clocks go forward on this day: it has 23 hours.
    wanted = wanted_from({"from": "2026-03-29", "to": "2026-03-29"}, ZURICH)

    assert wanted.since is not None
    assert wanted.until is not None
    assert wanted.since.astimezone(UTC) == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert wanted.until.astimezone(UTC) == datetime(2026, 3, 29, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("from", "yesterday"),
        ("to", "9999-12-31"),
        ("limit", "0"),
        ("limit", "201"),
        ("limit", "٣"),
        ("limit", "9" * 5000),
        ("before", "nonsense"),
        ("tenant", "x" * 201),
        ("tenant", "a\0b"),
    ],
)
def test_what_cannot_be_understood_is_named(name: str, value: str) -> None:
    with pytest.raises(Misasked, match=f"`{name}`"):
        wanted_from({name: value}, ZURICH)


def test_a_cursor_comes_back_as_it_went_to_the_microsecond() -> None:
    cursor = Cursor(datetime(2026, 3, 2, 9, 0, 0, 123457, tzinfo=UTC), "CA12_x-y")

    assert Cursor.parse(cursor.text()) == cursor


@pytest.mark.parametrize(
    "text", ["", "é", "!!", "MTIz", "OTk5OTk5OTk5OTk5OTk5OTk5OTkuQ0Ex", "LkNBMQ"]
)
def test_a_cursor_that_is_not_ours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a cursor"):
        Cursor.parse(text)
