from datetime import date, datetime, time

import pytest

from dialplan.prompts.spoken import listed, money, spoken_date, spoken_time


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (time(9, 0), "9 AM"),
        (time(0, 5), "12:05 AM"),
        (time(13, 30), "1:30 PM"),
        ("12:00", "12 PM"),
        (datetime(2026, 3, 3, 9, 0), "Tuesday, March 3 at 9 AM"),
        ("2026-03-03T14:15:00-06:00", "Tuesday, March 3 at 2:15 PM"),
    ],
)
def test_a_time_is_said_as_people_say_it(value: datetime | time | str, said: str) -> None:
    assert spoken_time(value) == said


@pytest.mark.parametrize("value", [date(2026, 3, 3), "2026-03-03"])
def test_a_date_is_said_with_its_weekday(value: date | str) -> None:
    assert spoken_date(value) == "Tuesday, March 3"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("12.50", "12 dollars and 50 cents"),
        (1, "1 dollar"),
        ("0.01 GBP", "1 penny"),
        ("2.02 GBP", "2 pounds and 2 pence"),
        (-3, "minus 3 dollars"),
        ("45.00 CAD", "45 Canadian dollars"),
        ("1500.00 JPY", "1,500 yen"),
        ("450000.00 USD", "450,000 dollars"),
        ("3.50 BRL", "3 reais and 50 centavos"),
        ("12.50 THB", "12.50 THB"),
    ],
)
def test_a_sum_is_said_in_its_currency(value: int | str, said: str) -> None:
    assert money(value) == said


def test_what_is_no_amount_is_refused() -> None:
    with pytest.raises(ValueError, match="expected an amount"):
        money("lots")


@pytest.mark.parametrize("tag", ["en", "en-GB", "EN-us", "xx"])
def test_english_and_what_nobody_knows_is_said_in_english(tag: str) -> None:
    assert spoken_date(date(2026, 3, 3), tag) == "Tuesday, March 3"
    assert spoken_time(time(9, 0), tag) == "9 AM"
    assert money("2.00 EUR", language=tag) == "2 euros"
    assert listed(["a", "b", "c"], tag) == "a and b and c"


def test_another_language_is_said_as_its_speakers_do() -> None:
    assert spoken_date("2026-03-03", "es-ES") == "martes, 3 de marzo"
    assert spoken_time("13:30", "es-ES") == "13:30"
    assert spoken_time("2026-03-03T13:30:00+01:00", "es-ES") == "martes, 3 de marzo, 13:30"
    assert money("2.50 EUR", language="es-ES") == "2,50 euros"
    assert listed(["a", "b", "c"], "es-ES") == "a, b y c"


@pytest.mark.parametrize("language", ["en-US", "es-ES"])
@pytest.mark.parametrize("amount", ["lots", "NaN EUR", "inf EUR"])
def test_what_is_no_amount_is_refused_in_every_language(amount: str, language: str) -> None:
    with pytest.raises(ValueError, match="expected an amount"):
        money(amount, language=language)
