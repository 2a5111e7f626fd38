"""The control channel of a rehearsal: lines, calls that are placed and watched, their records.

    GET /lines                       who can be rung
    WS  /call                        one order in, events out; the call lasts as long as the socket
    GET /calls/{sid}                 what a call left behind
    GET /calls/{sid}/audio.wav       both sides of it: left the caller, right the agent

It listens on loopback and wants the key in `Authorization: Bearer KEY`, or as `?key=KEY` from
browsers, which cannot set headers on sockets.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

import orjson
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from dialplan.emulators.desk.live import LiveCaller
from dialplan.emulators.desk.talk import Overheard
from dialplan.emulators.desk.wire import (
    CallOver,
    Event,
    Order,
    Preparing,
    Refused,
    encode,
    read_order,
)
from dialplan.emulators.stage import Sound
from dialplan.emulators.twilio.caller import AudioCaller, Caller, ScriptedCaller
from dialplan.emulators.twilio.carrier import Carrier
from dialplan.emulators.twilio.record import CallRecord, DocumentReceived, Ringing
from dialplan.emulators.twilio.wav import wav_bytes
from dialplan.errors import ProtocolError
from dialplan.store.facts import CallBegan, CallEnded, Fact

ORDER_S = 10.0
# How long the server's last facts may come after the carrier's end, and a call may take to end.
FACTS_S = 3.0
END_S = 20.0
BACKLOG = 5_000
# Sound is worth nothing late: five seconds of it may wait for a slow socket.
SOUND_BACKLOG = 250
RECORDS = 50


class Control:
    """The control channel of one stage.

    Args:
        lines: (tenant, vertical) by number.
        key: what a request must know.
    """

    def __init__(
        self,
        carrier: Carrier,
        sound: Sound,
        lines: Mapping[str, tuple[str, str]],
        *,
        origin: str,
        key: str,
    ) -> None:
        self._carrier = carrier
        self._sound = sound
        self._lines = lines
        self._origin = origin
        self._key = key
        self._watched: dict[str, _Watch] = {}

    def note(self, fact: Fact) -> None:
        """Pass a fact of the server's on to whoever watches its call."""
        watch = self._watched.get(fact.call_sid)
        if watch is not None:
            watch.note(fact)

    def app(self) -> Starlette:
        """Return the application."""
        return Starlette(
            routes=[
                Route("/lines", self._guarded(self._list_lines)),
                Route("/calls/{sid}", self._guarded(self._record)),
                Route("/calls/{sid}/audio.wav", self._guarded(self._audio)),
                WebSocketRoute("/call", self._call),
            ]
        )

    def _guarded(
        self, answer: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def guarded(request: Request) -> Response:
            if not self._admits(request):
                return PlainTextResponse("expected the rehearsal's key\n", 401)
            response = await answer(request)
            # The key is the guard; the console's page comes from another port of this machine.
            response.headers["Access-Control-Allow-Origin"] = "*"
            return response

        return guarded

    def _admits(self, connection: HTTPConnection) -> bool:
        given = connection.headers.get("authorization", "").removeprefix("Bearer ")
        given = given or connection.query_params.get("key", "")
        return hmac.compare_digest(given.encode(), self._key.encode())

    async def _list_lines(self, request: Request) -> Response:
        lines = [
            {"number": number, "tenant": tenant, "vertical": vertical}
            for number, (tenant, vertical) in sorted(self._lines.items())
        ]
        return JSONResponse(
            {"origin": self._origin, "hears_audio": self._sound.real, "lines": lines}
        )

    async def _record(self, request: Request) -> Response:
        record = self._known(request)
        if record is None:
            return PlainTextResponse("no such call\n", 404)
        return Response(encode(CallOver.of(record)), media_type="application/json")

    async def _audio(self, request: Request) -> Response:
        record = self._known(request)
        if record is None:
            return PlainTextResponse("no such call\n", 404)
        audio = await asyncio.to_thread(wav_bytes, record)
        return Response(audio, media_type="audio/wav")

    def _known(self, request: Request) -> CallRecord | None:
        call = self._carrier.calls.get(request.path_params["sid"])
        return None if call is None else call.record

    async def _call(self, socket: WebSocket) -> None:
        if not self._admits(socket):
            await socket.close(1008)
            return
        await socket.accept()
        watch = _Watch()
        async with asyncio.TaskGroup() as tasks:
            sender = tasks.create_task(_send(socket, watch))
            try:
                await self._attend(socket, watch, tasks)
            finally:
                watch.end()
                await asyncio.wait({sender}, timeout=FACTS_S)
                sender.cancel()
        with suppress(RuntimeError, WebSocketDisconnect, OSError):
            await socket.close(1000)

    async def _attend(self, socket: WebSocket, watch: _Watch, tasks: asyncio.TaskGroup) -> None:
        try:
            async with asyncio.timeout(ORDER_S):
                order = read_order(await socket.receive_text())
        except (TimeoutError, ProtocolError, KeyError) as exc:
            watch.put(Refused(str(exc) or f"expected an order as text within {ORDER_S:g} s"))
            return
        except WebSocketDisconnect:
            return
        why = self._unanswerable(order)
        if why is not None:
            watch.put(Refused(why))
            return
        live = LiveCaller(watch.sound) if order.live else None
        reader = tasks.create_task(_read(socket, live))
        placing = tasks.create_task(self._place(order, live, watch))
        try:
            await asyncio.wait({reader, placing}, return_when=asyncio.FIRST_COMPLETED)
            if not placing.done() and watch.call_sid:
                # Whoever closes the socket puts the phone down.
                self._carrier.calls[watch.call_sid].hang_up("caller")
                await asyncio.wait({placing}, timeout=END_S)
        finally:
            reader.cancel()
            placing.cancel()

    def _unanswerable(self, order: Order) -> str | None:
        if order.to not in self._carrier.numbers:
            known = ", ".join(sorted(self._lines)) or "none"
            return f"nobody answers `{order.to}`; the tenants file knows {known}"
        if order.audio is not None and not self._sound.real:
            return "a rehearsal in written speech hears no recordings: start it without `--written`"
        return None

    async def _place(self, order: Order, live: LiveCaller | None, watch: _Watch) -> None:
        caller: Caller
        if live is not None:
            caller = live
        elif order.audio is not None:
            caller = AudioCaller(order.audio)
        else:
            watch.put(Preparing())
            caller = ScriptedCaller(order.say, self._sound.caller)
            await caller.prepare()

        def tell(event: Event) -> None:
            if isinstance(event, Ringing):
                watch.call_sid = event.call_sid
                self._watched[event.call_sid] = watch
            # A document holds the token of its stream, which is nobody else's business.
            if not isinstance(event, DocumentReceived):
                watch.put(event)

        try:
            record = await self._carrier.place(
                to=order.to,
                from_=order.from_,
                caller=Overheard(caller, tell),
                on_event=tell,
                limit_s=order.limit_s,
                real_time=live is not None,
            )
            await watch.facts_are_in()
            watch.put(CallOver.of(record))
        finally:
            self._watched.pop(watch.call_sid, None)
            self._forget()

    def _forget(self) -> None:
        """Keep the newest calls only: a minute of one is a megabyte."""
        over = [sid for sid, call in self._carrier.calls.items() if call.record.ended_by]
        for sid in over[:-RECORDS]:
            del self._carrier.calls[sid]


class _Watch:
    """What one watcher has still to be told."""

    def __init__(self) -> None:
        self.call_sid = ""
        self.queue: asyncio.Queue[str | bytes | None] = asyncio.Queue()
        self._began = False
        self._ended = asyncio.Event()

    def put(self, event: Event) -> None:
        # A watcher that is this far behind does not read any more.
        if self.queue.qsize() < BACKLOG:
            self.queue.put_nowait(encode(event))

    def sound(self, audio: bytes) -> None:
        if self.queue.qsize() < SOUND_BACKLOG:
            self.queue.put_nowait(audio)

    def note(self, fact: Fact) -> None:
        match fact:
            case CallBegan():
                self._began = True
            case CallEnded():
                self._ended.set()
            case _:
                pass
        self.put(fact)

    def end(self) -> None:
        self.queue.put_nowait(None)

    async def facts_are_in(self) -> None:
        """Wait for the server's last fact: it comes from another process."""
        if self._began:
            with suppress(TimeoutError):
                async with asyncio.timeout(FACTS_S):
                    await self._ended.wait()


async def _send(socket: WebSocket, watch: _Watch) -> None:
    with suppress(WebSocketDisconnect, RuntimeError, OSError):
        while (message := await watch.queue.get()) is not None:
            if isinstance(message, bytes):
                await socket.send_bytes(message)
            else:
                await socket.send_text(message)


async def _read(socket: WebSocket, live: LiveCaller | None) -> None:
    """Take what a live caller says and presses, until the socket closes."""
    while True:
        message = await socket.receive()
        if message["type"] != "websocket.receive":
            return
        if live is None:
            continue
        if message.get("bytes"):
            live.say(message["bytes"])
        elif message.get("text"):
            with suppress(ValueError, AttributeError):
                keys = str(orjson.loads(message["text"]).get("digits", ""))
                live.press("".join(key for key in keys[:32] if key in "0123456789*#"))
