"""The figures of runs as JSON and back; what is compared and shown is read from this."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from dialplan.emulators.bench.run import Run

FORMAT: Final = 1

Json = dict[str, Any]
"""A saved run, or a saved benchmark of several."""


def run_wire(run: Run) -> Json:
    """Return one run as JSON: milliseconds, megabytes, shares of a core from 0 to 1."""
    return {
        "target": run.target,
        "settings": {
            "calls": run.plan.calls,
            "mix": run.plan.mix,
            "deltas_ms": list(run.plan.deltas_ms),
            "seconds": run.plan.seconds,
            "server_core": run.plan.cores.server,
            "ends_core": run.plan.cores.ends,
            "arrivals_per_s": run.plan.arrivals,
            "probes": run.plan.probes,
            "ahead": run.plan.ahead,
            "profiled": run.profiled,
            "workers": run.plan.serving.workers,
            "batch_ms": run.plan.serving.batch_ms,
            "spread": run.plan.serving.spread,
        },
        "measured_s": round(run.measured_s, 3),
        "void": list(run.void),
        "clean": run.clean,
        "failed_calls": run.failed,
        "latency_ms": {
            "up": run.up.wire(),
            "up_every_byte": run.up_all.wire(),
            "down": run.down.wire(),
        },
        "setup_ms": {"ramp": run.setup_ramp.wire(), "loaded": run.setup.wire()},
        "cpu_ms_per_call_second": round(run.cpu_ms, 3),
        "rss_mb": {
            "base": round(run.rss_base_mb, 2),
            "loaded": round(run.rss_mb, 2),
            "per_call": round(run.rss_call_mb, 4),
        },
        "busy": {
            "server": round(run.server_busy, 4),
            "ends": round(run.ends_busy, 4),
            "database": round(run.database_busy, 4),
            "others_on_server_core": round(run.foreign, 4),
        },
        "loop_lag_p99_ms": run.lag_p99_ms,
        "context_switches_per_s": {
            "voluntary": round(run.voluntary_per_s, 1),
            "involuntary": round(run.involuntary_per_s, 1),
        },
        "ends_late_ms": run.late.wire(),
        "frames": {
            "up": {"sent": run.sent_up, **asdict(run.tally_up)},
            "down": {"sent": run.sent_down, **asdict(run.tally_down)},
        },
        "faults": run.faults,
        "life": run.life,
    }


def whole_wire(runs: list[Json], machine: Json, *, began: str, held: int | None) -> Json:
    """Return a benchmark as JSON; `held` is the most calls of a sweep within the limit."""
    return {
        "format": FORMAT,
        "began": began,
        "machine": machine,
        "held_calls": held,
        "runs": runs,
    }
