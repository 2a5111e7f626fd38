"""An emulated model on loopback, and a call's engine against it, by every transport and format."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest

from dialplan.emulators.openai.faults import NONE, Faults
from dialplan.emulators.openai.mind import Decision
from dialplan.emulators.openai.scripted import ScriptedMind
from dialplan.emulators.openai.server import RealtimeServer
from dialplan.emulators.speech.ports import SpeechStarted, SpeechStopped
from dialplan.engines.engine import EngineEvent
from dialplan.engines.realtime.agents import AgentSpec, HandoffSpec, ToolSpec, build_agents
from dialplan.engines.realtime.connection import Endpoint
from dialplan.engines.realtime.session import RealtimeEngine, RealtimeEngineConfig, Transport
from dialplan.protocols.realtime.client import AudioFormat, SessionSettings

LOUD, QUIET = b"\x00", b"\xff"
WAIT_S = 60.0
MODEL = "gpt-realtime-2.1"
SCHEMA: Mapping[str, Any] = {"type": "object", "properties": {"name": {"type": "string"}}}
Event = TypeVar("Event")


class Tone:
    """Speaks 40 ms a letter, so that length tells what was said."""

    async def speak(self, text: str) -> bytes:
        return bytes([0x55]) * (len(text) * 320)


class Listener:
    """Hears the same words in every utterance."""

    def __init__(self, words: str) -> None:
        self._words = words

    async def hear(self, audio: bytes) -> str:
        return self._words if audio else ""


class Loudness:
    """Finds speech in loud bytes, and its end in silence after them."""

    def __init__(self, silence_ms: int) -> None:
        self._silence_ms = silence_ms
        self._at_ms = 0
        self._end: int | None = None

    def feed(self, audio: bytes) -> list[SpeechStarted | SpeechStopped]:
        found: list[SpeechStarted | SpeechStopped] = []
        before, self._at_ms = self._at_ms, self._at_ms + len(audio) // 8
        if LOUD in audio:
            if self._end is None:
                found.append(SpeechStarted(before))
            self._end = self._at_ms
        elif self._end is not None and self._at_ms - self._end >= self._silence_ms:
            found.append(SpeechStopped(self._end))
            self._end = None
        return found


def detector(*, threshold: float, prefix_padding_ms: int, silence_duration_ms: int) -> Loudness:
    return Loudness(silence_duration_ms)


@dataclass
class Line:
    """One call as seen from its engine: what it told, and what its tools were given."""

    engine: RealtimeEngine
    mind: ScriptedMind
    server: RealtimeServer
    calls: list[tuple[str, Mapping[str, Any]]]
    slow_may_end: asyncio.Event
    events: list[EngineEvent] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, event: EngineEvent) -> None:
        self.events.append(event)
        self.changed.set()

    def all(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]

    async def until(self, kind: type[Event], count: int = 1) -> list[Event]:
        """Wait until `count` events of a kind were told; return all of them."""
        return await self.until_true(lambda: self.all(kind), count)

    async def until_true(self, find: Callable[[], list[Event]], count: int = 1) -> list[Event]:
        async with asyncio.timeout(WAIT_S):
            while len(found := find()) < count:
                self.changed.clear()
                await self.changed.wait()
        return found

    async def speak(self, ms: int = 400) -> None:
        """Be a caller who says something and stops."""
        for piece in [LOUD] * (ms // 20) + [QUIET] * 20:
            self.engine.append_audio(piece * 160)

    async def begin_to_speak(self) -> None:
        """Be a caller who begins to say something, and of whom more arrives: a filter needs it."""
        for piece in [LOUD] + [QUIET] * 4:
            self.engine.append_audio(piece * 160)


class Desk:
    """The call's own side of its agents; notes what its tools are given."""

    def __init__(
        self, calls: list[tuple[str, Mapping[str, Any]]], slow_may_end: asyncio.Event
    ) -> None:
        self._calls = calls
        self._slow_may_end = slow_may_end

    def instructions(self, agent: str) -> str:
        return "You are the desk." if agent == "desk" else f"You do {agent}."

    def announcement(self, from_agent: str, to_agent: str) -> str | None:
        return {"visits": "One moment.", "repairs": "Repairs it is."}.get(to_agent)

    async def run_tool(
        self, agent: str, name: str, arguments: Mapping[str, Any], call_id: str
    ) -> str:
        self._calls.append((name, arguments))
        if name == "broken":
            raise RuntimeError("the service is down")
        if name == "slow":
            await asyncio.sleep(0.3)
            await self._slow_may_end.wait()
        return {"look_up": "found", "slow": "late", "hush": "done", "bills": "none"}[name]


