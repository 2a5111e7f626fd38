"""A picture of a benchmark: CPU, latency and memory against the number of calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dialplan.emulators.bench.report import Json
from dialplan.errors import ConfigError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KINDS = (".png", ".svg")
_WIDTH, _HEIGHT = 12.0, 4.2
_LIMIT_MS = 20.0

Line = tuple[str, Callable[[Json], float]]

_CPU: tuple[Line, ...] = (
    ("server, % of a core", lambda run: 100 * run["busy"]["server"]),
    ("ends, % of a core", lambda run: 100 * run["busy"]["ends"]),
)
_LATENCY: tuple[Line, ...] = (
    ("up p50", lambda run: run["latency_ms"]["up_every_byte"]["p50"]),
    ("up p99", lambda run: run["latency_ms"]["up_every_byte"]["p99"]),
    ("down p50", lambda run: run["latency_ms"]["down"]["p50"]),
    ("down p99", lambda run: run["latency_ms"]["down"]["p99"]),
)
_MEMORY: tuple[Line, ...] = (
    ("resident", lambda run: run["rss_mb"]["loaded"]),
    ("without calls", lambda run: run["rss_mb"]["base"]),
)


def check_kind(file: Path) -> None:
    """Raise ConfigError unless the name says a kind of picture that is written here."""
    if file.suffix.lower() not in KINDS:
        raise ConfigError(f"`{file}`: expected a name that ends in {' or '.join(KINDS)}")


def draw(runs: Sequence[Json], file: Path) -> None:
    """Write the picture; one run makes dots, several make lines.

    Raises:
        ConfigError: the name is of no known kind.
        OSError: the file cannot be written.
    """
    # Slow to import, and needed by nobody else.
    from matplotlib.figure import Figure

    check_kind(file)
    figure = Figure(figsize=(_WIDTH, _HEIGHT), layout="constrained")
    cpu, latency, memory = figure.subplots(1, 3)
    ordered = sorted(runs, key=lambda run: (run["target"], run["settings"]["calls"]))
    for axes, title, unit, lines in (
        (cpu, "CPU", "% of a core", _CPU),
        (latency, "Added latency", "ms", _LATENCY),
        (memory, "Memory", "MB", _MEMORY),
    ):
        _panel(axes, title, unit, lines, ordered)
    latency.set_yscale("log")
    latency.axhline(_LIMIT_MS, color="0.6", linestyle=":", linewidth=1)
    for axes in (cpu, memory):
        axes.set_ylim(bottom=0, top=1.15 * axes.get_ylim()[1])
    figure.savefig(file, dpi=120)


def _panel(axes: Axes, title: str, unit: str, lines: Sequence[Line], runs: Sequence[Json]) -> None:
    from matplotlib.ticker import MaxNLocator

    targets = list(dict.fromkeys(run["target"] for run in runs))
    for target, style in zip(targets, ("o-", "x--", "s:"), strict=False):
        mine = [run for run in runs if run["target"] == target]
        calls = [run["settings"]["calls"] for run in mine]
        for number, (name, figure) in enumerate(lines):
            label = name if len(targets) == 1 else f"{target}: {name}"
            values = [figure(run) for run in mine]
            axes.plot(calls, values, style, color=f"C{number}", label=label, markersize=4)
    axes.set_title(title)
    axes.set_xlabel("calls")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel(unit)
    axes.grid(visible=True, alpha=0.3)
    axes.legend(fontsize="small")
