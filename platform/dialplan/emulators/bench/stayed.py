"""What a server kept under load that lasted, and whether that is too much. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Final

from dialplan.emulators.bench.figures import Spread

MOST_MB_PER_MIN: Final = 1.0
# Pools of connections grow with the load, up to 20 to the database and as many to each peer.
MOST_FILES: Final = 30
# The same pools, and what a last record is written with.
MOST_TASKS: Final = 5
# A loop that is never later than this is in order, however much better it was.
LAG_MS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Kept:
    """What a server holds at one moment; `files` counts its sockets too."""

    rss_mb: float
    files: int
    sockets: int
    tasks: int


@dataclass(frozen=True, slots=True)
class Sample:
    """One look. `at_s` is seconds since the first call; latencies are ms, `cpu` is cores."""

    at_s: float
    calls: int
    kept: Kept
    cpu: float
    lag_p99_ms: float | None
    up: Spread
    down: Spread
    late: Spread

    def wire(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)


def slope(points: Sequence[tuple[float, float]]) -> float | None:
    """Return the slope of the line with the least squares, None when there is no such line."""
    if len(points) < 2:
        return None
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    if not spread:
        return None
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread


def growth(samples: Sequence[Sample], warm_s: float) -> float | None:
    """Return how much memory grows after `warm_s`, in MB a minute."""
    return slope([(one.at_s / 60, one.kept.rss_mb) for one in samples if one.at_s >= warm_s])


def verdict(
    samples: Sequence[Sample],
    before: Kept,
    after: Kept,
    *,
    warm_s: float,
    failed: int,
    clean: bool,
) -> tuple[str, ...]:
    """Return what is over its limit, in words; empty when all is well."""
    over = []
    grows = growth(samples, warm_s)
    if grows is None:
        over.append("too few samples to tell how memory grows: let it last longer")
    elif grows > MOST_MB_PER_MIN:
        over.append(f"memory grows by {grows:.2f} MB a minute, at most {MOST_MB_PER_MIN:g}")
    for name, most in (("files", MOST_FILES), ("sockets", MOST_FILES), ("tasks", MOST_TASKS)):
        was, stays = getattr(before, name), getattr(after, name)
        if stays > was + most:
            over.append(f"{stays - was} more {name} than before the first call, at most {most}")
    lags = [one.lag_p99_ms for one in samples if one.lag_p99_ms is not None]
    third = len(lags) // 3
    if third:
        early, late = median(lags[:third]), median(lags[-third:])
        if late > max(2 * early, LAG_MS):
            over.append(f"the event loop's lag, p99, went from {early:g} to {late:g} ms")
    if failed:
        over.append(f"{failed} calls could not be set up or did not last")
    if not clean:
        over.append("audio was lost, or arrived out of order")
    return tuple(over)
