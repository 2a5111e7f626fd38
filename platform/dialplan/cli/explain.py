"""`dialplan explain`: what a called number gets, and where each value of it comes from."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from dialplan.cli.explained import explanation_json, explanation_text
from dialplan.config.load import LoadedVertical, load_all, load_tenants
from dialplan.config.places import Places
from dialplan.config.problem import (
    VerticalProblems,
    limited,
    render_json,
    render_text,
    seen_from,
)
from dialplan.errors import ConfigError, StoreError
from dialplan.model.seed import moment_of
from dialplan.model.tenants import Tenants
from dialplan.runtime.directory import Line, variables_of
from dialplan.runtime.explanation import (
    Explanation,
    Moment,
    Row,
    explain_line,
    explain_unowned,
)
from dialplan.runtime.numbers import read_number
from dialplan.settings import Settings
from dialplan.store.running import FOLDER, running_url

_EXAMPLES = """\b
Examples:
  dialplan explain +15550100001
  dialplan explain "+1 (555) 010-0001" --at "2026-03-02 19:30"
  dialplan explain +15550100001 --format json
"""


@click.command(epilog=_EXAMPLES)
@click.argument("number")
@click.option(
    "--at", help="The moment that is explained, by the tenant's clock: `2026-03-02 09:00`."
)
@click.option(
    "--format",
    "shape",
    type=click.Choice(["text", "json"]),
    default="text",
    help="How it is printed.",
)
def explain(number: str, at: str | None, shape: str) -> None:
    """Say what a called NUMBER gets, and where each value comes from.

    The last column is `file:line`, `default`, or `env:NAME` with whether it is set in this shell,
    never its value. Starts nothing and changes nothing. A number that nobody owns: exit code 1.
    """
    settings = Settings.from_environ(os.environ)
    try:
        verticals = load_all(settings.verticals)
        tenants = load_tenants(settings.tenants_file, [one.vertical for one in verticals.values()])
    except VerticalProblems as errors:
        problems = seen_from(Path.cwd(), limited(errors.problems))
        click.echo(render_json(problems) if shape == "json" else render_text(problems))
        sys.exit(2)
    known = [one for tenant in tenants.tenants.values() for one in tenant.lines]
    called = read_number(number, known)
    found = tenants.resolve(called)
    places = Places.of_file(settings.tenants_file)
    if found is None:
        _moment(at, "UTC")
        explained = explain_unowned(called, tenants, str(settings.tenants_file), places)
    else:
        tenant, name = found
        explained = _owned(called, tenant, tenants, verticals[name], places, settings, at)
    show = explanation_json if shape == "json" else explanation_text
    click.echo(show(explained, given=number))
    if not explained.owned:
        sys.exit(1)


def _owned(
    number: str,
    tenant: str,
    tenants: Tenants,
    loaded: LoadedVertical,
    tenants_places: Places,
    settings: Settings,
    at: str | None,
) -> Explanation:
    variables = variables_of(tenant, tenants.tenants[tenant], loaded)
    # Without its secrets: nothing that is explained needs their values.
    line = Line(number, tenant, loaded, variables, secrets={})
    return explain_line(
        line,
        tenants,
        tenants_places=tenants_places,
        places=Places.of_file(loaded.folder / "vertical.yaml"),
        settings=settings,
        environ=os.environ,
        moment=_moment(at, str(variables.get("timezone") or "UTC")),
        released=_released(settings, loaded, canary=loaded.vertical.name in tenants.canary),
    )


def _moment(at: str | None, timezone: str) -> Moment:
    now = datetime.now(UTC)
    if at is None:
        return Moment(now, "now")
    try:
        zone = ZoneInfo(timezone)
    except (ValueError, OSError):
        zone = ZoneInfo("UTC")
    try:
        return Moment(moment_of(at, today=now.astimezone(zone).date(), zone=zone), "--at")
    except (ValueError, OverflowError) as exc:
        raise ConfigError(
            f"`--at`: expected a moment such as `2026-03-02 09:00`, got `{at}`"
        ) from exc


def _released(settings: Settings, loaded: LoadedVertical, *, canary: bool) -> tuple[Row, ...]:
    name = "version released"
    if settings.database_url is not None:
        url, place = settings.database_url.get_secret_value(), "env:DIALPLAN_DATABASE_URL"
    else:
        folder = settings.data / FOLDER
        found = running_url(settings.data)
        if found is None:
            why = f"not looked up: no Postgres runs in `{folder}`, and none is named"
            return (Row(name, why, "env:DIALPLAN_DATABASE_URL"),)
        url, place = found, str(folder)
    # Imported on use: the database's packages take a moment, and most often none is there.
    from dialplan.runtime.released import read_releases, release_words, serving_words

    try:
        releases = asyncio.run(read_releases(url, loaded.vertical.name))
    except StoreError as exc:
        return (Row(name, f"not looked up: {exc}", place),)
    serves = serving_words(loaded.version, releases, canary=canary)
    return (
        Row(name, release_words(releases), place),
        Row("version that serves", serves, place),
    )
