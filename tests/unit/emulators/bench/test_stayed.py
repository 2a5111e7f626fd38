"""What a server keeps under load that lasts, and from where on that is too much."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from dialplan.emulators.bench.figures import Spread
from dialplan.emulators.bench.stayed import Kept, Sample, growth, slope, verdict

EMPTY = Kept(200.0, 30, 10, 8)


def sample(at_s: float, rss_mb: float, lag_ms: float | None = 1.0) -> Sample:
    kept = Kept(rss_mb, 60, 40, 80)
    return Sample(at_s, 20, kept, 0.1, lag_ms, Spread(), Spread(), Spread())


def flat(lags: Sequence[float] = (1.0,) * 6) -> list[Sample]:
    return [sample(30.0 * n, 210.0, lag) for n, lag in enumerate(lags, 1)]


def judged(
    samples: Sequence[Sample], after: Kept = EMPTY, *, failed: int = 0, clean: bool = True
) -> tuple[str, ...]:
    return verdict(samples, EMPTY, after, warm_s=60.0, failed=failed, clean=clean)


def test_a_slope_is_that_of_the_least_squares() -> None:
    assert slope([(0.0, 1.0), (1.0, 2.0), (2.0, 6.0)]) == pytest.approx(2.5)


@pytest.mark.parametrize("points", [[], [(1.0, 2.0)], [(1.0, 2.0), (1.0, 3.0)]])
def test_no_line_goes_through_one_moment(points: list[tuple[float, float]]) -> None:
    assert slope(points) is None


def test_growth_is_per_minute_and_counts_from_the_warm_up_on() -> None:
    samples = [sample(30.0, 0.0), sample(60.0, 210.0), sample(120.0, 213.0)]

    assert growth(samples, 60.0) == pytest.approx(3.0)


def test_a_server_that_keeps_nothing_is_within_its_limits() -> None:
    assert judged(flat()) == ()


def test_memory_that_grows_is_over_its_limit() -> None:
    (said,) = judged([sample(60.0 * n, 200.0 + 1.5 * n) for n in range(1, 7)])

    assert said == "memory grows by 1.50 MB a minute, at most 1"


def test_too_short_a_soak_says_nothing_of_memory() -> None:
    (said,) = judged([sample(30.0, 210.0)])

    assert said.startswith("too few samples")


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (Kept(200.0, 61, 10, 8), "31 more files than before the first call, at most 30"),
        (Kept(200.0, 30, 41, 8), "31 more sockets than before the first call, at most 30"),
        (Kept(200.0, 30, 10, 14), "6 more tasks than before the first call, at most 5"),
    ],
)
def test_what_calls_leave_behind_is_over_its_limit(after: Kept, said: str) -> None:
    assert judged(flat(), after) == (said,)


def test_pools_that_grew_are_within_the_limits() -> None:
    assert judged(flat(), Kept(230.0, 60, 40, 13)) == ()


def test_lag_that_grew_is_over_its_limit() -> None:
    (said,) = judged(flat((5.0, 5.0, 5.0, 10.0, 20.0, 20.0)))

    assert said == "the event loop's lag, p99, went from 5 to 20 ms"


@pytest.mark.parametrize(
    "lags", [(1.0, 1.0, 1.0, 5.0, 10.0, 10.0), (20.0, 20.0, 5.0, 5.0, 5.0, 5.0)]
)
def test_lag_that_is_small_or_shrinks_is_within_its_limit(lags: tuple[float, ...]) -> None:
    assert judged(flat(lags)) == ()


def test_calls_that_failed_and_audio_that_was_lost_are_said() -> None:
    said = judged(flat(), failed=2, clean=False)

    assert said == (
        "2 calls could not be set up or did not last",
        "audio was lost, or arrived out of order",
    )
