"""`dialplan bench`: how many calls one core carries, and how well."""

from __future__ import annotations

import asyncio
import re
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click
import orjson

from dialplan.errors import ConfigError

if TYPE_CHECKING:
    from dialplan.emulators.bench.machine import Cores
    from dialplan.emulators.bench.report import Json
    from dialplan.emulators.bench.run import Plan
    from dialplan.emulators.bench.session import Ground
    from dialplan.emulators.bench.target import Serving

MOST_CALLS = 1000
MOST_SOAK_S = 24 * 3600
_UNITS_S = {"s": 1, "m": 60, "h": 3600}
_DELTAS = {"full": (100,), "life": (20, 100, 400)}

_EXAMPLES = """\b
Examples:
  dialplan bench                                      50 calls for 20 s
  dialplan bench --calls 50,100,150,200 --json now.json --plot now.svg
  dialplan bench --sweep --mix life                   how many calls are held
  dialplan bench --against before.json                the same again, as ratios
  dialplan bench --calls 100 --profile flames.svg     where the time goes
  dialplan bench --soak 30m --mix life --calls 100    what is kept under load that lasts
"""


class _Calls(click.ParamType[tuple[int, ...]]):
    name = "N,N,..."

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        parts = str(value).split(",")
        if not all(part.strip().isdecimal() and 0 < int(part) <= MOST_CALLS for part in parts):
            self.fail(f"expected numbers from 1 to {MOST_CALLS}, such as `50,100`", param, ctx)
        return tuple(int(part) for part in parts)


class _Duration(click.ParamType[float]):
    name = "DURATION"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        found = re.fullmatch(r"(\d{1,5})([smh])", str(value))
        seconds = int(found[1]) * _UNITS_S[found[2]] if found else 0
        if not 1 <= seconds <= MOST_SOAK_S:
            self.fail("expected a time up to 24h, such as `30m` or `90s`", param, ctx)
        return float(seconds)


