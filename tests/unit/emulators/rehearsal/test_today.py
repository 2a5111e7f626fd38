from datetime import UTC, datetime

import pytest

from dialplan.emulators.rehearsal.today import local_now

NOW = datetime(2026, 3, 3, 4, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("prompt", "day", "hour"),
    [
        ("You sell tickets. It is Monday, March 2 at 10:30 PM.", 2, (22, 30)),
        ("It is Tuesday, March 3 at 3:30 PM. Today we are open all day.", 3, (15, 30)),
        ("It's now 10:30 PM on the 2nd of March.", 2, (22, 30)),
        ("Current date and time: 2026-03-02T22:30:00-06:00", 2, (22, 30)),
        ("Today is 2026-03-02.", 2, (4, 30)),
        ("Be kind.\nDate: March 2, 2026\nBe brief.", 2, (4, 30)),
        ("Today is the 2nd of March.", 2, (4, 30)),
    ],
)
def test_the_moment_is_the_one_that_a_prompt_tells(
    prompt: str, day: int, hour: tuple[int, int]
) -> None:
    assert local_now(prompt, NOW) == datetime(2026, 3, day, *hour, tzinfo=UTC)


def test_a_day_without_its_year_is_of_the_nearest() -> None:
    new_year = datetime(2027, 1, 1, 2, tzinfo=UTC)
    last = datetime(2026, 12, 31, 23, tzinfo=UTC)

    assert local_now("It is Thursday, December 31 at 8 PM.", new_year).date() == last.date()
    assert local_now("It is Friday, January 1 at 7 AM.", last).date() == new_year.date()


@pytest.mark.parametrize(
    "prompt",
    [
        "You answer the phone.",
        "It is important that they call tomorrow.",
        "It is Monday to Friday that we are open.",
        "It is May who answers the phone.",
        "It is closed on December 24. The date is July 4 at noon.",
        "It is Monday, 10 PM.",
        "Today is 2026-13-40.",
        "It is February 30 at 9 AM.",
    ],
)
def test_a_prompt_that_tells_no_moment_near_ours_tells_none(prompt: str) -> None:
    assert local_now(prompt, NOW) == NOW


def test_a_clock_without_a_zone_is_told_without_one() -> None:
    naive = NOW.replace(tzinfo=None)

    assert local_now("It is Monday, March 2 at 10:30 PM.", naive) == datetime(2026, 3, 2, 22, 30)
    assert local_now("It is 2026-03-02T22:30:00+02:00.", naive) == datetime(2026, 3, 2, 22, 30)
