"""When what failed is tried again. Pure."""

from __future__ import annotations

FIRST_S = 10.0
LONGEST_S = 3_600.0
"""The longest pause between two tries, in seconds, whatever a service asks for."""
ALL_S = 24 * 3_600.0
"""How long tries go on, in seconds, pauses of a service's own wish not counted."""


def pause_after(tries: int, asked_s: float | None = None) -> float | None:
    """Return the pause after so many tries, in seconds; None when there was the last.

    Args:
        tries: how many there were, from 1.
        asked_s: how long the service asks to be left alone.
    """
    waited = sum(_pause(one) for one in range(1, tries + 1))
    if waited > ALL_S:
        return None
    return max(_pause(tries), min(asked_s or 0.0, LONGEST_S))


def _pause(number: int) -> float:
    # 2**9 is beyond the longest already; larger powers would be numbers without end.
    return min(FIRST_S * 2.0 ** min(number - 1, 9), LONGEST_S)
