"""What other languages than English make of dates, times and sums."""

from datetime import date, datetime, time
from decimal import Decimal

import pytest
from babel import Locale

from dialplan.prompts.cldr import clock, day, listed, locale_of, moment, sum_of

AT = datetime(2026, 3, 3, 13, 30)


def known(tag: str) -> Locale:
    locale = locale_of(tag)
    assert locale is not None
    return locale


@pytest.mark.parametrize(
    ("tag", "found"),
    [
        ("es-ES", "es_ES"),
        ("es", "es"),
        ("es-XX", "es"),
        ("es-419", "es_419"),
        ("zh-TW", "zh_Hant_TW"),
        ("de-DE-1996", "de_DE"),
    ],
)
def test_a_language_is_known_with_or_without_its_region(tag: str, found: str) -> None:
    assert str(locale_of(tag)) == found


def test_a_language_that_nobody_knows_is_none() -> None:
    assert locale_of("xx-MX") is None


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("es-ES", "martes, 3 de marzo"),
        ("de-DE", "Dienstag, 3. März"),
        ("fr-BE", "mardi 3 mars"),
        ("it-IT", "martedì 3 marzo"),
        ("nl-NL", "dinsdag 3 maart"),
        ("fi-FI", "tiistai 3. maaliskuuta"),
        ("ja-JP", "3月3日火曜日"),
    ],
)
def test_a_day_is_said_in_full_without_its_year(tag: str, said: str) -> None:
    assert day(date(2026, 3, 3), known(tag)) == said


@pytest.mark.parametrize("tag", ["cs", "ko", "pl", "pt-BR", "ru", "sv", "tr", "uk", "vi", "zh-CN"])
def test_no_weekday_is_abbreviated(tag: str) -> None:
    locale = known(tag)
    names = {
        str(name).casefold()
        for context in ("format", "stand-alone")
        for name in locale.days[context]["wide"].values()
    }

    assert any(name in day(date(2026, 3, 3), locale).casefold() for name in names)


@pytest.mark.parametrize(
    ("tag", "said"), [("es-ES", "13:30"), ("es-US", "1:30 p.m."), ("ko-KR", "PM 1:30")]
)
def test_a_time_is_said_by_the_clock_of_the_region_with_plain_spaces(tag: str, said: str) -> None:
    assert clock(time(13, 30), known(tag)) == said


@pytest.mark.parametrize(
    ("tag", "said"),
    [("es-ES", "martes, 3 de marzo, 13:30"), ("fr-FR", "mardi 3 mars, 13:30")],
)
def test_a_moment_is_a_day_and_a_time(tag: str, said: str) -> None:
    assert moment(AT, known(tag)) == said


@pytest.mark.parametrize(
    ("amount", "currency", "said"),
    [
        ("12.50", "EUR", "12,50 euros"),
        ("1", "EUR", "1 euro"),
        ("45.00", "USD", "45 dólares estadounidenses"),
        ("450000", "EUR", "450.000 euros"),
        ("-3", "EUR", "-3 euros"),
        ("1500.00", "JPY", "1.500 yenes japoneses"),
    ],
)
def test_a_sum_names_its_currency(amount: str, currency: str, said: str) -> None:
    assert sum_of(Decimal(amount), currency, known("es-ES")) == said


def test_several_things_are_joined_as_the_language_does() -> None:
    assert listed(["a", "b"], known("de-DE")) == "a und b"
