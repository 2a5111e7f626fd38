"""`dialplan serve`: answer calls, real ones or rehearsed ones."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import AsyncExitStack

import click

from dialplan.cli.logs import set_up_logs
from dialplan.emulators.loopback import listen, serving
from dialplan.runtime.service import open_service, peers_from
from dialplan.settings import Settings
from dialplan.web.site import build_site, console_address


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8080, show_default=True, help="Port to listen on.")
@click.option("--rehearse", is_flag=True, help="Emulate Twilio and the model on this machine.")
@click.option(
    "--log",
    type=click.Choice(["json", "text"]),
    help="How logs are written to stderr; text on a terminal, else JSON lines.",
)
def serve(host: str, port: int, rehearse: bool, log: str | None) -> None:
    """Answer calls for every line of the tenants file.

    \b
    Examples:
      dialplan serve --host 0.0.0.0 --port 8080     with the keys in the environment
      dialplan serve --rehearse                     no account, no key, no network
    """
    settings = Settings.from_environ(os.environ)
    as_json = log == "json" or (log is None and not sys.stderr.isatty())
    set_up_logs(sys.stderr, as_json=as_json, pii=settings.log_pii)
    asyncio.run(_serve(settings, host, port, rehearse))


async def _serve(settings: Settings, host: str, port: int, rehearse: bool) -> None:
    peers = None if rehearse else peers_from(settings)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, stopped.set)
    async with AsyncExitStack() as stack:
        listener = listen("127.0.0.1" if rehearse else host, port)
        stack.callback(listener.close)
        if peers is None:
            # Only rehearsals need the extra that these import.
            from dialplan.emulators.house import open_house
            from dialplan.emulators.stage import spoken

            house = await stack.enter_async_context(
                open_house(settings, os.environ, sound=spoken(), listener=listener)
            )
            numbers = ", ".join(sorted(house.service.lines))
            click.echo(f"rehearsing {numbers} on {house.origin}: every peer is emulated")
            click.echo(f"console: {house.console}")
        else:
            service = await stack.enter_async_context(open_service(settings, os.environ, peers))
            app = build_site(service, settings.public_url)
            await stack.enter_async_context(serving(app, listener))
            # Whoever watches live would hold the server's stop up.
            stack.callback(service.live.close)
            click.echo(f"answering {', '.join(sorted(service.lines))} on {host}:{port}")
            local = host in ("0.0.0.0", "::", "127.0.0.1")  # noqa: S104 - compared, not bound
            origin = f"http://127.0.0.1:{port}" if local else settings.public_url[0]
            click.echo(f"console: {console_address(service, origin)}")
        await stopped.wait()
        click.echo("stopping")
