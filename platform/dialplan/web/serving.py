"""Serves an application for as long as a block lasts; signals stay with the program."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from dialplan.errors import ConfigError
from dialplan.web.media import Door, MediaSocket
from dialplan.web.passing import passing
from dialplan.web.siblings import Siblings, open_door
from dialplan.web.socket import MAX_FRAME_BYTES, PromptSocket

START_S = 10.0


class QuietServer(uvicorn.Server):
    """A uvicorn server that says when it listens and leaves signals alone."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        self.listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave Ctrl-C to the program this runs in."""
        yield


def listen(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """Return a listening socket; with `shared`, one of several on the same port.

    Raises:
        ConfigError: the port is taken.
    """
    try:
        return socket.create_server((host, port), reuse_port=shared)
    except OSError as exc:
        raise ConfigError(
            f"cannot listen on {host}:{port}: {exc.strerror}; choose another with `--port`"
        ) from exc


@contextlib.asynccontextmanager
async def serving(
    app: ASGIApp,
    listener: socket.socket | None = None,
    *,
    door: Door | None = None,
    siblings: Siblings | None = None,
    counted: Callable[[], bytes] = bytes,
) -> AsyncIterator[str]:
    """Serve on a free loopback port, or on `listener`; yields the origin (`http://host:port`).

    With a `door` every WebSocket is a media socket, for those whom it admits. With `siblings`, a
    stream that one of them expects is passed on, and theirs are taken over; `counted` is what they
    are told when they ask what this one counts.
    """
    opened = listener or socket.create_server(("127.0.0.1", 0))
    # uvicorn calls it as it calls a class; its hint knows of classes only.
    sockets: Any = PromptSocket if door is None else partial(MediaSocket, door)
    protocol = H11Protocol if siblings is None else passing(siblings)
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        access_log=False,
        http=protocol,
        ws=sockets,
        ws_per_message_deflate=False,
        ws_max_size=MAX_FRAME_BYTES,
        timeout_graceful_shutdown=3,
    )
    server = QuietServer(config)

    async def adopt(connection: socket.socket, data: bytes) -> None:
        class Adopted(protocol):  # type: ignore[valid-type, misc]  # chosen above
            def connection_made(self, transport: asyncio.Transport) -> None:
                # Here, before the loop reads on: later, newer bytes could come first.
                super().connection_made(transport)
                super().data_received(data)

        await asyncio.get_running_loop().connect_accepted_socket(
            lambda: Adopted(config=config, server_state=server.server_state, app_state={}),
            connection,
        )

    task = asyncio.create_task(server.serve([opened]), name="server")
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(_stop, server, task, opened)
        async with asyncio.timeout(START_S):
            await server.listening.wait()
        if siblings is not None:
            await stack.enter_async_context(open_door(siblings.slot, adopt=adopt, metrics=counted))
        yield f"http://127.0.0.1:{opened.getsockname()[1]}"


async def _stop(server: uvicorn.Server, task: asyncio.Task[None], opened: socket.socket) -> None:
    server.should_exit = True
    await asyncio.wait([task], timeout=10)
    opened.close()
