from datetime import UTC, datetime, timedelta

from dialplan.emulators.conversations.room import CallClock

MOMENT = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)


def test_skipped_silence_passes_on_every_clock_of_the_call() -> None:
    clock = CallClock(MOMENT)
    before = clock.now(), clock.epoch(), clock.monotonic_ms(), clock.precise_ms()

    clock.skip(20_000)

    assert timedelta(seconds=20) <= clock.now() - before[0] < timedelta(seconds=25)
    assert 20 <= clock.epoch() - before[1] < 25
    assert 20_000 <= clock.monotonic_ms() - before[2] < 25_000
    assert 20_000 <= clock.precise_ms() - before[3] < 25_000
