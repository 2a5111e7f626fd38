"""Our model transport against the emulated model, asked directly for what the SDK asks of it."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from agents.realtime import (
    RealtimeModelEndOfStreamEvent,
    RealtimeModelEvent,
    RealtimeModelSendAudio,
    RealtimeModelSendInterrupt,
    RealtimeModelSendRawMessage,
    RealtimeModelSendSessionUpdate,
    RealtimeModelSendToolOutput,
    RealtimeModelSendUserInput,
    RealtimeModelToolCallEvent,
)
from agents.realtime.model import RealtimeModelListener
from websockets.asyncio.server import ServerConnection, serve

from dialplan.call.events import (
    CallerSpeechStarted,
    CallerSpeechStopped,
    EngineLost,
    ResponseEnded,
    ResponseStarted,
    SpeechArrived,
    SpeechFinished,
)
from dialplan.call.playback import Truncation
from dialplan.emulators.openai.mind import CallTool, Decision, Message, Say
from dialplan.emulators.openai.scripted import ScriptedMind
from dialplan.emulators.openai.server import RealtimeServer
from dialplan.emulators.speech.ports import SpeechStarted, SpeechStopped
from dialplan.engines.engine import (
    AgentSaid,
    EngineEvent,
    PeerFault,
    Reconnected,
    TokensUsed,
)
from dialplan.engines.realtime.agents import AgentSpec, build_agents
from dialplan.engines.realtime.connection import Endpoint
from dialplan.engines.realtime.model import DirectRealtimeModel
from dialplan.engines.realtime.session import RealtimeEngine, RealtimeEngineConfig, Transport
from dialplan.errors import EngineError
from dialplan.protocols.realtime.client import SessionSettings

SETTINGS = SessionSettings(model="gpt-realtime-2.1", voice="marin", instructions="")


class Alone:
    """A call without tools."""

    def instructions(self, agent: str) -> str:
        return "x"

    def announcement(self, from_agent: str, to_agent: str) -> str | None:
        return None

    async def run_tool(
        self, agent: str, name: str, arguments: Mapping[str, Any], call_id: str
    ) -> str:
        raise LookupError(name)


class Speech:
    """Speaks 40 ms a letter, hears nothing and detects nothing."""

    async def speak(self, text: str) -> bytes:
        return bytes([0x55]) * (len(text) * 320)

    async def hear(self, audio: bytes) -> str:
        return ""

    def feed(self, audio: bytes) -> list[SpeechStarted | SpeechStopped]:
        return []


class Session(RealtimeModelListener):
    """Keeps what the SDK's session is told, and what the call is told."""

    def __init__(self) -> None:
        self.up: list[RealtimeModelEvent] = []
        self.told: list[EngineEvent] = []
        self._changed = asyncio.Event()

    def tell(self, event: EngineEvent) -> None:
        self.told.append(event)
        self._changed.set()

    async def on_event(self, event: RealtimeModelEvent) -> None:
        self.up.append(event)

    async def until(self, kind: type[EngineEvent], count: int = 1) -> None:
        async with asyncio.timeout(60):
            while sum(isinstance(event, kind) for event in self.told) < count:
                self._changed.clear()
                await self._changed.wait()


@asynccontextmanager
async def connected(
    *steps: Sequence[Decision],
) -> AsyncIterator[tuple[DirectRealtimeModel, Session, ScriptedMind]]:
    mind, speech, session = ScriptedMind(steps), Speech(), Session()
    async with RealtimeServer(
        mind=mind, ear=speech, voice=speech, detector=lambda **_: speech, speed=20
    ) as server:
        endpoint = Endpoint(f"{server.url}?model={SETTINGS.model}", reconnects=0)
        model = DirectRealtimeModel(endpoint, SETTINGS, session.tell)
        model.add_listener(session)
        await model.connect({"initial_model_settings": {"instructions": "first"}})
        try:
            yield model, session, mind
        finally:
            await model.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("transport", ["direct", "sdk"])
async def test_a_model_that_is_not_there_is_an_engine_error(transport: Transport) -> None:
    graph = build_agents([AgentSpec("desk")])
    endpoint = Endpoint(f"ws://127.0.0.1:{free_port()}/v1/realtime?model=m")
    engine = RealtimeEngine(
        RealtimeEngineConfig(endpoint, SETTINGS, graph, "desk", transport), Alone(), lambda _: None
    )

    with pytest.raises(EngineError, match="check the address"):
        await _start(engine)
    await engine.close()


async def _start(engine: RealtimeEngine) -> None:
    await engine.connect()
    await engine.configure()


