from datetime import UTC, datetime, timedelta

from dialplan.store.lost import ended_at

BEGAN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def test_a_lost_call_ended_at_the_last_sign_of_it() -> None:
    beat, fact = BEGAN + timedelta(seconds=40), BEGAN + timedelta(seconds=37)

    assert ended_at(BEGAN, beat, fact) == beat
    assert ended_at(BEGAN, None, fact) == fact


def test_it_never_ended_before_it_began() -> None:
    assert ended_at(BEGAN, BEGAN - timedelta(seconds=3), None) == BEGAN
