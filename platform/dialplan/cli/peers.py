"""`dialplan peers`: the process of a rehearsal's emulated peers; started by others, not by hand."""

from __future__ import annotations

import logging
import os
import sys

import click

from dialplan.settings import Settings


@click.command(hidden=True)
@click.option("--origin", required=True, help="Where the server under rehearsal listens.")
@click.option("--written", "silent", is_flag=True, help="Without speech.")
def peers(origin: str, silent: bool) -> None:
    """Emulate Twilio, the model and the HTTP services until standard input ends."""
    logging.basicConfig(level=logging.WARNING, format="peers: %(levelname)s %(name)s %(message)s")
    from dialplan.emulators.desk.peers import main

    sys.exit(main(Settings.from_environ(os.environ), origin=origin, silent=silent))