class _Range(click.ParamType[tuple[float, float]]):
    name = "S,S"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, float]:
        found = re.fullmatch(r"(\d{1,4}),(\d{1,4})", str(value))
        if found is None or not 1 <= int(found[1]) <= int(found[2]):
            self.fail("expected the shorter and the longer in seconds: `60,180`", param, ctx)
        return float(found[1]), float(found[2])


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is to be measured."""

    calls: tuple[int, ...]
    sweep: bool
    seconds: float
    mix: Literal["full", "life"]
    deltas_ms: tuple[int, ...]
    cores: Cores
    ahead: bool
    yardstick: bool
    profile: Path | None
    serving: Serving


@click.command(epilog=_EXAMPLES)
@click.option(
    "--calls",
    type=_Calls(),
    default="50",
    show_default=True,
    help="How many calls at once; a run each.",
)
@click.option("--sweep", is_flag=True, help="More and more calls, until p99 is over 20 ms.")
@click.option(
    "--seconds",
    default=20.0,
    show_default=True,
    type=click.FloatRange(1, 600),
    help="How long each run is measured, once its calls are up.",
)
@click.option(
    "--mix",
    type=click.Choice(["full", "life"]),
    default="full",
    show_default=True,
    help="Both ends talk all the time, or in turns, with tools, handoffs and barge-ins.",
)
@click.option(
    "--delta",
    type=click.Choice(["20", "100", "400"]),
    help="Length of the model's audio deltas in ms; 100 in the full mix, all three in life's.",
)
@click.option("--json", "file", type=click.Path(path_type=Path), help="Write all figures there.")
@click.option("--plot", type=click.Path(path_type=Path), help="Draw them there, as .png or .svg.")
@click.option(
    "--against",
    type=click.Path(path_type=Path),
    help="Compare with the figures of this file.",
)
@click.option(
    "--profile", type=click.Path(path_type=Path), help="Write a flame graph of the server there."
)
@click.option(
    "--cores", "cores_text", metavar="S,E", help="Core of the server, and that of all else."
)
@click.option(
    "--ahead", is_flag=True, help="Let server and ends go before all other processes (as root)."
)
@click.option(
    "--soak",
    type=_Duration(),
    help="Instead: so many calls for so long, coming and going; what stays of them in the server.",
)
@click.option(
    "--lasting",
    type=_Range(),
    default="60,180",
    show_default=True,
    help="How long a call of a soak lasts, in seconds: the shortest, the longest.",
)
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 16),
    help="Processes of the server, all on its core.",
)
@click.option(
    "--spread", is_flag=True, help="Workers have the server's core and the ends' in turns instead."
)
@click.option(
    "--batch",
    type=click.IntRange(20, 100),
    help="Caller audio in one message to the model, in ms; the server's default without.",
)
@click.option("--yardstick", is_flag=True, help="Measure a bare relay too, for comparison.")
def bench(
    calls: tuple[int, ...],
    sweep: bool,
    seconds: float,
    mix: Literal["full", "life"],
    delta: str | None,
    file: Path | None,
    plot: Path | None,
    against: Path | None,
    profile: Path | None,
    cores_text: str | None,
    ahead: bool,
    soak: float | None,
    lasting: tuple[float, float],
    workers: int,
    spread: bool,
    batch: int | None,
    yardstick: bool,
) -> None:
    """Measure how many calls one core carries, and how well.

    The real server runs alone on a core, with a database for this run. Emulated callers and an
    emulated model on another core say how late each byte of audio arrives, and what is lost.
    Exit code: 0 measured, 1 void, audio lost, or a soak over its limits; 2 nothing could be
    measured.
    """
    from dialplan.emulators.bench.extra import require

    require()
    from rich.console import Console

    from dialplan.cli.benched import show_compared, show_runs
    from dialplan.emulators.bench.compare import compare, load_saved, other_machine
    from dialplan.emulators.bench.machine import Cores, facts
    from dialplan.emulators.bench.plot import check_kind, draw
    from dialplan.emulators.bench.report import whole_wire
    from dialplan.emulators.bench.sweep import holds, most_held
    from dialplan.emulators.bench.target import Serving

    if profile is not None and (sweep or len(calls) > 1 or yardstick):
        raise click.UsageError("--profile is for one run: give one number of calls")
    if profile is not None and profile.suffix != ".svg":
        raise ConfigError(f"`{profile}`: a flame graph is an .svg")
    if spread and (workers < 2 or yardstick):
        raise click.UsageError("--spread is for workers: give `--workers 2` and no `--yardstick`")
    if plot is not None:
        check_kind(plot)
    before = None if against is None else load_saved(_read(against), str(against))
    deltas_ms = _DELTAS[mix] if delta is None else (int(delta),)
    cores = Cores.parse(cores_text)
    wish = _Wish(
        calls,
        sweep,
        seconds,
        mix,
        deltas_ms,
        cores,
        ahead,
        yardstick,
        profile,
        Serving(workers, batch, spread),
    )
    began = datetime.now(UTC).isoformat(timespec="seconds")
    if soak is not None:
        if sweep or yardstick or against or plot or profile or len(calls) > 1:
            raise click.UsageError("--soak is a run of its own: leave the other runs' options out")
        sys.exit(_soak(replace(wish, seconds=soak), lasting, file, began))
    runs = _measure(wish)
    held = None
    if sweep:
        ours = [run for run in runs if run["target"] != "yardstick"]
        held = most_held({run["settings"]["calls"]: holds(run) for run in ours})
    if file is not None:
        whole = whole_wire(runs, facts(), began=began, held=held)
        file.write_bytes(orjson.dumps(whole, option=orjson.OPT_INDENT_2) + b"\n")
    if plot is not None:
        draw(runs, plot)
    console = Console()
    for target in dict.fromkeys(run["target"] for run in runs):
        show_runs([run for run in runs if run["target"] == target], console)
    if held is not None:
        console.print(f"held: {held} calls on one core")
    if before is not None:
        compared = compare(runs, before.runs)
        show_compared(compared, other_machine(facts(), before.machine), console)
        if not compared:
            console.print(f"no run of {against} has the same settings: nothing to compare")
    if any(run["void"] or not run["clean"] for run in runs):
        sys.exit(1)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as exc:
        raise ConfigError(f"cannot read `{file}`: {exc.strerror}") from exc


def _soak(wish: _Wish, lasting: tuple[float, float], file: Path | None, began: str) -> int:
    """Run a soak and show it; return the exit code."""
    import uvloop
    from rich.console import Console

    from dialplan.cli.soaked import HEAD, line, show, wire
    from dialplan.emulators.bench.machine import facts
    from dialplan.emulators.bench.session import open_ground
    from dialplan.emulators.bench.soak import SAMPLE_S, SAMPLES, Soak, Soaked

    every_s = min(SAMPLE_S, wish.seconds / SAMPLES)
    soak = Soak(_plan(wish, wish.calls[0]), *lasting, every_s)

    async def soaked() -> Soaked:
        async with open_ground(wish.cores, ahead=wish.ahead) as ground:
            click.echo(HEAD)
            return await ground.soak(
                soak,
                progress=lambda step: click.echo(f"{step} ...", err=True),
                sampled=lambda sample: click.echo(line(sample)),
            )

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        done = runner.run(soaked())
    if file is not None:
        file.write_bytes(orjson.dumps(wire(done, facts(), began=began), option=orjson.OPT_INDENT_2))
    show(done, Console(width=100))
    return 1 if done.over else 0


def _plan(wish: _Wish, calls: int) -> Plan:
    from dialplan.emulators.bench.run import Plan

    return Plan(
        calls,
        wish.mix,
        wish.deltas_ms,
        wish.seconds,
        wish.cores,
        ahead=wish.ahead,
        serving=wish.serving,
    )


def _measure(wish: _Wish) -> list[Json]:
    import uvloop

    from dialplan.emulators.bench.session import open_ground

    async def all_runs() -> list[Json]:
        async with open_ground(wish.cores, ahead=wish.ahead) as ground:
            runs = await _runs(wish, ground, yardstick=False)
            return runs + (await _runs(wish, ground, yardstick=True) if wish.yardstick else [])

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(all_runs())


async def _runs(wish: _Wish, ground: Ground, *, yardstick: bool) -> list[Json]:
    from dialplan.emulators.bench.profile import profile
    from dialplan.emulators.bench.report import run_wire
    from dialplan.emulators.bench.sweep import holds, next_calls

    runs: list[Json] = []
    held: dict[int, bool] = {}
    waiting = list(wish.calls)
    look = None if wish.profile is None else profile(wish.profile, wish.seconds, ahead=wish.ahead)
    calls = next_calls(held) if wish.sweep else waiting.pop(0)
    while calls is not None:
        plan = _plan(wish, calls)
        run = run_wire(
            await ground.run(
                plan,
                yardstick=yardstick,
                profile=look,
                progress=lambda step: click.echo(f"{step} ...", err=True),
            )
        )
        runs.append(run)
        held[calls] = holds(run)
        if wish.sweep:
            # What a full core of the ends limits says nothing more about the server.
            calls = None if run["void"] else next_calls(held)
        else:
            calls = waiting.pop(0) if waiting else None
    return runs
