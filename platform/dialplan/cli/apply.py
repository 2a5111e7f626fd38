"""`dialplan apply`: deploys the folder, after saying what that comes to."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import click

from dialplan.cli.planned import fingerprints, plan_json, plan_text, read_fingerprints
from dialplan.config.load import LoadedVertical, load_all
from dialplan.errors import ConfigError
from dialplan.knowledge.library import Library
from dialplan.runtime.planning import carry_out, make_plan
from dialplan.runtime.service import providers_from
from dialplan.settings import Settings
from dialplan.store.database import Database
from dialplan.store.opening import open_database
from dialplan.store.tenancy import tenant_transaction
from dialplan.store.vertical_tables import purge

_EXAMPLES = """\b
Examples:
  dialplan apply                       plans, asks, and does it
  dialplan apply plan.json             does what `dialplan plan --output plan.json` showed
  dialplan apply --purge-older 30      drops for good what was removed 30 days ago
"""


@click.command(epilog=_EXAMPLES)
@click.argument("plan", required=False, type=click.Path(path_type=Path))
@click.option("--destructive", is_flag=True, help="Agree to DESTRUCTIVE steps.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--purge-older",
    type=click.IntRange(min=0),
    metavar="DAYS",
    help="Drop for good what was removed more than DAYS ago; nothing else is done.",
)
def apply(plan: Path | None, destructive: bool, yes: bool, purge_older: int | None) -> None:
    """Bring the database to what lies in the folder, and release it.

    Each vertical is one transaction: all of its steps or none. A removed table or column is
    renamed to `_dropped_<day>_<name>` and keeps its data until it is purged. Refused when the files
    or the tables have moved since PLAN was written.
    """
    settings = Settings.from_environ(os.environ)
    if purge_older is not None:
        asyncio.run(_purge(settings, purge_older))
        return
    shown = None if plan is None else read_fingerprints(plan)
    asyncio.run(_apply(settings, shown, destructive=destructive, yes=yes))


async def _apply(
    settings: Settings,
    shown: dict[str, tuple[str, str]] | None,
    *,
    destructive: bool,
    yes: bool,
) -> None:
    loaded = load_all(settings.verticals)
    async with open_database(settings) as database:
        made = await make_plan(database, loaded, settings.tenants_file, os.environ)
        if shown is not None:
            due = fingerprints(plan_json(made))
            moved = [name for name, mark in shown.items() if due.get(name) != mark]
            if moved:
                raise ConfigError(
                    f"files or tables of {', '.join(moved)} moved since this was planned: "
                    "plan again"
                )
            kept = tuple(one for one in made.verticals if one.vertical in shown)
            made = replace(made, verticals=kept)
        click.echo(plan_text(made))
        if made.empty:
            return
        if not yes and shown is None:
            if not sys.stdin.isatty():
                raise ConfigError("nobody to ask: give a plan, or say `--yes`")
            click.confirm("\napply this?", abort=True)
        await _index(database, settings, [loaded[one.vertical] for one in made.verticals])
        done = await carry_out(
            database, made, loaded, settings.tenants_file, destructive=destructive
        )
    click.echo(f"\napplied: {', '.join(done) or 'numbers'}")


async def _index(
    database: Database, settings: Settings, verticals: Iterable[LoadedVertical]
) -> None:
    """Index articles before anything is released, so that the first call finds them."""
    providers = providers_from(settings)
    library = Library(database, providers, partial(tenant_transaction, database))
    try:
        for loaded in verticals:
            for one in await library.prepare(loaded) if loaded.vertical.knowledge else ():
                what = f"{loaded.vertical.name}.{one.collection}"
                whole = f"{one.passages} passages and {one.asked} ways of asking"
                click.echo(f"indexed {what}: {whole}, {one.embedded} of them new")
    finally:
        await providers.close()


async def _purge(settings: Settings, days: int) -> None:
    before = (datetime.now(UTC) - timedelta(days=days)).date()
    async with open_database(settings) as database:
        for name in load_all(settings.verticals):
            async with database.engine.begin() as connection:
                for what in await purge(connection, name, before=before):
                    click.echo(f"dropped {what}")
