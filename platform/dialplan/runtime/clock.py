"""The one clock and source of randomness at the edge; everything below gets them as arguments."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime


class Clock:
    """Reads the machine's clocks."""

    def epoch(self) -> float:
        """Return seconds since the epoch."""
        return time.time()

    def now(self) -> datetime:
        """Return the time of day, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic_ms(self) -> int:
        """Return milliseconds of a clock that never goes back."""
        return time.monotonic_ns() // 1_000_000

    def precise_ms(self) -> float:
        """Return milliseconds of the same clock as `monotonic_ms`, with their fractions."""
        return time.monotonic_ns() / 1_000_000

    def random_hex(self, size: int) -> str:
        """Return `size` random bytes as hexadecimal text."""
        return secrets.token_hex(size)


class MovedClock(Clock):
    """The machine's clocks with another time of day, which goes on from the moment it was made."""

    def __init__(self, now: datetime) -> None:
        self._ahead = now - datetime.now(UTC)

    def epoch(self) -> float:
        """Return seconds since the epoch, moved too."""
        return super().epoch() + self._ahead.total_seconds()

    def now(self) -> datetime:
        """Return the time of day, aware, in UTC."""
        return super().now() + self._ahead
