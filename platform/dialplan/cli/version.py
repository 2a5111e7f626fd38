"""`dialplan version`."""

from __future__ import annotations

import platform

import click

import dialplan


@click.command()
def version() -> None:
    """Print the version of Dialplan and of Python."""
    click.echo(f"dialplan {dialplan.__version__} (Python {platform.python_version()})")
