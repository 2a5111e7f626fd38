"""`dialplan rollback`: lets an earlier version of a vertical serve again."""

from __future__ import annotations

import asyncio
import os

import click

from dialplan.errors import ConfigError, StoreError
from dialplan.runtime.planning import deployed
from dialplan.runtime.serving import rollback_target
from dialplan.settings import Settings
from dialplan.store import versions
from dialplan.store.database import Database
from dialplan.store.opening import open_database
from dialplan.store.vertical_tables import read_plan

MOST_SHOWN = 50

_EXAMPLES = """\b
Examples:
  dialplan rollback repair_shop                   back to what served before
  dialplan rollback repair_shop --to 3f2a11c09b   back to one version
  dialplan rollback repair_shop --list            what served, newest first
"""


@click.command(epilog=_EXAMPLES)
@click.argument("vertical")
@click.option("--to", metavar="VERSION", help="The version, or how it begins.")
@click.option("--list", "listed", is_flag=True, help="List what served; changes nothing.")
def rollback(vertical: str, to: str | None, listed: bool) -> None:
    """Let an earlier version of VERTICAL serve from the next call on.

    Servers follow within two seconds; calls in progress keep their version. It stands until the
    files of the vertical change again, or `dialplan apply` releases them. Tables are not changed: a
    version that needs other tables is refused.
    """
    settings = Settings.from_environ(os.environ)
    asyncio.run(_rollback(settings, vertical, to, listed=listed))


async def _rollback(settings: Settings, vertical: str, to: str | None, *, listed: bool) -> None:
    async with open_database(settings) as database:
        async with database.engine.connect() as connection:
            releases = await versions.history(connection, vertical, limit=MOST_SHOWN)
        if not releases:
            raise ConfigError(f"nothing of a vertical `{vertical}` was ever released here")
        if listed:
            for number, one in enumerate(releases):
                mark = "serves" if number == 0 else ""
                at = one.at.isoformat(" ", "seconds")
                click.echo(f"{one.version}  {at}  {one.how:<11}  {mark}".rstrip())
            return
        target = _target(vertical, releases, to)
        await _release(database, vertical, target)
    click.echo(f"{vertical}: {releases[0].version} -> {target} from the next call on")


def _target(vertical: str, releases: list[versions.Release], to: str | None) -> str:
    if to is None:
        target = rollback_target(releases)
        if target is None:
            raise ConfigError(f"`{vertical}` has no earlier version to go back to")
        return target
    found = {one.version for one in releases if one.version.startswith(to)}
    if len(found) != 1:
        many = "none" if not found else ", ".join(sorted(found))
        raise ConfigError(f"expected one version that begins with `{to}`, got {many}; see `--list`")
    target = found.pop()
    if target == releases[0].version:
        raise ConfigError(f"version `{target}` of `{vertical}` serves already")
    return target


async def _release(database: Database, vertical: str, version: str) -> None:
    async with database.engine.begin() as connection:
        loaded = await deployed(connection, vertical, version)
        if loaded is None:
            raise StoreError(f"version `{version}` of `{vertical}` cannot be read by this Dialplan")
        plan = await read_plan(connection, vertical, loaded.vertical.database.tables)
        if blocking := [step.what for step in plan.steps if step.blocks and step.risk != "SAFE"]:
            raise StoreError(
                f"version `{version}` of `{vertical}` needs other tables: {', '.join(blocking)}"
            )
        await versions.release(connection, vertical, version, "rolled_back")
