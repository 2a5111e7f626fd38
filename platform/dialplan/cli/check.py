"""`dialplan check`: says everything that is wrong with verticals and tenants, before a call can."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

import click

from dialplan.config.load import check_tenants, check_vertical
from dialplan.config.problem import (
    Problem,
    errors_in,
    limited,
    render_github,
    render_json,
    render_text,
    seen_from,
)
from dialplan.config.shape import Typed
from dialplan.model.tenants import Tenants
from dialplan.model.vertical import Vertical

_Result = TypeVar("_Result")

_EXAMPLES = """\b
Examples:
  dialplan check
  dialplan check verticals/repair_shop
  dialplan check --strict --format github verticals
  DIALPLAN_MCP_COMMANDS=desk-mcp-server dialplan check --online
\b
Exit codes: 0 nothing to change, 1 problems, 2 wrong use.
"""


@click.command(epilog=_EXAMPLES)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--format",
    "shape",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    help="How problems are printed.",
)
@click.option("--strict", is_flag=True, help="Let warnings count as errors.")
@click.option(
    "--online",
    is_flag=True,
    help="Also ask each MCP server: whether it answers, with the secrets of this shell, has the "
    "tools that are named, and takes their parameters. Calls no tool.",
)
def check(paths: tuple[Path, ...], shape: str, strict: bool, online: bool) -> None:
    """Check verticals: their shape, their references, their conversations and their seed.

    PATH is a vertical's folder, a folder of verticals, or a tenants.yaml. Without one, ./verticals.
    """
    targets: dict[Path, None] = {}
    tenants: dict[Path, list[Path]] = {}
    for path in paths or (Path("verticals"),):
        folders, file = _targets(path)
        if not folders and file is None:
            click.echo(f"no vertical.yaml found in `{path}`", err=True)
            sys.exit(2)
        targets.update(dict.fromkeys(folders))
        if file is not None:
            tenants[file] = folders
    found = _found(list(targets), tenants)
    asked = _ask(found) if online else None
    problems = seen_from(Path.cwd(), limited(found.problems))
    match shape:
        case "json":
            click.echo(render_json(problems))
        case "github":
            if problems:
                click.echo(render_github(problems))
        case _:
            click.echo(render_text(problems) or _fine(len(targets), asked))
    if errors_in(problems) or (strict and problems):
        sys.exit(1)


def problems_of(folders: Iterable[Path], tenants: dict[Path, list[Path]]) -> list[Problem]:
    """All problems of verticals, and of tenants files with the verticals beside them."""
    return _found(folders, tenants).problems


def _found(folders: Iterable[Path], tenants: dict[Path, list[Path]]) -> _Findings:
    found = _Findings()
    asked = {folder for beside in tenants.values() for folder in beside}
    broken: set[Path] = set()
    for folder in folders:
        reading = found.of(folder / "vertical.yaml", partial(check_vertical, folder))
        found.problems += reading.problems if reading is not None else ()
        if reading is not None and reading.made is not None:
            found.made[folder] = reading.made
        elif folder in asked:
            broken.add(folder)
    for file, beside in tenants.items():
        # Of a vertical that cannot be read at all, nobody knows what its lines must give it.
        if broken.isdisjoint(beside):
            some = [found.made[folder] for folder in beside]
            checked = found.of(file, partial(check_tenants, file, some))
            found.problems += checked[1] if checked is not None else ()
            if checked is not None and checked[0] is not None:
                for folder in beside:
                    found.tenants.setdefault(folder, []).append(checked[0].content)
    return found


def _ask(found: _Findings) -> int:
    """Add what the MCP servers say; return how many were asked."""
    # Imported on use: nothing else here needs a network.
    from dialplan.cli.signals import run_until_signalled
    from dialplan.runtime.online import Checked, ask_servers
    from dialplan.settings import Settings

    settings = Settings.from_environ(os.environ)
    verticals = [
        Checked(folder, made, found.tenants.get(folder, ())) for folder, made in found.made.items()
    ]
    asked = 0

    async def ask() -> None:
        nonlocal asked
        problems, asked = await ask_servers(verticals, settings, os.environ)
        found.problems += problems

    run_until_signalled(ask())
    return asked


@dataclass(slots=True)
class _Findings:
    problems: list[Problem] = field(default_factory=list)
    made: dict[Path, Typed[Vertical]] = field(default_factory=dict)
    tenants: dict[Path, list[Tenants]] = field(default_factory=dict)

    def of(self, file: Path, work: Callable[[], _Result]) -> _Result | None:
        """What the work gives; where it fails, our own bug is one more problem, not the last."""
        try:
            return work()
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            kind = type(error).__name__
            self.problems.append(
                Problem(
                    str(file),
                    1,
                    1,
                    "E901",
                    "error",
                    "",
                    f"dialplan itself failed here: `{kind}` in "
                    f"`{os.path.basename(last.filename)}:{last.lineno}`",
                    "please report it with this file; other files were checked",
                )
            )
            return None


def _fine(checked: int, asked: int | None) -> str:
    servers = "" if asked is None else f", {_many(asked, 'MCP server')} asked"
    return f"{_many(checked, 'vertical')} checked{servers}, nothing to change"


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _targets(path: Path) -> tuple[list[Path], Path | None]:
    if path.name == "tenants.yaml" and path.exists() and not path.is_dir():
        return _verticals_in(path.parent), path
    if path.name == "vertical.yaml" and path.exists() and not path.is_dir():
        return [path.parent], None
    if os.path.lexists(path / "vertical.yaml"):
        return [path], None
    tenants = path / "tenants.yaml"
    return _verticals_in(path), tenants if os.path.lexists(tenants) else None


def _verticals_in(folder: Path) -> list[Path]:
    return sorted(file.parent for file in folder.glob("*/vertical.yaml"))
