"""`dialplan test`: holds the conversations that verticals ship and says which went as expected."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import click

from dialplan.cli.signals import run_until_signalled
from dialplan.config.problem import VerticalProblems, render_text
from dialplan.emulators.conversations import report
from dialplan.emulators.conversations.live import JUDGE_MODEL, open_live
from dialplan.emulators.conversations.run import Manner, Result, calling_live, speaking, writing
from dialplan.emulators.conversations.suite import Case, find, run_all
from dialplan.errors import ConfigError
from dialplan.settings import Settings

# Calls wait most of the time: for words to be over, and for the pause after them.
CALLS_A_CORE = 4
LIVE_AT_ONCE = 4
INTERRUPTED = 130

_EXAMPLES = """\b
Examples:
  dialplan test                                            all of ./verticals
  dialplan test verticals/NAME -k book
  dialplan test verticals/NAME/conversations/FILE.yaml
  dialplan test verticals --format junit > conversations.xml
  dialplan test verticals/NAME --live --most 30            a real model; costs money
"""


@click.command(epilog=_EXAMPLES)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option(
    "-k",
    "--filter",
    "word",
    default="",
    help="Only conversations with this in their name or file.",
)
@click.option("--spoken", "aloud", is_flag=True, help="Over real speech; slower, and not exact.")
@click.option(
    "--live",
    is_flag=True,
    help="With the real model of OPENAI_API_KEY; it also judges what says `judge`. Costs money.",
)
@click.option(
    "--most",
    default=20,
    show_default=True,
    type=click.IntRange(1),
    help="With --live: hold no more conversations than this; with more, hold none.",
)
@click.option(
    "--judge",
    default=JUDGE_MODEL,
    show_default=True,
    metavar="MODEL",
    help="With --live: the model that judges.",
)
@click.option("-x", "--fail-fast", is_flag=True, help="Stop after the first that fails.")
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1, 64),
    help="How many calls at once. Default: 4 for each core; with --live 4.",
)
@click.option(
    "--format",
    "shape",
    type=click.Choice(["text", "json", "junit"]),
    default="text",
    help="How results are printed.",
)
def test(
    paths: tuple[Path, ...],
    word: str,
    aloud: bool,
    live: bool,
    most: int,
    judge: str,
    fail_fast: bool,
    jobs: int | None,
    shape: str,
) -> None:
    """Hold conversations with verticals, through the real server and emulated peers.

    PATH is a vertical's folder, a folder of verticals, or one conversation; without one, all of
    DIALPLAN_VERTICALS. Exit code: 0 all passed, 1 one failed, 2 nothing could be tested.
    """
    settings = Settings.from_environ(os.environ)
    try:
        cases = find(paths or (settings.verticals,), word)
    except VerticalProblems as found:
        click.echo(render_text(found.problems), err=True)
        sys.exit(2)
    if live:
        cases = _for_a_live_model(cases, most)
    at_once = jobs or (LIVE_AT_ONCE if live else CALLS_A_CORE * (os.cpu_count() or 1))
    results: list[Result] = []
    # Over, but not shown yet: one that stands before them still lasts.
    waiting: list[Result] = []

    def show(result: Result) -> None:
        results.append(result)
        waiting.remove(result)
        if shape == "text":
            say("\n".join(filter(None, (report.line(result), report.details(result)))))

    say: Callable[[str], None] = click.echo
    began = time.monotonic()
    try:
        with _progress(len(cases), shape) as (move, say):

            def done(result: Result) -> None:
                waiting.append(result)
                move(result)

            run_until_signalled(
                _hold(cases, settings, aloud, live, judge, at_once, fail_fast, show, done)
            )
    except (click.Abort, KeyboardInterrupt):
        say = click.echo
        for case in cases:
            for result in [one for one in waiting if one.told is case.told]:
                show(result)
        click.echo(report.summary(results, time.monotonic() - began), err=shape != "text")
        click.echo(f"interrupted, before all {len(cases)} were held", err=True)
        sys.exit(INTERRUPTED)
    seconds = time.monotonic() - began
    match shape:
        case "json":
            click.echo(report.as_json(results))
        case "junit":
            click.echo(report.as_junit(results, seconds))
        case _:
            click.echo(report.summary(results, seconds))
    if not all(result.passed for result in results):
        sys.exit(1)


async def _hold(
    cases: Sequence[Case],
    settings: Settings,
    aloud: bool,
    live: bool,
    judge: str,
    at_once: int,
    fail_fast: bool,
    show: Callable[[Result], None],
    done: Callable[[Result], None],
) -> None:
    async with AsyncExitStack() as stack:
        model = await stack.enter_async_context(open_live(settings, judge)) if live else None
        await run_all(
            cases,
            settings,
            _manner(aloud=aloud, live=live),
            at_once=at_once,
            fail_fast=fail_fast,
            live=model,
            show=show,
            done=done,
        )


def _manner(*, aloud: bool, live: bool) -> Manner:
    if live:
        return calling_live()
    return speaking() if aloud else writing()


def _for_a_live_model(cases: Sequence[Case], most: int) -> list[Case]:
    kept = [case for case in cases if case.told.conversation.live]
    if not kept:
        raise ConfigError("each of these conversations says `live: false`: none is left to hold")
    if len(kept) > most:
        raise ConfigError(
            f"{len(kept)} conversations would be held with a live model, which costs money: "
            f"choose some with `-k`, or allow them with `--most {len(kept)}`"
        )
    if len(kept) < len(cases):
        left = len(cases) - len(kept)
        click.echo(f"left out: {left} that say `live: false`", err=True)
    return kept


@contextmanager
def _progress(
    total: int, shape: str
) -> Iterator[tuple[Callable[[Result], None], Callable[[str], None]]]:
    """Show a bar on a terminal; give what moves it, and what prints above it."""
    # Where results are for a program, the terminal is on the other channel.
    stream = sys.stdout if shape == "text" else sys.stderr
    if not stream.isatty():
        yield lambda _result: None, click.echo
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    # What is written past it, as click does even where it is redirected, stands behind the bar.
    console = Console(file=stream)
    with Progress(
        *columns, TimeElapsedColumn(), console=console, transient=True, redirect_stdout=False
    ) as bar:
        task = bar.add_task("", total=total)
        failed = 0

        def done(result: Result) -> None:
            nonlocal failed
            failed += not result.passed
            bar.update(task, advance=1, description=f"{failed} failed" if failed else "")

        yield done, lambda text: console.out(text, highlight=False)
