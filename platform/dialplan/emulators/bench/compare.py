"""A benchmark beside a saved one: every figure as a ratio, new over old. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from dialplan.emulators.bench.report import FORMAT, Json
from dialplan.errors import ConfigError

FIGURES: Final[Mapping[str, Callable[[Json], float]]] = {
    "CPU per call-second": lambda run: run["cpu_ms_per_call_second"],
    "up p50": lambda run: run["latency_ms"]["up_every_byte"]["p50"],
    "up p99": lambda run: run["latency_ms"]["up_every_byte"]["p99"],
    "down p50": lambda run: run["latency_ms"]["down"]["p50"],
    "down p99": lambda run: run["latency_ms"]["down"]["p99"],
    "first audio p95": lambda run: run["setup_ms"]["loaded"]["p95"],
    "memory per call": lambda run: run["rss_mb"]["per_call"],
    "memory without calls": lambda run: run["rss_mb"]["base"],
}


@dataclass(frozen=True, slots=True)
class Ratio:
    """One figure now and before; `times` is now over before, None when that was nothing."""

    name: str
    before: float
    now: float

    @property
    def times(self) -> float | None:
        """How many times what it was; below 1 is better for every figure."""
        return self.now / self.before if self.before else None


@dataclass(frozen=True, slots=True)
class Compared:
    """Two runs of the same settings."""

    calls: int
    target: str
    ratios: tuple[Ratio, ...]


_SERVING = (("workers", 1), ("batch_ms", None), ("spread", False))


def key(run: Json) -> tuple[object, ...]:
    """Return what two runs must have in common to be compared."""
    settings = run["settings"]
    # Files of before there was a choice have none of them.
    serving = tuple(settings.get(*one) for one in _SERVING)
    return run["target"], settings["mix"], tuple(settings["deltas_ms"]), settings["calls"], serving


def compare(now: Sequence[Json], before: Sequence[Json]) -> list[Compared]:
    """Return the ratios of the runs that both have, in the order of `now`."""
    saved = {key(run): run for run in before}
    return [
        Compared(
            run["settings"]["calls"],
            run["target"],
            tuple(
                Ratio(name, figure(saved[key(run)]), figure(run))
                for name, figure in FIGURES.items()
            ),
        )
        for run in now
        if key(run) in saved
    ]


def load_runs(text: bytes, name: str) -> list[Json]:
    """Return the runs of a saved benchmark.

    Raises:
        ConfigError: the file is no benchmark of ours.
    """
    try:
        saved = orjson.loads(text)
        runs: list[Json] = saved["runs"]
        if saved["format"] != FORMAT:
            raise ConfigError(
                f"`{name}` has format {saved['format']}, expected {FORMAT}: measure again"
            )
        for run in runs:
            key(run)
            for figure in FIGURES.values():
                float(figure(run))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as exc:
        raise ConfigError(
            f"`{name}` is not a saved benchmark: expected a file that `--json` wrote"
        ) from exc
    return runs
