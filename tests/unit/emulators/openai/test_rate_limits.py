"""The numbers of `rate_limits.updated`."""

from __future__ import annotations

from dialplan.emulators.openai.rate_limits import RateLimits


def test_what_the_last_minute_used_is_missing_from_the_rest() -> None:
    limits = RateLimits()
    limits.spend(1000, now=100)
    limits.spend(500, now=130)

    requests, tokens = limits.wire(now=140)

    assert (requests["remaining"], tokens["remaining"]) == (998, 398_500)
    assert requests["reset_seconds"] == 20


def test_what_is_older_than_a_minute_is_free_again() -> None:
    limits = RateLimits()
    limits.spend(1000, now=100)

    requests, tokens = limits.wire(now=160)

    assert requests["remaining"] == requests["limit"]
    assert tokens["remaining"] == tokens["limit"]
    assert tokens["reset_seconds"] == 0
