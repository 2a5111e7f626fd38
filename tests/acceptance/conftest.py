"""The real server on loopback with a real Postgres, and peers that a test can shape one by one."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import time
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import orjson
import pytest
import uvloop
from opentelemetry.trace import Tracer
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from dialplan.emulators.openai.mind import Mind
from dialplan.emulators.openai.server import RealtimeServer
from dialplan.emulators.speech.written import read, write
from dialplan.emulators.stage import Sound, written
from dialplan.emulators.twilio.caller import Line, ScriptedCaller
from dialplan.emulators.twilio.carrier import Carrier
from dialplan.emulators.twilio.record import CallRecord, DestinationBehaviour, NumberConfig
from dialplan.protocols.twilio.signature import sign
from dialplan.runtime.peers import Peers
from dialplan.runtime.service import Service, open_service
from dialplan.settings import Settings
from dialplan.store.embedded import start_embedded
from dialplan.store.facts import Fact
from dialplan.web.door import MediaDoor
from dialplan.web.serving import listen, serving
from dialplan.web.site import build_site

ACCOUNT = "AC" + "1" * 32
TOKEN = "12345"
CALLER = "+15550107788"
FRAME = 160


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The server runs on the loop of production."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = asyncio.run(start_embedded(tmp_path_factory.mktemp("acceptance")))
    yield server.url
    asyncio.run(server.stop())


def frames(audio: bytes, size: int = FRAME) -> list[bytes]:
    return [audio[at : at + size] for at in range(0, len(audio), size)]


class TwilioStream:
    """A media stream played by hand: whatever a test wants to send, and all that came back.

    `marks` says when marks are sent back: `played` plays at the pace of a phone line, `at once`
    is Twilio with nothing buffered, `never` keeps them until the test sends them.
    """

    def __init__(self, socket: ClientConnection, call_sid: str, token: str, marks: str) -> None:
        self.socket = socket
        self.call_sid = call_sid
        self.stream_sid = "MZ" + secrets.token_hex(16)
        self.received: list[tuple[float, dict[str, Any]]] = []
        self.closed = asyncio.Event()
        self.pending: list[str] = []
        self.token = token
        self._marks = marks
        self._sequence = 0
        self._chunk = 0
        self._timestamp = 155
        self._plays_until = 0.0
        self._tasks: set[asyncio.Task[None]] = set()

    async def begin(self) -> None:
        await self.connected()
        await self.start()

    async def connected(self) -> None:
        await self.send({"event": "connected", "protocol": "Call", "version": "1.0.0"})

    async def start(self, **changes: object) -> None:
        about = {
            "accountSid": ACCOUNT,
            "streamSid": self.stream_sid,
            "callSid": self.call_sid,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": {"token": self.token},
            **changes,
        }
        await self.say("start", start=about)

    async def say(self, event: str, **body: object) -> None:
        """Send a numbered message of this stream."""
        self._sequence += 1
        message = {"event": event, "sequenceNumber": str(self._sequence), **body}
        await self.send({**message, "streamSid": self.stream_sid})

    async def send(self, message: object) -> None:
        await self.socket.send(orjson.dumps(message), text=True)

    async def media(self, payload: bytes, *, late_ms: int = 0) -> None:
        self._chunk += 1
        about = {
            "track": "inbound",
            "chunk": str(self._chunk),
            "timestamp": str(self._timestamp + late_ms),
            "payload": b64encode(payload).decode(),
        }
        self._timestamp += len(payload) // 8
        await self.say("media", media=about)

    async def speak(self, text: str, *, pace: float = 1.0) -> None:
        """Say words and the silence after them; `pace` 0 sends all of it in one burst."""
        for payload in frames(write(text) + b"\xff" * 6400):
            if self.closed.is_set():
                return
            await self.media(payload)
            if pace:
                await asyncio.sleep(0.02 * pace)

    def of(self, event: str) -> list[dict[str, Any]]:
        return [message for _, message in self.received if message["event"] == event]

    def heard(self) -> str:
        """Return the words of all media so far."""
        audio = b"".join(b64decode(one["media"]["payload"]) for one in self.of("media"))
        return read(audio) or ""

    async def until(self, true: Callable[[], bool], limit_s: float = 30.0) -> None:
        deadline = time.monotonic() + limit_s
        while not true():
            assert time.monotonic() < deadline, f"not within {limit_s} s; heard `{self.heard()}`"
            await asyncio.sleep(0.01)

    async def arrives(self, words: str, limit_s: float = 30.0) -> None:
        """Wait until the media that carries these words is there, played or not."""
        await self.until(lambda: words in self.heard(), limit_s)

    async def hears(self, words: str, limit_s: float = 30.0) -> None:
        """Wait until these words were played, and the marks behind them were sent back."""
        await self.arrives(words, limit_s)
        await asyncio.sleep(0.1)
        await self.until(lambda: time.monotonic() > self._plays_until + 0.05, limit_s)

    async def __aenter__(self) -> TwilioStream:
        self._tasks.add(asyncio.create_task(self._read()))
        return self

    async def __aexit__(self, *about: Any) -> None:
        await self.socket.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)

    async def _read(self) -> None:
        try:
            while True:
                message = orjson.loads(await self.socket.recv())
                self.received.append((time.monotonic(), message))
                match message["event"]:
                    case "media":
                        size = len(b64decode(message["media"]["payload"]))
                        begins = max(self._plays_until, time.monotonic())
                        self._plays_until = begins + size / 8000
                    case "mark":
                        await self._mark(message["mark"]["name"])
                    case "clear":
                        self._plays_until = 0.0
        except ConnectionClosed:
            self.closed.set()

    async def _mark(self, name: str) -> None:
        match self._marks:
            case "at once":
                await self.say("mark", mark={"name": name})
            case "played":
                self._tasks.add(asyncio.create_task(self._return(name, self._plays_until)))
            case _:
                self.pending.append(name)

    async def _return(self, name: str, at: float) -> None:
        await asyncio.sleep(max(0.0, at - time.monotonic()))
        try:
            await self.say("mark", mark={"name": name})
        except ConnectionClosed:
            return


@dataclass(frozen=True, slots=True)
class Invitation:
    """What the TwiML of a voice webhook invites Twilio to."""

    call_sid: str
    url: str
    token: str
    twiml: str


@dataclass
class Site:
    """A running server, its peers, and the two ways to call it: emulated and by hand."""

    origin: str
    service: Service
    carrier: Carrier
    model: RealtimeServer
    sound: Sound
    client: httpx.AsyncClient
    facts: list[Fact] = field(default_factory=list)

    def of(self, kind: type[Fact], call_sid: str | None = None) -> list[Any]:
        return [
            fact
            for fact in self.facts
            if isinstance(fact, kind) and call_sid in (None, fact.call_sid)
        ]

    async def ring(
        self,
        to: str,
        *said: str | Line,
        from_: str = CALLER,
        hangs_up: bool = True,
        patience_ms: int = 600,
        max_wait_ms: int = 15_000,
        on_event: Callable[[Any], None] | None = None,
        limit_s: float = 60,
    ) -> CallRecord:
        """Ring over the emulated carrier; return when the call is over."""
        lines = [Line(one) if isinstance(one, str) else one for one in said]
        caller = ScriptedCaller(
            lines,
            self.sound.caller,
            hangs_up=hangs_up,
            patience_ms=patience_ms,
            max_wait_ms=max_wait_ms,
        )
        await caller.prepare()
        return await self.carrier.place(
            to=to, from_=from_, caller=caller, limit_s=limit_s, on_event=on_event
        )

    async def webhook(self, path: str, **params: str) -> httpx.Response:
        """Post a signed webhook."""
        url = f"{self.origin}{path}"
        return await self.client.post(
            url,
            content=urlencode(params),
            headers={
                "content-type": "application/x-www-form-urlencoded",
                "x-twilio-signature": sign(TOKEN, url, list(params.items())),
            },
        )

    async def invite(self, to: str, from_: str = CALLER) -> Invitation:
        """Announce a call as Twilio would; return what the answer invites to."""
        sid = "CA" + secrets.token_hex(16)
        answer = await self.webhook(
            "/twilio/voice", CallSid=sid, AccountSid=ACCOUNT, From=from_, To=to
        )
        url = re.search(r'<Stream url="([^"]+)"', answer.text)
        token = re.search(r'name="token" value="([^"]+)"', answer.text)
        assert url is not None, answer.text
        assert token is not None, answer.text
        return Invitation(sid, unescape(url[1]), unescape(token[1]), answer.text)

    async def open(self, url: str, **options: Any) -> ClientConnection:
        """Open a media socket, signed as Twilio signs it."""
        headers = {"X-Twilio-Signature": sign(TOKEN, url, [])}
        options = {"additional_headers": headers, "compression": None, **options}
        return await connect(url, ping_interval=None, close_timeout=2, **options)

    @asynccontextmanager
    async def stream(
        self, to: str, *, marks: str = "played", **options: Any
    ) -> AsyncIterator[TwilioStream]:
        """Call by hand: the webhook, then the socket; the test sends the messages."""
        invitation = await self.invite(to)
        socket = await self.open(invitation.url, **options)
        async with TwilioStream(socket, invitation.call_sid, invitation.token, marks) as stream:
            yield stream

    async def settled(self, before: tuple[int, int], limit_s: float = 30.0) -> tuple[int, int]:
        """Wait until no more tasks and file descriptors are open than `before`; return both."""
        deadline = time.monotonic() + limit_s
        while any(a > b for a, b in zip(self.in_use(), before, strict=True)):
            if time.monotonic() > deadline:
                break
            await asyncio.sleep(0.05)
        return self.in_use()

    @staticmethod
    def in_use() -> tuple[int, int]:
        """Return how many tasks and file descriptors this process has."""
        return len(asyncio.all_tasks()), len(os.listdir("/proc/self/fd"))


OpenSite = Callable[..., AbstractAsyncContextManager[Site]]


@pytest.fixture
def open_site(postgres_url: str, tmp_path: Path) -> OpenSite:
    """Opens the server for the verticals of a folder; everything is as in production but the peers.

    `model_url` and `database_url` say where these are, when they are not the ones of this fixture.
    """

    @asynccontextmanager
    async def opening(
        verticals: Path,
        mind: Mind,
        *,
        numbers: Sequence[str],
        destinations: Mapping[str, DestinationBehaviour] | None = None,
        sound: Sound | None = None,
        speed: float = 8.0,
        model_url: str | None = None,
        database_url: str | None = None,
        services: Mapping[tuple[str, str], str] | None = None,
        tracer: Tracer | None = None,
    ) -> AsyncIterator[Site]:
        sound = sound or written()
        listener = listen("127.0.0.1", 0)
        origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
        settings = Settings.model_validate(
            {
                "data": tmp_path / "data",
                "verticals": verticals,
                "database_url": database_url or postgres_url,
            }
        )
        facts: list[Fact] = []
        async with AsyncExitStack() as stack:
            stack.callback(listener.close)
            model = await stack.enter_async_context(
                RealtimeServer(
                    mind=mind,
                    ear=sound.ear,
                    voice=sound.agent,
                    detector=sound.detector,
                    speed=speed,
                )
            )
            number = NumberConfig(
                f"{origin}/twilio/voice",
                fallback_url=f"{origin}/twilio/fallback",
                status_callback=f"{origin}/twilio/status",
            )
            carrier = await stack.enter_async_context(
                Carrier(
                    account_sid=ACCOUNT,
                    auth_token=TOKEN,
                    voice=sound.agent,
                    numbers=dict.fromkeys(numbers, number),
                    destinations=destinations,
                )
            )
            peers = Peers(
                public_url=origin,
                realtime_url=model_url or model.url,
                realtime_key=None,
                account=ACCOUNT,
                token=TOKEN,
                twilio_url=carrier.rest_url,
                twilio_user=ACCOUNT,
                twilio_password=TOKEN,
                services=services or {},
            )
            service = await stack.enter_async_context(
                open_service(settings, {}, peers, watch=facts.append, tracer=tracer)
            )
            app = build_site(service, [origin])
            door = MediaDoor(service.switchboard, [origin])
            await stack.enter_async_context(serving(app, listener, door=door))
            client = await stack.enter_async_context(httpx.AsyncClient(timeout=20))
            yield Site(origin, service, carrier, model, sound, client, facts)

    return opening


@pytest.fixture
def write_verticals(tmp_path: Path) -> Callable[..., Path]:
    """Writes one vertical and the tenant that owns its number; returns the folder."""

    def writing(source: str, number: str, *, tenant: str = "corner", seed: str = "") -> Path:
        name = re.search(r"^name: (\w+)$", source, re.MULTILINE)
        assert name is not None
        folder = tmp_path / "verticals"
        (folder / name[1]).mkdir(parents=True)
        (folder / name[1] / "vertical.yaml").write_text(source)
        if seed:
            (folder / name[1] / "seed.yaml").write_text(seed)
        (folder / "tenants.yaml").write_text(
            f'tenants:\n  {tenant}:\n    lines: {{"{number}": {name[1]}}}\n'
        )
        return folder

    return writing
