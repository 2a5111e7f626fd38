"""Serves an application for as long as a block lasts; signals stay with the program."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from dialplan.errors import ConfigError
from dialplan.web.media import Door, MediaSocket
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


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; raises ConfigError when the port is taken."""
    try:
        return socket.create_server((host, port), reuse_port=False)
    except OSError as exc:
        raise ConfigError(
            f"cannot listen on {host}:{port}: {exc.strerror}; choose another with `--port`"
        ) from exc


@contextlib.asynccontextmanager
async def serving(
    app: ASGIApp, listener: socket.socket | None = None, *, door: Door | None = None
) -> AsyncIterator[str]:
    """Serve on a free loopback port, or on `listener`; yields the origin (`http://host:port`).

    With a `door` every WebSocket is a media socket, for those whom it admits.
    """
    opened = listener or socket.create_server(("127.0.0.1", 0))
    # uvicorn calls it as it calls a class; its hint knows of classes only.
    sockets: Any = PromptSocket if door is None else partial(MediaSocket, door)
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        access_log=False,
        ws=sockets,
        ws_per_message_deflate=False,
        ws_max_size=MAX_FRAME_BYTES,
        timeout_graceful_shutdown=3,
    )
    server = QuietServer(config)
    task = asyncio.create_task(server.serve([opened]), name="server")
    try:
        async with asyncio.timeout(START_S):
            await server.listening.wait()
        yield f"http://127.0.0.1:{opened.getsockname()[1]}"
    finally:
        server.should_exit = True
        await asyncio.wait([task], timeout=10)
        opened.close()
