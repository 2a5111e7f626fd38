"""A server for the emulated carrier to call, and a voice made of tones."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import socket
from array import array
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]  # no types

from dialplan.emulators.twilio.carrier import Carrier
from dialplan.emulators.twilio.record import DestinationBehaviour, NumberConfig
from dialplan.protocols.audio import encode
from dialplan.protocols.twilio.signature import parse_form

ORIGIN = "https://dialplan.example"
STREAM_URL = "wss://dialplan.example/media"
TOKEN = "12345"
CLINIC = "+15550100001"
PATIENT = "+15550100099"


def tone(milliseconds: int, hertz: int = 440) -> bytes:
    """Return a loud tone as mu-law."""
    wave = (math.sin(2 * math.pi * hertz * at / 8000) for at in range(milliseconds * 8))
    return encode(array("h", [int(12000 * value) for value in wave]).tobytes())


class ToneVoice:
    """Speaks 40 ms of tone for each character."""

    async def speak(self, text: str) -> bytes:
        return tone(40 * len(text))


class Leg:
    """The server's end of a media stream."""

    def __init__(self, socket: WebSocket) -> None:
        self.socket = socket
        self.messages: list[dict[str, Any]] = []
        self.sid = ""

    async def receive(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(await self.socket.receive_text())
        self.messages.append(message)
        if message["event"] == "start":
            self.sid = message["streamSid"]
        return message

    async def until(self, event: str, count: int = 1) -> dict[str, Any]:
        """Read on until `count` more messages of a kind came; return the last one."""
        while True:
            message = await self.receive()
            if message["event"] == event:
                count -= 1
                if count == 0:
                    return message

    async def rest(self) -> None:
        """Read on until the carrier closes."""
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                await self.receive()

    async def media(self, audio: bytes) -> None:
        payload = b64encode(audio).decode()
        await self.send({"event": "media", "media": {"payload": payload}})

    async def mark(self, name: str) -> None:
        await self.send({"event": "mark", "mark": {"name": name}})

    async def clear(self) -> None:
        await self.send({"event": "clear"})

    async def send(self, message: dict[str, Any]) -> None:
        await self.socket.send_text(json.dumps({**message, "streamSid": self.sid}))

    def of(self, event: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["event"] == event]

    def heard(self) -> bytes:
        return b"".join(b64decode(each["media"]["payload"]) for each in self.of("media"))


@dataclass
class Asked:
    """One webhook the server got."""

    path: str
    params: dict[str, str]
    headers: dict[str, str]


@dataclass
class Server:
    """What is called: answers by path, and a function that drives the media stream."""

    answers: dict[str, str | Response | Callable[[Request], Awaitable[Response]]] = field(
        default_factory=lambda: {"/after": "<Hangup/>"}
    )
    drive: Callable[[Leg], Awaitable[None]] | None = None
    asked: list[Asked] = field(default_factory=list)
    legs: list[Leg] = field(default_factory=list)
    upgrades: list[dict[str, str]] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    refuse: bool = False
    port: int = 0

    def of(self, path: str) -> list[dict[str, str]]:
        return [asked.params for asked in self.asked if asked.path == path]

    def resolve(self, url: str) -> str:
        return url.replace(ORIGIN, f"http://127.0.0.1:{self.port}").replace(
            "wss://dialplan.example", f"ws://127.0.0.1:{self.port}"
        )

    async def webhook(self, request: Request) -> Response:
        path = request.url.path
        params = dict(parse_form(await request.body()))
        url = ORIGIN + path + (f"?{request.url.query}" if request.url.query else "")
        signature = request.headers.get("X-Twilio-Signature", "")
        if not RequestValidator(TOKEN).validate(url, params, signature):
            return Response("bad signature", 403)
        self.asked.append(Asked(path, params, dict(request.headers)))
        answer = self.answers.get(path, Response(status_code=204))
        if isinstance(answer, str):
            return Response(f"<Response>{answer}</Response>", media_type="text/xml")
        if isinstance(answer, Response):
            return answer
        return await answer(request)

    async def media(self, socket: WebSocket) -> None:
        self.upgrades.append(dict(socket.headers))
        self.targets.append(str(socket.url))
        url = "wss://" + socket.headers["host"] + socket.url.path
        signature = socket.headers.get("X-Twilio-Signature", "")
        if self.refuse or not RequestValidator(TOKEN).validate(url, {}, signature):
            await socket.close(1008)
            return
        await socket.accept()
        leg = Leg(socket)
        self.legs.append(leg)
        if self.drive is None:
            await leg.rest()
            return
        with contextlib.suppress(WebSocketDisconnect):
            await self.drive(leg)


class QuietServer(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    app = Starlette(
        routes=[
            WebSocketRoute("/media", server.media),
            Route("/{path:path}", server.webhook, methods=["GET", "POST"]),
        ]
    )
    listener = socket.create_server(("127.0.0.1", 0))
    server.port = listener.getsockname()[1]
    running = QuietServer(
        uvicorn.Config(
            app,
            log_config=None,
            lifespan="off",
            ws="websockets-sansio",
            timeout_graceful_shutdown=2,
        )
    )
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(running.serve(sockets=[listener]))
        async with asyncio.timeout(30):
            await running.listening.wait()
        yield server
        running.should_exit = True


@pytest.fixture
async def carrier(server: Server) -> AsyncIterator[Carrier]:
    async with Carrier(
        account_sid="AC" + "0" * 32,
        auth_token=TOKEN,
        voice=ToneVoice(),
        numbers={CLINIC: NumberConfig(f"{ORIGIN}/voice", f"{ORIGIN}/fallback", f"{ORIGIN}/status")},
        destinations={
            "+15550100002": DestinationBehaviour("answer", 0.1, 0.4, "Hello nurse"),
            "+15550100003": DestinationBehaviour("busy", 0.1),
            "+15550100004": DestinationBehaviour("no-answer"),
        },
        resolve=server.resolve,
    ) as carrier:
        yield carrier
