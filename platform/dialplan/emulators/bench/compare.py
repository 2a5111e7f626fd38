"""A benchmark beside a saved one: every figure as a ratio, new over old. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
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
    """Runs of the same settings, now and before: of several, the median of each figure.

    Attributes:
        now, before: how many runs there were.
        doubts: why the figures of some of them say too little, in words.
    """

    calls: int
    target: str
    ratios: tuple[Ratio, ...]
    now: int = 1
    before: int = 1
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved benchmark: its runs, and the machine and versions they were taken on."""

    runs: list[Json]
    machine: Json


_CHOICES = (
    ("workers", 1),
    ("batch_ms", None),
    ("spread", False),
    ("ahead", False),
    ("profiled", False),
)
_MACHINE = ("cpu", "cores", "kernel", "python")


def key(run: Json) -> tuple[object, ...]:
    """Return what two runs must have in common to be compared."""
    settings = run["settings"]
    # Files of before there was a choice have none of them.
    chosen = tuple(settings.get(*one) for one in _CHOICES)
    return run["target"], settings["mix"], tuple(settings["deltas_ms"]), settings["calls"], chosen


def compare(now: Sequence[Json], before: Sequence[Json]) -> list[Compared]:
    """Return the ratios of the runs that both have, in the order of `now`."""
    saved, mine = _grouped(before), _grouped(now)
    return [
        Compared(
            runs[0]["settings"]["calls"],
            runs[0]["target"],
            tuple(
                Ratio(name, median(map(figure, saved[same])), median(map(figure, runs)))
                for name, figure in FIGURES.items()
            ),
            now=len(runs),
            before=len(saved[same]),
            doubts=(*_doubts(saved[same], "saved"), *_doubts(runs, "new")),
        )
        for same, runs in mine.items()
        if same in saved
    ]


def other_machine(now: Json, before: Json) -> list[str]:
    """Return what differs between two machines, in words; ratios say little across that."""
    return [
        f"{name}: {before.get(name, 'unknown')} then, {now.get(name, 'unknown')} now"
        for name in _MACHINE
        if before.get(name) != now.get(name)
    ]


def _grouped(runs: Sequence[Json]) -> dict[tuple[object, ...], list[Json]]:
    grouped: dict[tuple[object, ...], list[Json]] = {}
    for run in runs:
        grouped.setdefault(key(run), []).append(run)
    return grouped


def _doubts(runs: Sequence[Json], whose: str) -> list[str]:
    doubts = [f"a {whose} run is void: {why}" for run in runs for why in run.get("void", ())]
    lossy = sum(not run.get("clean", True) for run in runs)
    return [*doubts, f"{lossy} {whose} run(s) lost audio or calls"] if lossy else doubts


def load_saved(text: bytes, name: str) -> Saved:
    """Return a saved benchmark.

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
    machine = saved.get("machine")
    return Saved(runs, machine if isinstance(machine, dict) else {})
