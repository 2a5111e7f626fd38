"""`dialplan check`: says everything that is wrong with verticals and tenants, before a call can."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from dialplan.config.conversations import load_conversations
from dialplan.config.load import LoadedVertical, check_tenants, load_vertical
from dialplan.config.problem import (
    Problem,
    VerticalProblems,
    errors_in,
    render_json,
    render_text,
)
from dialplan.config.seeds import load_seed

_ANY_DAY = date(2026, 1, 5)


_EXAMPLES = """\b
Examples:
  dialplan check
  dialplan check verticals/repair_shop
  dialplan check --format json verticals
"""


@click.command(epilog=_EXAMPLES)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--format",
    "shape",
    type=click.Choice(["text", "json"]),
    default="text",
    help="How problems are printed.",
)
def check(paths: tuple[Path, ...], shape: str) -> None:
    """Check verticals: their shape, their references, their conversations and their seed.

    PATH is a vertical's folder, a folder of verticals, or a tenants.yaml. Without one, ./verticals.
    """
    problems: list[Problem] = []
    checked = 0
    for path in paths or (Path("verticals"),):
        folders, tenants = _targets(path)
        if not folders and tenants is None:
            click.echo(f"no vertical.yaml found in `{path}`", err=True)
            sys.exit(2)
        loaded = [one for folder in folders if (one := _check(folder, problems)) is not None]
        checked += len(folders)
        if tenants is not None:
            _check_tenants(tenants, loaded, whole=len(loaded) == len(folders), into=problems)
    unique = sorted(set(problems))
    click.echo(render_json(unique) if shape == "json" else render_text(unique) or _fine(checked))
    if errors_in(unique):
        sys.exit(2)


def _fine(checked: int) -> str:
    return f"{checked} {'vertical' if checked == 1 else 'verticals'} checked, nothing to change"


def _targets(path: Path) -> tuple[list[Path], Path | None]:
    if path.is_file():
        if path.name == "tenants.yaml":
            return _verticals_in(path.parent), path
        return ([path.parent], None) if path.name == "vertical.yaml" else ([], None)
    if (path / "vertical.yaml").is_file():
        return [path], None
    tenants = path / "tenants.yaml"
    return _verticals_in(path), tenants if tenants.is_file() else None


def _verticals_in(folder: Path) -> list[Path]:
    return sorted(file.parent for file in folder.glob("*/vertical.yaml"))


def _check(folder: Path, into: list[Problem]) -> LoadedVertical | None:
    try:
        loaded = load_vertical(folder)
    except VerticalProblems as found:
        into += found.problems
        return None
    into += loaded.warnings
    try:
        load_conversations(loaded)
    except VerticalProblems as found:
        into += found.problems
    database = loaded.vertical.database
    if database.seed is not None:
        try:
            load_seed(folder, database.seed, database, today=_ANY_DAY, zone=ZoneInfo("UTC"))
        except VerticalProblems as found:
            into += found.problems
    return loaded


def _check_tenants(
    tenants: Path, loaded: list[LoadedVertical], *, whole: bool, into: list[Problem]
) -> None:
    if not whole:
        return  # a vertical that did not load would be reported again as unknown
    try:
        into += check_tenants(tenants, [one.vertical for one in loaded])[1]
    except VerticalProblems as found:
        into += found.problems