Dial = Callable[..., AbstractAsyncContextManager[Line]]


@pytest.fixture(params=["direct", "sdk"])
def transport(request: pytest.FixtureRequest) -> Transport:
    return "direct" if request.param == "direct" else "sdk"


@pytest.fixture(params=["pcmu", "pcm24k"])
def audio(request: pytest.FixtureRequest) -> AudioFormat:
    return "pcmu" if request.param == "pcmu" else "pcm24k"


def line_over(transport: Transport, audio: AudioFormat) -> Dial:
    @asynccontextmanager
    async def dialled(
        steps: Sequence[Sequence[Decision]],
        faults: Faults = NONE,
        reconnects: int = 2,
        hears: str = "a visit please",
    ) -> AsyncIterator[Line]:
        mind = ScriptedMind(steps)
        async with RealtimeServer(
            mind=mind, ear=Listener(hears), voice=Tone(), detector=detector, faults=faults, speed=20
        ) as server:
            line: Line
            calls: list[tuple[str, Mapping[str, Any]]] = []

            def tool(name: str, *, silent: bool = False) -> ToolSpec:
                return ToolSpec(name, f"does {name}", SCHEMA, silent=silent)

            desk = AgentSpec(
                name="desk",
                tools=(tool("look_up"), tool("slow"), tool("broken"), tool("hush", silent=True)),
                handoffs=(
                    HandoffSpec("billing", "About a bill.", SCHEMA, ("my bill is wrong",)),
                    HandoffSpec("visits", "About a visit.", SCHEMA),
                    HandoffSpec("repairs", "About a repair.", SCHEMA, fresh=True),
                ),
            )
            others = tuple(
                AgentSpec(name, (tool("bills"),)) for name in ("billing", "visits", "repairs")
            )
            slow_may_end = asyncio.Event()
            slow_may_end.set()
            config = RealtimeEngineConfig(
                endpoint=Endpoint(
                    f"{server.url}?model={MODEL}", reconnects=reconnects, reconnect_wait_s=0.01
                ),
                settings=SessionSettings(
                    model=MODEL,
                    voice="marin",
                    instructions="",
                    transcription={"model": "gpt-4o-mini-transcribe"},
                    turn_detection={
                        "type": "server_vad",
                        "silence_duration_ms": 200,
                        "interrupt_response": True,
                        "create_response": True,
                    },
                    audio=audio,
                ),
                graph=build_agents((desk, *others)),
                entry="desk",
                transport=transport,
                batch_ms=20,  # time runs twenty times as fast here
            )
            engine = RealtimeEngine(
                config,
                Desk(calls, slow_may_end),
                lambda event: line.tell(event),
                lambda _h: {"vip": 1},
            )
            line = Line(engine, mind, server, calls, slow_may_end)
            try:
                await engine.connect()
                await engine.configure()
                yield line
            finally:
                await engine.close()

    return dialled


@pytest.fixture
def dial(transport: Transport, audio: AudioFormat) -> Dial:
    """A line over either transport, in either format."""
    return line_over(transport, audio)


@pytest.fixture
def dial_direct(audio: AudioFormat) -> Dial:
    """A line over our own transport, for what the other cannot do."""
    return line_over("direct", audio)
