"""How `dialplan bench --soak` says what it sees: a line for each sample, then what was kept."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.console import Console

from dialplan.emulators.bench.report import FORMAT, Json
from dialplan.emulators.bench.stayed import growth

if TYPE_CHECKING:
    from dialplan.emulators.bench.soak import Soaked
    from dialplan.emulators.bench.stayed import Kept, Sample

HEAD = "   min  calls     MB  files sockets tasks   CPU  lag   up p50/p99   down p50/p99"


def line(sample: Sample) -> str:
    """Return a sample as a line under `HEAD`."""
    kept = sample.kept
    lag = "" if sample.lag_p99_ms is None else f"{sample.lag_p99_ms:g}"
    up, down = (f"{one.p50:.1f}/{one.p99:.1f}" for one in (sample.up, sample.down))
    return (
        f"{sample.at_s / 60:6.1f} {sample.calls:6} {kept.rss_mb:6.1f} {kept.files:6} "
        f"{kept.sockets:7} {kept.tasks:5} {sample.cpu:5.0%} {lag:>4} {up:>12} {down:>14}"
    )


def show(soaked: Soaked, console: Console) -> None:
    """Print what was kept, and what is over its limit."""
    console.print(f"before the first call: {_kept(soaked.before)}", highlight=False)
    console.print(f"after the last call:   {_kept(soaked.after)}", highlight=False)
    grows = growth(soaked.samples, soaked.warm_s)
    if grows is not None:
        console.print(
            f"memory: {grows:+.2f} MB a minute after {soaked.warm_s / 60:.1f} minutes, by least "
            "squares",
            highlight=False,
        )
    lost = "no audio lost" if soaked.tally.clean else f"audio: {soaked.tally}"
    console.print(f"{soaked.calls} calls, {soaked.failed} failed, {lost}", highlight=False)
    if any(soaked.life.values()):
        said = ", ".join(f"{n} {w.replace('_', ' ')}" for w, n in soaked.life.items())
        console.print(said, highlight=False)
    for fault, count in soaked.faults.items():
        console.print(f"{count} times {fault}", markup=False, highlight=False)
    for over in soaked.over:
        console.print(f"[bold]over its limit[/bold]: {over}", highlight=False)


def wire(soaked: Soaked, machine: Json, *, began: str) -> Json:
    """Return it as JSON: milliseconds, megabytes, minutes."""
    plan = soaked.soak.plan
    return {
        "format": FORMAT,
        "began": began,
        "machine": machine,
        "soak": {
            "settings": {
                "calls": plan.calls,
                "mix": plan.mix,
                "seconds": plan.seconds,
                "shortest_s": soaked.soak.shortest_s,
                "longest_s": soaked.soak.longest_s,
                "ahead": plan.ahead,
            },
            "calls": soaked.calls,
            "failed_calls": soaked.failed,
            "mb_per_minute": growth(soaked.samples, soaked.warm_s),
            "before": asdict(soaked.before),
            "after": asdict(soaked.after),
            "samples": [one.wire() for one in soaked.samples],
            "frames": asdict(soaked.tally),
            "life": soaked.life,
            "faults": soaked.faults,
            "over": list(soaked.over),
        },
    }


def _kept(kept: Kept) -> str:
    return (
        f"{kept.rss_mb:.1f} MB, {kept.files} files ({kept.sockets} of them sockets), "
        f"{kept.tasks} tasks"
    )
