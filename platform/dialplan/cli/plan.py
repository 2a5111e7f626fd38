"""`dialplan plan`: what deploying the folder would change, before it does."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import click

from dialplan.cli.planned import plan_json, plan_text
from dialplan.config.load import load_all
from dialplan.errors import ConfigError
from dialplan.runtime.planning import Plan, chosen, make_plan
from dialplan.settings import Settings
from dialplan.store.opening import open_database

_EXAMPLES = """\b
Examples:
  dialplan plan                              what lies in the folder against what is deployed
  dialplan plan repair_shop --sql            with the SQL of every step
  dialplan plan --output plan.json && dialplan apply plan.json
"""


@click.command(epilog=_EXAMPLES)
@click.argument("verticals", nargs=-1)
@click.option(
    "--format",
    "shape",
    type=click.Choice(["text", "json"]),
    default="text",
    help="How the plan is printed.",
)
@click.option("--sql", is_flag=True, help="Print the SQL of every step too.")
@click.option("--output", type=click.Path(path_type=Path), help="Write the plan for `apply`.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 when there is something to deploy.")
def plan(
    verticals: tuple[str, ...], shape: str, sql: bool, output: Path | None, exit_code: bool
) -> None:
    """Compare what is deployed with what lies in the folder; changes nothing.

    SAFE steps only add, and a server takes them by itself. RISKY ones can fail on rows that are
    there or break calls in progress; DESTRUCTIVE ones take data out of sight. Both wait for
    `dialplan apply`. Without VERTICALS, all of the folder.
    """
    settings = Settings.from_environ(os.environ)
    made = asyncio.run(_plan(settings, verticals))
    written = json.dumps(plan_json(made), indent=2)
    if output is not None:
        try:
            output.write_text(written + "\n", encoding="utf-8")
        except OSError as exc:
            why = (exc.strerror or str(exc)).lower()
            raise ConfigError(f"cannot write `{output}`: {why}") from exc
    click.echo(written if shape == "json" else plan_text(made))
    if sql and shape == "text":
        for one in made.verticals:
            for step in one.steps:
                click.echo(f"\n-- {one.vertical}: {step.risk} {step.what}")
                click.echo("\n".join(f"{statement};" for statement in step.statements))
    if exit_code and not made.empty:
        sys.exit(1)


async def _plan(settings: Settings, names: tuple[str, ...]) -> Plan:
    loaded = load_all(settings.verticals)
    async with open_database(settings) as database:
        made = await make_plan(database, loaded, settings.tenants_file, os.environ)
    wanted = chosen(loaded, names)
    return Plan(
        tuple(one for one in made.verticals if one.vertical in wanted), made.numbers, made.missing
    )
