"""`dialplan show`: a vertical as it is understood, with nothing left to look up elsewhere."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click

from dialplan.cli.finding import find_folder
from dialplan.config.load import LoadedVertical, load_vertical, read_tenants
from dialplan.config.problem import (
    VerticalProblems,
    did_you_mean,
    limited,
    render_json,
    render_text,
    seen_from,
)
from dialplan.config.writing import plain, resolved, yaml_of
from dialplan.errors import ConfigError
from dialplan.runtime.directory import variables_of
from dialplan.settings import Settings

_EXAMPLES = """\b
Examples:
  dialplan show repair_shop
  dialplan show repair_shop --tenant riverside      with this tenant's values
  dialplan show repair_shop --format json
"""


@click.command(epilog=_EXAMPLES)
@click.argument("vertical")
@click.option("--tenant", metavar="NAME", help="Put this tenant's values over the defaults.")
@click.option(
    "--format",
    "shape",
    type=click.Choice(["yaml", "json"]),
    default="yaml",
    help="How it is printed.",
)
def show(vertical: str, tenant: str | None, shape: str) -> None:
    """Print VERTICAL as it is understood: includes, prompts and defaults in place.

    VERTICAL is a name in the verticals folder, or the path of a vertical's folder. The YAML is a
    vertical.yaml that loads to the same again. Secrets are names only.
    """
    folder = find_folder(vertical)
    try:
        loaded = load_vertical(folder)
        values = None if tenant is None else _values(tenant, loaded)
    except VerticalProblems as found:
        problems = seen_from(Path.cwd(), limited(found.problems))
        click.echo(render_json(problems) if shape == "json" else render_text(problems))
        sys.exit(2)
    made = resolved(loaded, values)
    if shape == "json":
        click.echo(json.dumps(plain(made), indent=2, ensure_ascii=False))
        return
    whose = "" if tenant is None else f", with the values of {tenant}"
    click.echo(f"# {made.name}, version {loaded.version}{whose}")
    click.echo(yaml_of(made), nl=False)


def _values(name: str, loaded: LoadedVertical) -> dict[str, object]:
    file = Settings.from_environ(os.environ).tenants_file
    tenants = read_tenants(file).tenants
    if name not in tenants:
        hint = did_you_mean(name, tenants) or f"`{file}` has {', '.join(sorted(tenants)) or 'none'}"
        raise ConfigError(f"no tenant `{name}`: {hint}")
    vertical = loaded.vertical.name
    if vertical not in tenants[name].lines.values():
        raise ConfigError(f"no line of the tenant `{name}` leads to `{vertical}`: see `{file}`")
    return variables_of(name, tenants[name], loaded)
