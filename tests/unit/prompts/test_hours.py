"""Open hours, by the clock of the business, in the words of a person."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from dialplan.model.sentences import HoursWords
from dialplan.model.voice import Hours, parse_hours
from dialplan.prompts.hours import IN_ENGLISH, Manner, Opening, opening

CLINIC = {"mon-fri": "08:00-12:00, 13:00-18:00", "sat": "09:00-13:00", "holidays": "US"}


SPANISH = {
    "open": "abierto {{ spans }}",
    "span": "de {{ opens }} a {{ closes }}",
    "midnight": "medianoche",
    "all_day": "abierto todo el día",
    "closed": "cerrado",
    "holiday": "cerrado por {{ holiday }}",
    "today": "hoy a las {{ time }}",
    "tomorrow": "mañana a las {{ time }}",
    "later": "el {{ date }} a las {{ time }}",
}


def at(when: str, written: dict[str, str] | None = None, manner: Manner = IN_ENGLISH) -> Opening:
    hours = Hours.model_validate(parse_hours(CLINIC if written is None else written))
    moment = datetime.fromisoformat(when).replace(tzinfo=ZoneInfo("America/Chicago"))
    return opening(hours, moment, manner)


def in_spanish(when: str, written: dict[str, str] | None = None) -> Opening:
    return at(when, written, Manner(HoursWords.model_validate(SPANISH), "es-ES"))


def test_without_hours_it_is_always_open() -> None:
    assert opening(None, datetime(2026, 3, 2)) == Opening(True, "open all day", "")


@pytest.mark.parametrize(
    ("when", "is_open"),
    [
        ("2026-03-02T07:59:59", False),
        ("2026-03-02T08:00", True),
        ("2026-03-02T11:59:59", True),
        ("2026-03-02T12:00", False),
        ("2026-03-02T13:00", True),
        ("2026-03-02T18:00", False),
        ("2026-03-07T12:59", True),
        ("2026-03-08T10:00", False),
    ],
)
def test_the_opening_belongs_to_it_and_the_closing_does_not(when: str, is_open: bool) -> None:
    assert at(when).open is is_open


def test_hours_are_told_in_the_order_of_the_day() -> None:
    said = at("2026-03-02T10:00", {"mon": "13:00-17:30, 08:00-12:00"}).hours_today

    assert said == "open from 8 AM to 12 PM and from 1 PM to 5:30 PM"


def test_a_holiday_is_closed_and_named() -> None:
    thanksgiving = at("2026-11-26T10:00")

    assert not thanksgiving.open
    assert thanksgiving.hours_today == "closed for Thanksgiving Day"
    assert thanksgiving.next_opening == "tomorrow at 8 AM"


def test_a_holiday_that_is_moved_is_named_without_a_note() -> None:
    # Independence Day of 2026 is a Saturday, observed the Friday before.
    assert at("2026-07-03T10:00").hours_today == "closed for Independence Day"


def test_without_a_region_no_day_is_a_holiday() -> None:
    assert at("2026-12-25T10:00", {"mon-fri": "08:00-18:00"}).open


def test_a_part_of_a_country_has_holidays_of_its_own() -> None:
    # Lincoln's birthday.
    week = {"mon-fri": "08:00-18:00"}

    assert at("2026-02-12T10:00", {**week, "holidays": "US-IL"}).open is False
    assert at("2026-02-12T10:00", {**week, "holidays": "US"}).open is True


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("2026-03-02T07:00", "today at 8 AM"),
        ("2026-03-02T09:00", "today at 1 PM"),
        ("2026-03-02T19:00", "tomorrow at 8 AM"),
        ("2026-03-07T14:00", "Monday, March 9 at 8 AM"),
        ("2026-12-24T19:00", "Saturday, December 26 at 9 AM"),
        ("2026-12-31T19:00", "Saturday, January 2 at 9 AM"),
    ],
)
def test_the_next_opening_is_told(when: str, said: str) -> None:
    assert at(when).next_opening == said


def test_a_night_is_one_stretch() -> None:
    bar = {"fri": "18:00-24:00", "sat": "00:00-02:00"}

    assert at("2026-03-06T23:59:59", bar).open
    assert at("2026-03-07T00:00", bar).open
    assert at("2026-03-06T23:00", bar).hours_today == "open from 6 PM to midnight"
    assert at("2026-03-06T23:00", bar).next_opening == "Friday, March 13 at 6 PM"


def test_a_whole_day_is_said_so() -> None:
    day = {"mon": "00:00-24:00"}

    assert at("2026-03-02T03:00", day).hours_today == "open all day"
    assert at("2026-03-02T03:00", day).open


def test_what_never_opens_has_no_next_opening() -> None:
    assert at("2026-03-02T10:00", {"mon": "closed"}) == Opening(False, "closed", "")


def test_what_is_always_open_has_no_next_opening() -> None:
    assert at("2026-03-02T10:00", {"mon-sun": "00:00-24:00"}).next_opening == ""


def test_a_country_is_told_though_its_holidays_have_no_english_names() -> None:
    week = {"mon-sun": "08:00-18:00", "holidays": "DE"}

    assert at("2026-12-25T10:00", week).open is False


@pytest.mark.parametrize("region", ["XX", "US-QQ"])
def test_a_region_that_nobody_knows_is_refused_at_load(region: str) -> None:
    with pytest.raises(ValueError, match=f"no public holidays are known of `{region}`"):
        parse_hours({"mon": "08:00-18:00", "holidays": region})


def test_hours_are_told_in_the_words_and_the_language_of_a_line() -> None:
    clinic = {"mon-fri": "08:00-12:00, 13:00-18:00", "sat": "18:00-24:00", "sun": "00:00-24:00"}

    told = [in_spanish(when, clinic) for when in ("2026-03-02T10:00", "2026-03-07T10:00")]
    sunday = in_spanish("2026-03-08T10:00", clinic)

    assert told[0].hours_today == "abierto de 8:00 a 12:00 y de 13:00 a 18:00"
    assert [one.next_opening for one in told] == ["hoy a las 13:00", "hoy a las 18:00"]
    assert told[1].hours_today == "abierto de 18:00 a medianoche"
    assert sunday == Opening(True, "abierto todo el día", "mañana a las 8:00")
    friday = in_spanish("2026-03-06T19:00", {"mon-fri": "08:00-18:00"})
    assert friday.next_opening == "el lunes, 9 de marzo a las 8:00"
    assert in_spanish("2026-03-07T10:00", {"mon": "08:00-18:00"}).hours_today == "cerrado"
    assert opening(None, datetime(2026, 3, 2), Manner(HoursWords(all_day="siempre"))) == (
        Opening(True, "siempre", "")
    )


@pytest.mark.parametrize(
    ("region", "language", "when", "named"),
    [
        ("ES", "es-ES", "2026-10-12T10:00", "Fiesta Nacional de España"),
        ("ES", "es-MX", "2026-10-12T10:00", "Fiesta Nacional de España"),
        ("BR", "pt-BR", "2026-12-25T10:00", "Natal"),
        ("US", "es-US", "2026-11-26T10:00", "Thanksgiving Day"),
        ("CH", "fr-CH", "2026-08-01T10:00", "Fête nationale"),
    ],
)
def test_a_holiday_has_its_name_in_the_language_of_the_line_where_its_country_knows_it(
    region: str, language: str, when: str, named: str
) -> None:
    week = {"mon-sun": "08:00-18:00", "holidays": region}

    told = at(when, week, Manner(HoursWords(holiday="{{ holiday }}"), language))

    assert told.hours_today == named