async def test_what_a_user_writes_is_answered() -> None:
    async with connected([Say("Certainly.")]) as (model, session, mind):
        await model.send_event(RealtimeModelSendUserInput("a visit"))
        await session.until(AgentSaid)

        assert mind.turns[0].items == (Message("user", "a visit"),)
        assert mind.turns[0].instructions == "first"


async def test_the_parts_of_a_written_message_are_joined() -> None:
    async with connected([Say("Certainly.")]) as (model, session, mind):
        await model.send_event(
            RealtimeModelSendUserInput(
                {
                    "type": "message",
                    "role": "user",
                    "content": [
                        {"type": "input_text", "text": "a visit"},
                        {"type": "input_text", "text": "on monday"},
                    ],
                }
            )
        )
        await session.until(AgentSaid)

        assert mind.turns[0].items == (Message("user", "a visit\non monday"),)


async def test_an_update_of_the_session_changes_the_prompt() -> None:
    async with connected([Say("Yes.")]) as (model, session, mind):
        await model.send_event(RealtimeModelSendSessionUpdate({"instructions": "second"}))
        await model.send_event(RealtimeModelSendRawMessage({"type": "response.create"}))
        await session.until(AgentSaid)

        assert mind.turns[0].instructions == "second"


async def test_an_interrupt_of_the_session_cancels_and_mutes() -> None:
    async with connected([Say("A long sentence " * 20)]) as (model, session, _mind):
        await model.respond()
        await session.until(SpeechArrived)
        await model.send_event(RealtimeModelSendInterrupt(force_response_cancel=True))
        heard = sum(isinstance(event, SpeechArrived) for event in session.told)
        await session.until(ResponseEnded)

        (ended,) = [event for event in session.told if isinstance(event, ResponseEnded)]
        assert ended.status == "cancelled"
        assert sum(isinstance(event, SpeechArrived) for event in session.told) == heard


async def test_an_interrupt_of_another_response_does_nothing() -> None:
    async with connected([Say("A sentence.")]) as (model, session, _mind):
        await model.respond()
        await session.until(ResponseStarted)
        await model.send_event(RealtimeModelSendInterrupt(response_id="other"))
        await session.until(ResponseEnded)

        assert [e.status for e in session.told if isinstance(e, ResponseEnded)] == ["completed"]


async def test_a_conditional_event_is_not_sent_when_it_is_no_longer_wanted() -> None:
    async with connected([Say("Yes.")]) as (model, session, mind):
        unwanted = RealtimeModelSendUserInput("no")

        assert not await model.send_event_if(unwanted, lambda: False)
        assert await model.send_event_if(RealtimeModelSendUserInput("yes"), lambda: True)
        await session.until(AgentSaid)
        assert mind.turns[0].items == (Message("user", "yes"),)


async def test_audio_and_raw_messages_are_passed_on() -> None:
    async with connected() as (model, session, _mind):
        await model.send_event(RealtimeModelSendAudio(b"\xff" * 160))
        model.append(b"\xff" * 160)
        await model.send_event(
            RealtimeModelSendRawMessage(
                {"type": "response.cancel", "other_data": {"response_id": "none"}}
            )
        )
        await session.until(PeerFault)

        assert len(session.told) == 1


async def test_a_model_serves_one_session() -> None:
    async with connected() as (model, _session, _mind):
        with pytest.raises(RuntimeError, match="one per call"):
            await model.connect({})


async def test_a_listener_is_told_of_tool_calls_until_it_is_removed() -> None:
    steps = [[CallTool("one")], [CallTool("two")]]
    async with connected(*steps) as (model, session, _mind):
        await model.respond()
        await session.until(ResponseEnded)
        await asyncio.sleep(0)
        assert [event.type for event in session.up] == ["function_call"]
        call = session.up[0]
        assert isinstance(call, RealtimeModelToolCallEvent)
        model.remove_listener(session)
        model.remove_listener(session)
        await model.send_event(RealtimeModelSendToolOutput(call, "done", start_response=True))
        await session.until(ResponseEnded, 2)

        assert len(session.up) == 1


async def test_a_listener_that_fails_ends_the_session_and_says_so() -> None:
    class Failing(RealtimeModelListener):
        async def on_event(self, event: RealtimeModelEvent) -> None:
            if (
                not isinstance(event, RealtimeModelEndOfStreamEvent)
                and event.type == "function_call"
            ):
                raise LookupError("broken")

    async with connected([CallTool("look_up")]) as (model, session, _mind):
        model.add_listener(Failing())
        await model.respond()
        await session.until(EngineLost)

        assert EngineLost("LookupError") in session.told
        assert isinstance(session.up[-1], RealtimeModelEndOfStreamEvent)


Handler = Callable[[ServerConnection], Awaitable[None]]


