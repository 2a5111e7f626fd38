"""How `dialplan bench` shows its figures on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from dialplan.emulators.bench.report import Json

if TYPE_CHECKING:
    from dialplan.emulators.bench.compare import Compared

_COLUMNS = ("calls", "CPU", "core", "up", "down", "setup", "MB", "lost", "lag", "ends")
_CAPTION = """\
CPU: ms of the server's for each second of a call; core, ends: how busy
each core was. up, down: added latency, p50/p99 in ms. setup: webhook to
first audio, p95 in ms. MB: memory for each call. lost: frames lost, out
of order or another call's. lag: of the event loop, p99 at most, in ms."""


def show_runs(runs: Sequence[Json], console: Console) -> None:
    """Print a row for each run, and what is wrong with it below the table."""
    table = Table(title=_title(runs[0]), title_justify="left", box=SIMPLE, padding=(0, 1))
    for column in _COLUMNS:
        table.add_column(column, justify="right", no_wrap=True)
    for run in runs:
        table.add_row(*_row(run))
    console.print(table)
    console.print(_CAPTION, style="dim")
    for run in runs:
        name = f"{run['target']}, {run['settings']['calls']} calls"
        for reason in run["void"]:
            console.print(f"{name}: [bold]void[/bold], {reason}")
        if run["failed_calls"]:
            console.print(
                f"{name}: {run['failed_calls']} calls could not be set up or did not last"
            )
        for fault, count in run["faults"].items():
            console.print(f"{name}: {count} times {fault}", markup=False)
        if run["life"]:
            said = ", ".join(f"{n} {w.replace('_', ' ')}" for w, n in run["life"].items())
            console.print(f"{name}: {said}")


def show_compared(compared: Sequence[Compared], elsewhere: Sequence[str], console: Console) -> None:
    """Print every figure beside the saved one, and the ratio: below 1 is better.

    `elsewhere` is how the machine differs from the one of the saved runs.
    """
    for one in compared:
        title = f"{one.target}, {one.calls} calls, beside the saved run"
        if one.now > 1 or one.before > 1:
            title += f" (medians of {one.before} and {one.now})"
        table = Table(title=title, title_justify="left", box=SIMPLE)
        table.add_column("")
        for column in ("before", "now", "times"):
            table.add_column(column, justify="right")
        for ratio in one.ratios:
            times = "" if ratio.times is None else f"{ratio.times:.2f}"
            table.add_row(ratio.name, f"{ratio.before:.2f}", f"{ratio.now:.2f}", times)
        console.print(table)
        for doubt in one.doubts:
            console.print(f"[bold]no fair comparison[/bold]: {doubt}")
    if compared:
        for difference in elsewhere:
            console.print(f"[bold]no fair comparison[/bold]: another machine, {difference}")


def _title(run: Json) -> str:
    settings = run["settings"]
    deltas = ", ".join(map(str, settings["deltas_ms"]))
    return (
        f"{run['target']}: {settings['mix']} mix, deltas of {deltas} ms, "
        f"{settings['seconds']:g} s on core {settings['server_core']}"
    )


def _row(run: Json) -> tuple[str, ...]:
    up, down = run["latency_ms"]["up_every_byte"], run["latency_ms"]["down"]
    wrong = ("lost", "reordered", "repeated", "foreign", "damaged")
    lag = run["loop_lag_p99_ms"]
    return (
        str(run["settings"]["calls"]),
        f"{run['cpu_ms_per_call_second']:.2f}",
        f"{run['busy']['server']:.0%}",
        f"{up['p50']:.1f}/{up['p99']:.1f}",
        f"{down['p50']:.1f}/{down['p99']:.1f}",
        f"{run['setup_ms']['loaded']['p95']:.0f}",
        f"{run['rss_mb']['per_call']:.2f}",
        str(sum(one[kind] for one in run["frames"].values() for kind in wrong)),
        "" if lag is None else f"{lag:g}",
        f"{run['busy']['ends']:.0%}",
    )
