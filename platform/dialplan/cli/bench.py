"""`dialplan bench`: how many calls one core carries, and how well."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dialplan.errors import ConfigError

if TYPE_CHECKING:
    from dialplan.emulators.bench.machine import Cores
    from dialplan.emulators.bench.run import Run

PACKAGES = ("picows", "psutil", "matplotlib")


@click.command()
@click.option("--calls", default="50", show_default=True, help="How many calls at once.")
@click.option("--seconds", default=20.0, show_default=True, help="How long to measure.")
@click.option("--mix", type=click.Choice(["full", "life"]), default="full", show_default=True, help="Who talks when.")
@click.option("--delta", type=click.Choice(["20", "100", "400"]), help="Length of the model's deltas in ms.")
@click.option("--json", "file", type=click.Path(path_type=Path), help="Write all figures here.")
@click.option("--cores", "cores_text", metavar="S,E", help="Core of the server, and of all else.")
@click.option("--ahead", is_flag=True, help="Let server and ends go before all other processes (root).")
def bench(calls: str, ahead: bool, seconds: float, mix: str, delta: str | None, file: Path | None, cores_text: str | None) -> None:
    """Measure what one core carries."""
    import asyncio
    import uvloop
    from dialplan.emulators.bench.machine import Cores, facts
    from dialplan.emulators.bench.report import run_wire, whole_wire
    from dialplan.emulators.bench.run import Plan
    from dialplan.emulators.bench.session import open_ground

    cores = Cores.parse(cores_text)
    deltas = (int(delta),) if delta else ((100,) if mix == "full" else (20, 100, 400))
    began = datetime.now(UTC).isoformat(timespec="seconds")
    runs: list[dict[str, Any]] = []

    async def main() -> None:
        async with open_ground(cores, ahead=ahead) as ground:
            for count in calls.split(","):
                plan = Plan(int(count), mix, deltas, seconds, cores, ahead=ahead)
                run = await ground.run(plan, progress=lambda s: click.echo(s, err=True))
                runs.append(run_wire(run))
                click.echo(json.dumps(runs[-1], indent=1))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
    if file is not None:
        file.write_text(json.dumps(whole_wire(runs, facts(), began=began, held=None), indent=1) + "\n")