@asynccontextmanager
async def scripted(
    handler: Handler, open_timeout_s: float = 30
) -> AsyncIterator[tuple[DirectRealtimeModel, Session]]:
    """A model over a server that says exactly what the test has it say."""
    async with serve(handler, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        url = f"ws://127.0.0.1:{port}/?model=m"
        endpoint = Endpoint(url, reconnects=0, open_timeout_s=open_timeout_s)
        session = Session()
        model = DirectRealtimeModel(endpoint, SETTINGS, session.tell)
        model.add_listener(session)
        try:
            yield model, session
        finally:
            await model.close()


async def test_events_are_told_in_the_order_of_the_wire() -> None:
    ids = {"response_id": "r", "item_id": "i", "content_index": 0}
    delta = {"type": "response.output_audio.delta", **ids, "delta": "////"}
    frames: list[dict[str, Any]] = [
        {"type": "session.updated", "session": {}},
        {"type": "response.created", "response": {"id": "r"}},
        delta,
        {"type": "input_audio_buffer.speech_started", "item_id": "u", "audio_start_ms": 1},
        delta,
        {"type": "response.output_audio.done", **ids},
        {"type": "response.done", "response": {"id": "r", "status": "completed"}},
    ]

    async def handler(socket: ServerConnection) -> None:
        await socket.recv()
        for one in frames:
            await socket.send(json.dumps(one))
        await socket.wait_closed()

    async with scripted(handler) as (model, session):
        await model.connect({})
        await session.until(ResponseEnded)

        assert [type(event) for event in session.told][:6] == [
            ResponseStarted,
            SpeechArrived,
            CallerSpeechStarted,
            SpeechArrived,
            SpeechFinished,
            ResponseEnded,
        ]


async def test_frames_that_make_no_sense_cost_a_number_and_not_the_call() -> None:
    ids = {"response_id": "r", "item_id": "i", "content_index": 0}
    done = {"id": "r", "status": "completed", "usage": {"input_tokens": "many"}}
    frames: list[dict[str, Any]] = [
        {"type": "session.updated", "session": {}},
        {"type": "response.created", "response": {"id": "r"}},
        {"type": "response.output_audio.delta", **ids, "delta": None},
        {"type": "response.output_audio.delta", **ids, "item_id": ["i"], "delta": "////"},
        {"type": "response.output_audio.delta", **ids, "delta": "////"},
        {"type": "response.output_audio_transcript.done", **ids, "transcript": 7},
        {
            "type": "conversation.item.input_audio_transcription.completed",
            "item_id": "u",
            "transcript": None,
        },
        {"type": "response.done", "response": done},
    ]

    async def handler(socket: ServerConnection) -> None:
        await socket.recv()
        for one in frames:
            await socket.send(json.dumps(one))
        await socket.wait_closed()

    async with scripted(handler) as (model, session):
        await model.connect({})
        await session.until(TokensUsed)

        assert [type(event) for event in session.told] == [
            ResponseStarted,
            PeerFault,
            PeerFault,
            SpeechArrived,
            PeerFault,
            PeerFault,
            ResponseEnded,
            TokensUsed,
        ]


async def test_an_answer_that_came_with_the_barge_in_before_it_is_heard_to_its_end() -> None:
    """A network held everything up: the call hears of the cut when its answer has begun."""

    def delta(response: str) -> dict[str, Any]:
        ids = {"response_id": response, "item_id": f"i_{response}", "content_index": 0}
        return {"type": "response.output_audio.delta", **ids, "delta": "////"}

    item = {"id": "i_r1", "type": "message", "role": "assistant", "content": []}
    burst: list[dict[str, Any]] = [
        {"type": "session.updated", "session": {}},
        {"type": "response.created", "response": {"id": "r1"}},
        {"type": "conversation.item.added", "item": item},
        delta("r1"),
        {"type": "input_audio_buffer.speech_started", "item_id": "u", "audio_start_ms": 1},
        {"type": "response.done", "response": {"id": "r1", "status": "cancelled"}},
        {"type": "input_audio_buffer.speech_stopped", "item_id": "u", "audio_end_ms": 2},
        {"type": "response.created", "response": {"id": "r2"}},
        delta("r2"),
    ]
    asked: list[str] = []

    async def handler(socket: ServerConnection) -> None:
        await socket.recv()
        for one in burst:
            await socket.send(json.dumps(one))
        asked.append(json.loads(await socket.recv())["type"])
        for one in [delta("r2"), {"type": "response.done", "response": {"id": "r2"}}]:
            await socket.send(json.dumps(one))
        await socket.wait_closed()

    async with scripted(handler) as (model, session):
        await model.connect({})
        await session.until(SpeechArrived, 2)
        await model.interrupt([Truncation("i_r1", 0, 0)], {"r1"}, unheard=True)
        await session.until(ResponseEnded, 2)

        heard = [one.response_id for one in session.told if isinstance(one, SpeechArrived)]
        assert heard == ["r1", "r2", "r2"]
        assert asked == ["conversation.item.truncate"]


async def test_a_turn_lost_with_its_connection_is_over_and_answered_on_the_next() -> None:
    """The caller speaks when the first connection breaks, and has just spoken at the second."""
    started = {"type": "input_audio_buffer.speech_started", "item_id": "u", "audio_start_ms": 1}
    stopped = {"type": "input_audio_buffer.speech_stopped", "item_id": "u", "audio_end_ms": 2}
    scripts = [[started], [started, stopped], []]
    asked = asyncio.Event()

    async def handler(socket: ServerConnection) -> None:
        script = scripts.pop(0)
        await socket.recv()
        for one in [{"type": "session.updated", "session": {}}, *script]:
            await socket.send(json.dumps(one))
        if script:
            socket.transport.close()
            return
        while json.loads(await socket.recv())["type"] != "response.create":
            pass
        asked.set()

    async with serve(handler, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        endpoint = Endpoint(f"ws://127.0.0.1:{port}/?model=m", reconnects=3, reconnect_wait_s=0.01)
        session = Session()
        settings = replace(SETTINGS, turn_detection={"type": "server_vad"})
        model = DirectRealtimeModel(endpoint, settings, session.tell)
        try:
            await model.connect({})
            async with asyncio.timeout(10):
                await asked.wait()
        finally:
            await model.close()

    assert [type(event) for event in session.told] == [
        CallerSpeechStarted,
        CallerSpeechStopped,
        Reconnected,
        CallerSpeechStarted,
        CallerSpeechStopped,
        Reconnected,
    ]


async def test_a_model_that_begins_no_session_is_an_engine_error() -> None:
    async def handler(socket: ServerConnection) -> None:
        await socket.wait_closed()

    async with scripted(handler, 0.3) as (model, session):
        with pytest.raises(EngineError, match=r"did not begin a session within 0\.3 s"):
            await model.connect({})

    assert session.told == []


async def test_caller_audio_that_a_slow_model_does_not_take_is_told_of_once() -> None:
    reads = asyncio.Event()

    async def handler(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send(json.dumps({"type": "session.updated", "session": {}}))
        await reads.wait()
        async for _ in socket:
            pass

    async with serve(handler, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        session = Session()
        endpoint = Endpoint(f"ws://127.0.0.1:{port}/?model=m", write_limit=16 * 1024)
        model = DirectRealtimeModel(endpoint, SETTINGS, session.tell)
        try:
            await model.connect({})
            async with asyncio.timeout(20):
                while not session.told:
                    model.append(b"\xff" * 1_600)
                    await asyncio.sleep(0)
            for _ in range(100):
                model.append(b"\xff" * 1_600)
        finally:
            reads.set()
            await model.close()

    assert session.told == [PeerFault("caller audio dropped")]


async def test_a_refused_setting_is_told_and_the_session_begins() -> None:
    async def handler(socket: ServerConnection) -> None:
        await socket.recv()
        error = {"type": "invalid_request_error", "code": "unknown_parameter"}
        await socket.send(json.dumps({"type": "error", "error": error}))
        await socket.wait_closed()

    async with scripted(handler) as (model, session):
        await model.connect({})

        assert session.told == [PeerFault("unknown_parameter")]


async def test_a_session_begun_at_the_webhook_is_there_for_the_call_and_ends_clean() -> None:
    seen: list[str] = []
    closed = asyncio.Event()

    async def handler(socket: ServerConnection) -> None:
        async for frame in socket:
            seen.append(json.loads(frame)["type"])
            await socket.send(json.dumps({"type": "session.updated", "session": {}}))
        closed.set()

    async with serve(handler, "127.0.0.1", 0) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/?model=m"
        told: list[EngineEvent] = []
        graph = build_agents([AgentSpec("desk")])
        config = RealtimeEngineConfig(Endpoint(url), SETTINGS, graph, "desk")
        before = asyncio.all_tasks()
        engine = RealtimeEngine(config, Alone(), told.append)
        await engine.connect()
        assert seen == ["session.update"]
        await engine.configure()
        await engine.close()
        async with asyncio.timeout(30):
            await closed.wait()

        assert seen == ["session.update"]
        assert told == []
        left = asyncio.all_tasks() - before
        assert [t.get_name() for t in left if t.get_name().startswith("realtime")] == []
