"""`dialplan settings`."""

from __future__ import annotations

import os
import textwrap

import click

from dialplan.settings import Settings


@click.command()
def settings() -> None:
    """Print every setting with its value; secrets are shown as `***`."""
    for variable, value, description in Settings.from_environ(os.environ).rows():
        origin = "set" if os.environ.get(variable, "").strip() else "default"
        click.echo(f"{variable}={value}  ({origin})")
        click.echo(textwrap.indent(textwrap.fill(description, 90), "    "))
