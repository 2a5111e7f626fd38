"""`dialplan test`: holds the conversations that verticals ship and says which went as expected."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import click

from dialplan.config.problem import VerticalProblems, render_text
from dialplan.emulators.conversations import report
from dialplan.emulators.conversations.run import Result, speaking, writing
from dialplan.emulators.conversations.suite import find, run_all
from dialplan.settings import Settings

AT_ONCE = 8

_EXAMPLES = """\b
Examples:
  dialplan test                                            all of ./verticals
  dialplan test verticals/NAME -k book
  dialplan test verticals/NAME/conversations/FILE.yaml
  dialplan test --format junit > conversations.xml
"""


@click.command(epilog=_EXAMPLES)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option("-k", "word", default="", help="Only conversations with this in their name or file.")
@click.option("--spoken", "aloud", is_flag=True, help="Over real speech; slower, and not exact.")
@click.option("-x", "--fail-fast", is_flag=True, help="Stop after the first that fails.")
@click.option(
    "-j",
    "--jobs",
    default=AT_ONCE,
    show_default=True,
    type=click.IntRange(1, 16),
    help="How many calls at once.",
)
@click.option(
    "--format",
    "shape",
    type=click.Choice(["text", "json", "junit"]),
    default="text",
    help="How results are printed.",
)
def test(
    paths: tuple[Path, ...], word: str, aloud: bool, fail_fast: bool, jobs: int, shape: str
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
    began = time.monotonic()
    results = asyncio.run(
        run_all(
            cases,
            settings,
            speaking() if aloud else writing(),
            at_once=jobs,
            fail_fast=fail_fast,
            show=_show if shape == "text" else lambda _result: None,
        )
    )
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


def _show(result: Result) -> None:
    click.echo(report.line(result))
    if not result.passed:
        click.echo(report.details(result))
