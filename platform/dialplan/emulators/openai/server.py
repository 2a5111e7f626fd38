"""An OpenAI Realtime API (GA) endpoint on loopback: `ws://127.0.0.1:PORT/v1/realtime?model=...`.

It speaks the protocol and leaves thinking, hearing, speaking and detecting to who it was given. It
takes any `Authorization` header: it guards nothing.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import time
from http import HTTPStatus
from types import TracebackType
from typing import Final, Self
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from dialplan.emulators.openai import faults as fault
from dialplan.emulators.openai.connection import Connection, Limits, Peers
from dialplan.emulators.openai.conversation import Conversation
from dialplan.emulators.openai.faults import Faults
from dialplan.emulators.openai.mind import Mind
from dialplan.emulators.openai.session import SessionConfig
from dialplan.emulators.speech.ports import DetectorFactory, Ear, Voice

PATH: Final = "/v1/realtime"
_FRAME_LIMIT: Final = 24 * 1024 * 1024
"""Bytes of one frame: a 15 MiB append in base64 and its JSON."""
_HANDSHAKE_LIMIT_S: Final = 3.0
"""How long a client may take to answer a close frame."""
_CLOSE_LIMIT_S: Final = 10.0


class RealtimeServer:
    """The endpoint; an async context manager.

    Args:
        mind: decides what responses consist of; shared by all sessions.
        ear: turns utterances into words.
        voice: turns sentences into audio.
        detector: makes the voice activity detector of a session.
        host: address to listen on.
        port: port to listen on; 0 takes a free one.
        faults: what goes wrong; may be replaced while the server runs, for later connections.
        session_limit_s: seconds after which a session expires.
        speed: how much faster than real time audio is sent.
    """

    def __init__(
        self,
        *,
        mind: Mind,
        ear: Ear,
        voice: Voice,
        detector: DetectorFactory,
        host: str = "127.0.0.1",
        port: int = 0,
        faults: Faults = fault.NONE,
        session_limit_s: float = 3600,
        speed: float = 8.0,
    ) -> None:
        self._peers = Peers(mind, ear, voice)
        self._detector = detector
        self._host = host
        self._port = port
        self._limits = Limits(session_limit_s, speed)
        self._server: Server | None = None
        self.faults = faults
        self.connections = 0
        """How many connections were accepted so far."""

    async def __aenter__(self) -> Self:
        self._server = await serve(
            self._serve,
            self._host,
            self._port,
            compression=None,
            close_timeout=_HANDSHAKE_LIMIT_S,
            max_size=_FRAME_LIMIT,
            process_request=_admit,
        )
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.close()
            async with asyncio.timeout(_CLOSE_LIMIT_S):
                await self._server.wait_closed()

    @property
    def url(self) -> str:
        """The endpoint without its query, once the server runs."""
        return f"ws://{self._host}:{self._port}{PATH}"

    async def _serve(self, socket: ServerConnection) -> None:
        self.connections += 1
        suffers = self.faults.connection in (None, self.connections)
        numbers = itertools.count(1)
        session_id = f"sess_{secrets.token_hex(10)}"

        def new_id(prefix: str) -> str:
            return f"{prefix}_{session_id[5:]}{next(numbers):06x}"

        config = SessionConfig(
            session_id=session_id,
            model=_model(socket.request.path if socket.request else ""),
            expires_at=int(time.time() + self._limits.session_s),
        )
        conversation = Conversation(
            config=config, session_id=session_id, detectors=self._detector, new_id=new_id
        )
        faults = self.faults if suffers else fault.NONE
        await Connection(socket, conversation, self._peers, self._limits, faults).serve()


def _model(target: str) -> str:
    return parse_qs(urlsplit(target).query).get("model", [""])[0]


def _admit(connection: ServerConnection, request: Request) -> Response | None:
    if urlsplit(request.path).path != PATH:
        return connection.respond(HTTPStatus.NOT_FOUND, f"expected the path `{PATH}`\n")
    if not _model(request.path):
        return connection.respond(HTTPStatus.BAD_REQUEST, "expected the parameter `model`\n")
    return None
