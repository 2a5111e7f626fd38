"""`dialplan serve`: answer calls, real ones or rehearsed ones."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys

import click

from dialplan.cli.logs import set_up_logs
from dialplan.cli.signals import run_until_signalled
from dialplan.settings import Settings
from dialplan.web.serving import listen


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
@click.option(
    "--log",
    type=click.Choice(["json", "text"]),
    help="How logs are written to stderr: text on a terminal and JSON lines elsewhere, by default.",
)
def serve(host: str, port: int, rehearse: bool, silent: bool, log: str | None) -> None:
    """Answer calls for every line of the tenants file.

    \b
    Examples:
      dialplan serve --host 0.0.0.0 --port 8080     with the keys in the environment
      dialplan serve --rehearse                     no account, no key, no network
    """
    if silent and not rehearse:
        raise click.UsageError("--written is for rehearsals: add --rehearse")
    settings = Settings.from_environ(os.environ)
    as_json = log == "json" or (log is None and not sys.stderr.isatty())
    set_up_logs(sys.stderr, as_json=as_json, pii=settings.log_pii)
    serving = _rehearse(settings, host, port, silent) if rehearse else _serve(settings, host, port)
    # To be stopped is how a server ends.
    with contextlib.suppress(click.Abort):
        run_until_signalled(serving)
    click.echo("stopped")


async def _serve(settings: Settings, host: str, port: int) -> None:
    from dialplan.runtime.service import peers_from
    from dialplan.web.answering import answering
    from dialplan.web.site import console_address

    peers = peers_from(settings)
    with contextlib.closing(listen(host, port)) as listener:
        async with answering(
            settings, os.environ, peers, origins=settings.public_url, listener=listener
        ) as service:
            click.echo(f"answering {', '.join(sorted(service.lines))} on {host}:{port}")
            everywhere = host in ("0.0.0.0", "::", "")  # noqa: S104  compared with, not bound to
            shown = "127.0.0.1" if everywhere else host
            click.echo(f"console: {console_address(service, f'http://{shown}:{port}')}")
            await asyncio.Event().wait()


async def _rehearse(settings: Settings, host: str, port: int, silent: bool) -> None:
    # Only rehearsals need the extra that these import.
    from dialplan.emulators.desk.rehearsal import open_rehearsal, origin_of
    from dialplan.web.site import console_address

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
        click.echo(f"console: {console_address(rehearsal.service, rehearsal.address.origin)}")
        click.echo(f'ring it from another terminal: dialplan call {numbers[0]} --say "Hello."')
        raise await rehearsal.gone
