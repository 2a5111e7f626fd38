from datetime import UTC, datetime, timedelta

from dialplan.runtime.clock import Clock, MovedClock


def test_a_moved_clock_stands_at_its_moment_and_goes_on() -> None:
    moment = datetime(2026, 3, 2, 15, tzinfo=UTC)

    clock = MovedClock(moment)

    first, second = clock.now(), clock.now()
    assert moment <= first <= second < moment + timedelta(seconds=5)
    assert abs(clock.epoch() - moment.timestamp()) < 5


def test_a_moved_clock_measures_time_as_the_machine_does() -> None:
    moved = MovedClock(datetime(1999, 1, 1, tzinfo=UTC))

    before, now, after = Clock().monotonic_ms(), moved.monotonic_ms(), Clock().monotonic_ms()

    assert before <= now <= after
