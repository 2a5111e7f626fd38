from datetime import date, datetime, time

import pytest

from dialplan.prompts.spoken import money, spoken_date, spoken_time


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
