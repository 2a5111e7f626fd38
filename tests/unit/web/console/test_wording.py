from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dialplan.store.after_calls import AfterCallRow, SendRow
from dialplan.store.past_calls import CallRow, PastCall
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
    assert wording.reason(None) == "its end is not written down yet"


def after(**more: Any) -> AfterCallRow:
    row = AfterCallRow(
        call_sid="CA1",
        tenant="lakeside",
        vertical="clinic",
        version="v1",
        state={},
        status="waiting",
        reason=None,
        fields=None,
        model=None,
        read_at=None,
        tries=0,
    )
    return replace(row, **more)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (after(), "Not read yet."),
        (after(reason="the model is away"), "Not read yet: the model is away."),
        (after(status="skipped", reason="shorter than 8 s"), "Nothing was read out of this call"),
        (after(status="failed", reason="the tenant is gone"), "This call could not be read: the"),
        (after(status="done", fields={}, model="gpt-5-mini"), "Read by gpt-5-mini."),
    ],
)
def test_how_far_the_reading_of_a_call_is_stands_in_words(row: AfterCallRow, said: str) -> None:
    assert wording.read_as(row).startswith(said)


@pytest.mark.parametrize(
    ("value", "said"), [(None, "not said"), (True, "yes"), (False, "no"), (7, "7"), ("a", "a")]
)
def test_a_field_is_said_as_people_say_it(value: object, said: str) -> None:
    assert wording.field_value(value) == said


def test_a_watched_page_looks_for_what_follows_for_a_minute() -> None:
    ended = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    row = CallRow("CA1", "lakeside", "clinic", "v1", "", "", ended, ended, "caller", 1)
    soon, late = ended + timedelta(seconds=5), ended + timedelta(seconds=61)
    sent = SendRow(1, "POST crm.example", "sent", 1, None, ended)

    assert wording.more_to_come(PastCall(row, [], False, after()), soon)
    assert not wording.more_to_come(PastCall(row, [], False, after()), late)
    assert not wording.more_to_come(PastCall(row, [], False, None), soon)
    done = after(status="done", sends=(sent,))
    assert not wording.more_to_come(PastCall(row, [], False, done), soon)
    owed = after(status="done", sends=(replace(sent, status="waiting"),))
    assert wording.more_to_come(PastCall(row, [], False, owed), soon)
