"""How an attended call ends when its line fails: at once, told, and with everything let go."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import time
import weakref
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.stillness import watched

from dialplan.call.events import SpeechArrived
from dialplan.call.playback import Truncation
from dialplan.config.load import load_tenants, load_vertical
from dialplan.engines.engine import Engine, EngineSink
from dialplan.engines.realtime.agents import CallAgents, Handover
from dialplan.runtime.attendance import SEND_S, Attendance, Surroundings
from dialplan.runtime.attended import CallRequest
from dialplan.runtime.clock import Clock
from dialplan.runtime.directory import Directory, build_lines
from dialplan.runtime.switchboard import Switchboard
from dialplan.runtime.tokens import StreamTokens
from dialplan.store.facts import CallEnded, Fact
from dialplan.tools.http import HttpCaller

NUMBER = "+15550100001"
VERTICAL = """\
dialplan: 1
name: kiosk
title: Kiosk
voice: {greeting: Hello.}
agents: {clerk: {entry: true, prompt: Be kind.}}
"""


@dataclass
class Talker:
    """An engine that speaks as soon as it is asked to."""

    sink: EngineSink
    closed: bool = False
    audio: int = 0

    async def connect(self) -> None: ...

    async def configure(self) -> None: ...

    def append_audio(self, audio: bytes) -> None:
        self.audio += 1
        if audio == bytes(3):
            raise RuntimeError("the engine broke")

    async def say(self, text: str, say_id: str) -> None:
        self.sink(SpeechArrived("r", "i", 0, "f" * 1600))

    async def tell(self, text: str) -> None: ...

    async def respond(self) -> None: ...

    async def interrupt(
        self,
        truncations: Sequence[Truncation],
        responses: Collection[str],
        *,
        unheard: bool = False,
    ) -> None: ...

    async def close(self) -> None:
        self.closed = True


@dataclass
class Socket:
    """A media socket: gives its frames, then waits; may take nothing that is sent or closed."""

    frames: list[str]
    stalls: bool = False
    closed: bool = False
    ends: bool = False
    waits: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self) -> str | None:
        return self.frames.pop(0)

    def listen(self, hear: Callable[[str | bytes | None], None]) -> None:
        while self.frames:
            hear(self.frames.pop(0))
        if self.ends:
            hear(None)

    def send(self, *texts: str) -> None: ...

    @property
    def writable(self) -> bool:
        return not self.stalls

    async def drained(self) -> None:
        await self.waits.wait()

    async def close(self) -> None:
        self.closed = True
        if self.stalls:
            await self.waits.wait()


class Desk:
    """A switchboard with one line, its calls' engines and facts."""

    def __init__(self, folder: Path) -> None:
        (folder / "kiosk").mkdir()
        (folder / "kiosk" / "vertical.yaml").write_text(VERTICAL)
        (folder / "tenants.yaml").write_text(
            f'tenants:\n  corner:\n    lines: {{"{NUMBER}": kiosk}}\n'
        )
        loaded = load_vertical(folder / "kiosk")
        tenants = load_tenants(folder / "tenants.yaml", [loaded.vertical])
        lines = build_lines(tenants, {"kiosk": loaded}, {}, account="AC1", token="t0ken")
        self.engines: list[Talker] = []
        self.calls: list[weakref.ref[Attendance]] = []
        self.facts: list[Fact] = []

        @asynccontextmanager
        async def no_transactions(*_: object, **__: object) -> Any:
            raise AssertionError("this vertical has no tools")
            yield

        around = Surroundings(
            clock=Clock(),
            note=self.facts.append,
            transactions=no_transactions,
            http=HttpCaller(),
            carrier=lambda _request: None,
        )

        def engine(
            _call: CallAgents,
            sink: EngineSink,
            _handing_over: Callable[[Handover], Mapping[str, Any]],
        ) -> Engine:
            self.engines.append(Talker(sink))
            return self.engines[-1]

        def make_call(request: CallRequest) -> Attendance:
            call = Attendance(request, engine, around)
            self.calls.append(weakref.ref(call))
            return call

        self._tokens = StreamTokens(b"k" * 32)
        self.around = around
        self.switchboard = Switchboard(
            Directory(lines),
            make_call=make_call,
            tokens=self._tokens,
            clock=around.clock,
            public_url="https://phone.example",
        )

    async def attend(self, socket: Socket) -> None:
        now = self.around.clock.epoch()
        token = self._tokens.issue("CA1", caller="+1", called=NUMBER, now=now, nonce="n")
        start = {
            "event": "start",
            "sequenceNumber": "1",
            "streamSid": "MZ1",
            "start": {
                "accountSid": "AC1",
                "streamSid": "MZ1",
                "callSid": "CA1",
                "tracks": ["inbound"],
                "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
                "customParameters": {"token": token},
            },
        }
        socket.frames.insert(0, json.dumps(start))
        await self.switchboard.attend(socket)
        await self.around.http.close()

    def reasons(self) -> list[str]:
        return [fact.reason for fact in self.facts if isinstance(fact, CallEnded)]

    async def after(self) -> str:
        verbs = await self.switchboard.after({"CallSid": "CA1", "To": NUMBER})
        return type(verbs[0]).__name__


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


async def test_a_line_that_takes_nothing_ends_the_call_and_frees_all(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    socket = Socket([], stalls=True)
    began = time.monotonic()

    async with watched() as stillness:
        with caplog.at_level(logging.INFO):
            await desk.attend(socket)
    took = time.monotonic() - began

    # One wait for the frame and one for the close.
    assert SEND_S <= took
    assert took - stillness.seconds(began, began + took) < 2 * SEND_S + 2
    assert socket.closed
    assert desk.engines[0].closed
    assert desk.switchboard.running == 0
    assert desk.reasons() == ["carrier_stalled"]
    assert await desk.after() == "Say"


async def test_a_fault_while_reading_the_line_ends_the_call_and_frees_all(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    media = {
        "event": "media",
        "sequenceNumber": "2",
        "streamSid": "MZ1",
        "media": {"track": "inbound", "chunk": "1", "timestamp": "1", "payload": "AAAA"},
    }
    socket = Socket([json.dumps(media)])

    with caplog.at_level(logging.ERROR):
        async with asyncio.timeout(30):
            await desk.attend(socket)

    assert "call failed" in [record.message for record in caplog.records]
    assert socket.closed
    assert desk.engines[0].closed
    assert desk.switchboard.running == 0
    assert await desk.after() == "Say"


async def test_a_line_that_breaks_is_told_from_a_caller_who_hung_up(desk: Desk) -> None:
    await desk.attend(Socket([], ends=True))

    assert desk.reasons() == ["stream_lost"]
    assert await desk.after() == "Say", "the caller may still be there"


async def test_a_caller_who_hangs_up_ends_the_call(desk: Desk) -> None:
    stop = {
        "event": "stop",
        "sequenceNumber": "2",
        "streamSid": "MZ1",
        "stop": {"accountSid": "AC1", "callSid": "CA1"},
    }
    await desk.attend(Socket([json.dumps(stop)]))

    assert desk.reasons() == ["caller"]
    assert desk.engines[0].closed


async def test_a_call_that_is_over_is_gone_without_the_garbage_collector(desk: Desk) -> None:
    gc.collect()
    gc.disable()
    try:
        await desk.attend(Socket([], ends=True))
        desk.engines.clear()

        assert [call() for call in desk.calls] == [None]
    finally:
        gc.enable()
