from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from dialplan.emulators.twilio.line import MOST_LATE_MS, PhoneLine

CALL_MS = 1000


class Clock:
    """A clock that is moved by those who sleep, and by a machine that stands still once."""

    def __init__(self, *, still_at_s: float, still_s: float) -> None:
        self.now = 0.0
        self._still_at_s = still_at_s
        self._still_s = still_s

    def monotonic(self) -> float:
        return self.now

    def today(self) -> datetime:
        return datetime(2026, 3, 2, tzinfo=UTC)

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.now >= self._still_at_s and self._still_s:
            self.now += self._still_s
            self._still_s = 0.0


class Caller:
    """Notes when each 20 ms were heard, and hangs up after a second."""

    def __init__(self, clock: Clock) -> None:
        self.at: list[float] = []
        self._clock = clock

    def heard(self, audio: bytes, now_ms: int) -> None:
        self.at.append(round(self._clock.now, 3))

    def digits(self, now_ms: int) -> str:
        return ""

    def frame(self, now_ms: int) -> bytes | None:
        return None

    def wants_to_hang_up(self, now_ms: int) -> bool:
        return now_ms >= CALL_MS


def held(
    *, still_s: float, withheld_s: float = 0.0, real_time: bool = False
) -> tuple[PhoneLine, list[float]]:
    """Hold a call in whose middle it stands still; return when 20 ms each were heard."""
    clock = Clock(still_at_s=0.5, still_s=still_s)
    caller = Caller(clock)

    def withheld() -> float:
        return withheld_s if clock.now > still_s else 0.0

    line = PhoneLine(caller, clock, lambda: None, real_time=real_time, withheld=withheld)
    asyncio.run(line.run())
    return line, caller.at


def bursts(at: list[float]) -> int:
    """Return how many followed the one before at once."""
    return sum(later == earlier for earlier, later in pairwise(at))


def test_a_line_keeps_its_pace() -> None:
    _, at = held(still_s=0.0)

    assert at == pytest.approx([0.02 * number for number in range(51)])


def test_a_line_that_is_a_little_late_catches_up() -> None:
    line, at = held(still_s=MOST_LATE_MS / 1000)

    assert at[-1] == pytest.approx(1.0)
    assert line.stood_still == []
    assert bursts(at) <= MOST_LATE_MS // 20 + 1


def test_what_a_machine_stood_still_is_left_out_of_the_call() -> None:
    line, at = held(still_s=3.0, withheld_s=10.0)

    assert at[-1] == pytest.approx(4.0 - MOST_LATE_MS / 1000, abs=0.021)
    (still,) = line.stood_still
    assert (still.at_ms, line.now_ms) == (500, 1000)
    assert still.ms == pytest.approx(3000 - MOST_LATE_MS, abs=21)
    assert still.withheld_ms == still.ms
    assert bursts(at) <= MOST_LATE_MS // 20 + 1


@pytest.mark.parametrize("withheld_s", [0.0, 0.7])
def test_what_the_process_itself_took_is_not_put_down_to_the_machine(withheld_s: float) -> None:
    line, _ = held(still_s=3.0, withheld_s=withheld_s)

    (still,) = line.stood_still
    assert (still.ms > 2_800, still.withheld_ms) == (True, withheld_s * 1000)


def test_somebody_who_is_there_loses_no_time() -> None:
    line, at = held(still_s=3.0, real_time=True)

    assert line.stood_still == []
    assert at[-1] == pytest.approx(3.5)
    assert bursts(at) > 100 // 20
