"""The numbers of `rate_limits.updated`: requests and tokens of the last minute against a quota."""

from __future__ import annotations

from collections import deque
from typing import Any, Final

_WINDOW_S: Final = 60.0
_REQUESTS: Final = 1000
_TOKENS: Final = 400_000


class RateLimits:
    """Counts, and never refuses: the emulated account is large enough."""

    def __init__(self) -> None:
        self._used: deque[tuple[float, int]] = deque()

    def spend(self, tokens: int, now: float) -> None:
        """Count one response of `tokens` at `now` seconds."""
        self._used.append((now, tokens))

    def wire(self, now: float) -> list[dict[str, Any]]:
        """Return both limits as they stand at `now` seconds."""
        while self._used and self._used[0][0] <= now - _WINDOW_S:
            self._used.popleft()
        oldest = self._used[0][0] if self._used else now - _WINDOW_S
        reset = round(max(0.0, oldest + _WINDOW_S - now), 3)
        tokens = sum(tokens for _, tokens in self._used)
        return [
            _limit("requests", _REQUESTS, len(self._used), reset),
            _limit("tokens", _TOKENS, tokens, reset),
        ]


def _limit(name: str, limit: int, used: int, reset: float) -> dict[str, Any]:
    return {
        "name": name,
        "limit": limit,
        "remaining": max(0, limit - used),
        "reset_seconds": reset,
    }
