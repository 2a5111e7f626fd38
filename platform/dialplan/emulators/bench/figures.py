"""What is made of many measured values: the figures of a distribution. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """A distribution in a few figures, in the unit of its values; all 0 when there were none."""

    count: int = 0
    p50: float = 0.0
    p95: float = 0.0
    p99: float = 0.0
    max: float = 0.0

    def wire(self) -> dict[str, float]:
        """Return it as JSON, to a thousandth."""
        return {name: round(value, 3) for name, value in asdict(self).items()}


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return the smallest value that at least `share` (0 to 1) of the values do not exceed."""
    if not ordered:
        return 0.0
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def spread(values: Iterable[float], *, factor: float = 1.0) -> Spread:
    """Return the figures of values, each times `factor`."""
    ordered = sorted(values)
    if not ordered:
        return Spread()
    p50, p95, p99 = (factor * quantile(ordered, share) for share in (0.5, 0.95, 0.99))
    return Spread(len(ordered), p50, p95, p99, factor * ordered[-1])


def bucket_quantile(
    before: Sequence[tuple[float, float]], after: Sequence[tuple[float, float]], share: float
) -> float | None:
    """Return the upper bound of the bucket that a quantile of a cumulative histogram lies in.

    Both are (upper bound, count so far) in order, as scraped before and after. None when nothing
    was counted between them.
    """
    counts = [
        (bound, late - early) for (bound, late), (_, early) in zip(after, before, strict=True)
    ]
    total = counts[-1][1] if counts else 0
    if total <= 0:
        return None
    return next(bound for bound, count in counts if count >= share * total)
