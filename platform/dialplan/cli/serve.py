"""`dialplan serve`: answer calls, real ones or rehearsed ones."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import sys
from collections.abc import Sequence

import click

from dialplan.cli.logs import set_up_logs
from dialplan.cli.signals import run_until_signalled
from dialplan.cli.starting import import_server, started
from dialplan.cli.supervising import Plan, cores, supervise
from dialplan.runtime.peers import peers_from
from dialplan.runtime.slots import MOST_WORKERS
from dialplan.settings import Settings

MOST_SHOWN = 20


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=8080,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port to listen on.",
)
@click.option(
    "--workers",
    default="1",
    show_default=True,
    metavar="N|auto",
    help="Processes that answer, on one port; `auto` is one for each core.",
)
@click.option("--rehearse", is_flag=True, help="Emulate Twilio and the model on this machine.")
@click.option("--written", "silent", is_flag=True, help="Rehearse without speech: exact and fast.")
@click.option(
    "--log",
    type=click.Choice(["json", "text"]),
    help="How logs are written to stderr: text on a terminal and JSON lines elsewhere, by default.",
)
def serve(
    host: str, port: int, workers: str, rehearse: bool, silent: bool, log: str | None
) -> None:
    """Answer calls for every line of the tenants file.

    \b
    Examples:
      dialplan serve --host 0.0.0.0 --port 8080     with the keys in the environment
      dialplan serve --workers auto                 on every core of this machine
      dialplan serve --rehearse                     no account, no key, no network
    """
    if silent and not rehearse:
        raise click.UsageError("--written is for rehearsals: add --rehearse")
    count = _workers(workers)
    if rehearse and count > 1:
        raise click.UsageError("a rehearsal is one process: leave `--workers` out")
    settings = Settings.from_environ(os.environ)
    as_json = log == "json" or (log is None and not sys.stderr.isatty())
    set_up_logs(sys.stderr, as_json=as_json, pii=settings.log_pii)
    if rehearse:
        serving = _rehearse(settings, host, port, silent, "json" if as_json else "text")
    elif count > 1:
        serving = _supervise(settings, host, port, count, "json" if as_json else "text")
    else:
        serving = _serve(settings, host, port, "json" if as_json else "text")
    # To be stopped is how a server ends.
    with contextlib.suppress(click.Abort):
        run_until_signalled(serving)
    click.echo("stopped")


def _workers(given: str) -> int:
    if given == "auto":
        return min(cores(), MOST_WORKERS)
    if not (given.isascii() and given.isdecimal() and 1 <= int(given[:4]) <= MOST_WORKERS):
        raise click.BadParameter(
            f"expected a number from 1 to {MOST_WORKERS}, or `auto`", param_hint="--workers"
        )
    return int(given)


async def _serve(settings: Settings, host: str, port: int, log: str) -> None:
    from dialplan.web.serving import listen

    # What is missing is said before anything takes time.
    peers = peers_from(settings)
    with contextlib.closing(listen(host, port)) as listener:
        await import_server(settings)
        from dialplan.jobs.child import jobs_beside
        from dialplan.web.answering import answering
        from dialplan.web.site import console_address

        async with answering(
            settings, os.environ, peers, origins=settings.public_url, listener=listener
        ) as service:
            started()
            bound = listener.getsockname()[1]
            click.echo(f"answering {_listed(sorted(service.lines))} on {host}:{bound}")
            click.echo(f"console: {console_address(service, _origin(host, bound))}")
            async with jobs_beside(
                settings,
                os.environ,
                peers,
                service.database,
                lambda: service.lines.follows,
                log_format=log,
            ):
                await asyncio.Event().wait()


async def _supervise(settings: Settings, host: str, port: int, workers: int, log: str) -> None:
    peers_from(settings)  # what is missing is said once, and not by each worker
    # Workers share the key: a cookie of one must open the others.
    given = settings.console_key
    key = secrets.token_hex(24) if given is None else given.get_secret_value()

    def ready(lines: Sequence[str], bound: int) -> None:
        click.echo(f"answering {_listed(lines)} on {host}:{bound} with {workers} workers")
        origin = _origin(host, bound)
        shown = f"{origin}/console/?key={key}" if given is None else f"{origin}/console/"
        behind = "" if given is None else " (its key is `DIALPLAN_CONSOLE_KEY`)"
        click.echo(f"console: {shown}{behind}")

    environ = {**os.environ, "DIALPLAN_CONSOLE_KEY": key}
    await supervise(Plan(host, port, workers, ["--log", log], environ, ready))


def _origin(host: str, port: int) -> str:
    everywhere = host in ("0.0.0.0", "::", "")  # noqa: S104  compared with, not bound to
    return f"http://{'127.0.0.1' if everywhere else host}:{port}"


def _listed(numbers: Sequence[str]) -> str:
    more = len(numbers) - MOST_SHOWN
    return ", ".join(numbers[:MOST_SHOWN]) + (f" and {more} more" if more > 0 else "")


async def _rehearse(settings: Settings, host: str, port: int, silent: bool, log: str) -> None:
    # Only rehearsals need the extra that these import.
    from dialplan.emulators.desk.rehearsal import open_rehearsal, origin_of
    from dialplan.web.serving import listen
    from dialplan.web.site import console_address

    listener = listen(host, port)
    async with open_rehearsal(
        settings,
        os.environ,
        listener=listener,
        origin=origin_of(host, listener),
        silent=silent,
        log_format=log,
        progress=lambda step: click.echo(f"{step} ..."),
    ) as rehearsal:
        numbers = sorted(rehearsal.service.lines)
        click.echo(f"rehearsing {', '.join(numbers)} on {rehearsal.address.origin}")
        click.echo(f"console: {console_address(rehearsal.service, rehearsal.address.origin)}")
        click.echo(f'ring it from another terminal: dialplan call {numbers[0]} --say "Hello."')
        raise await rehearsal.gone
