"""The `openai` package's own Realtime connection holds a conversation with the emulator."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import deepcopy
from typing import Any, TypeVar

import pytest
from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from openai.types.realtime import (
    ConversationItemAdded,
    ConversationItemInputAudioTranscriptionCompletedEvent,
    ConversationItemTruncatedEvent,
    InputAudioBufferSpeechStartedEvent,
    RealtimeErrorEvent,
    RealtimeServerEvent,
    RealtimeSessionCreateRequestParam,
    ResponseAudioDeltaEvent,
    ResponseDoneEvent,
    ResponseFunctionCallArgumentsDoneEvent,
    SessionCreatedEvent,
    SessionUpdatedEvent,
)

from dialplan.emulators.openai.mind import CallTool, FunctionOutput, Message, Say
from dialplan.emulators.openai.scripted import ScriptedMind
from dialplan.emulators.openai.server import RealtimeServer
from dialplan.emulators.speech.ports import DetectorFactory, Ear, Voice
from dialplan.emulators.speech.written import EnergyDetector, WrittenEar, WrittenVoice
from dialplan.protocols.wideband import Narrower, Widener

SESSION: RealtimeSessionCreateRequestParam = {
    "type": "realtime",
    "instructions": "You answer the phone.",
    "audio": {
        "input": {
            "format": {"type": "audio/pcmu"},
            "transcription": {"model": "gpt-4o-mini-transcribe", "language": "en"},
            "turn_detection": {"type": "server_vad"},
        },
        "output": {"format": {"type": "audio/pcmu"}, "voice": "marin"},
    },
    "tools": [
        {
            "type": "function",
            "name": "find_slots",
            "description": "Find free slots",
            "parameters": {"type": "object", "properties": {"day": {"type": "string"}}},
        }
    ],
}


E = TypeVar("E")


class Client:
    """A connection with the events it has seen."""

    def __init__(self, connection: AsyncRealtimeConnection) -> None:
        self.connection = connection
        self.seen: list[RealtimeServerEvent] = []

    async def until(self, kind: type[E]) -> E:
        async with asyncio.timeout(30):
            while True:
                event = await self.connection.recv()
                self.seen.append(event)
                if isinstance(event, kind):
                    return event

    async def append(self, audio: bytes) -> None:
        await self.connection.input_audio_buffer.append(audio=base64.b64encode(audio).decode())

    async def utter(self, voice: Voice, text: str) -> None:
        audio = b"\xff" * 1600 + await voice.speak(text) + b"\xff" * 4800
        for start in range(0, len(audio), 320):
            await self.append(audio[start : start + 320])


@asynccontextmanager
async def connected(server: RealtimeServer) -> AsyncIterator[Client]:
    base = server.url.removesuffix("/realtime")
    client = AsyncOpenAI(api_key="any", base_url="http://127.0.0.1:9/v1", websocket_base_url=base)
    async with client, client.realtime.connect(model="gpt-realtime-2.1") as connection:
        yield Client(connection)


async def test_a_spoken_turn_leads_to_a_tool_call_and_a_spoken_answer(
    voice: Voice, ear: Ear, detector: DetectorFactory
) -> None:
    mind = ScriptedMind(
        [[Say("One moment."), CallTool("find_slots", {"day": "tomorrow"})], [Say("Ten is free.")]]
    )
    async with (
        RealtimeServer(mind=mind, ear=ear, voice=voice, detector=detector, speed=50) as server,
        connected(server) as client,
    ):
        created = await client.until(SessionCreatedEvent)
        await client.connection.session.update(session=SESSION)
        updated = await client.until(SessionUpdatedEvent)
        await client.utter(voice, "anything tomorrow")
        transcript = await client.until(ConversationItemInputAudioTranscriptionCompletedEvent)
        call = await client.until(ResponseFunctionCallArgumentsDoneEvent)
        await client.until(ResponseDoneEvent)
        await client.connection.conversation.item.create(
            item={"type": "function_call_output", "call_id": call.call_id, "output": "[10]"}
        )
        await client.connection.response.create()
        done = await client.until(ResponseDoneEvent)

    assert created.session.type == "realtime"
    assert updated.session.type == "realtime"
    assert transcript.transcript == "anything tomorrow"
    assert (call.name, call.arguments) == ("find_slots", '{"day": "tomorrow"}')
    assert done.response.status == "completed"
    assert mind.turns[1].items[-1] == FunctionOutput(call.call_id, "[10]")
    assert mind.turns[0].items == (Message("user", "anything tomorrow"),)
    assert mind.turns[0].language == "en"
    spoken = b"".join(
        base64.b64decode(e.delta) for e in client.seen if isinstance(e, ResponseAudioDeltaEvent)
    )
    assert await ear.hear(spoken) == "One moment.Ten is free."
    assert all(type(event).__name__ != "dict" for event in client.seen)


async def test_barging_in_stops_the_audio_and_truncation_cuts_what_the_mind_knows(
    voice: Voice, ear: Ear, detector: DetectorFactory
) -> None:
    story = "Once upon a time there was a very long story."
    mind = ScriptedMind([[Say(story), Say("And it went on.")], [Say("Sorry.")]])
    async with (
        RealtimeServer(mind=mind, ear=ear, voice=voice, detector=detector, speed=2) as server,
        connected(server) as client,
    ):
        await client.connection.session.update(session=SESSION)
        await client.until(SessionUpdatedEvent)
        await client.connection.response.create()
        first = await client.until(ResponseAudioDeltaEvent)
        await client.until(ResponseAudioDeltaEvent)
        await client.utter(voice, "stop")
        await client.until(InputAudioBufferSpeechStartedEvent)
        cancelled = await client.until(ResponseDoneEvent)
        heard_from = len(client.seen)
        await client.connection.conversation.item.truncate(
            item_id=first.item_id, content_index=0, audio_end_ms=260
        )
        await client.until(ConversationItemTruncatedEvent)
        done = await client.until(ResponseDoneEvent)

    assert cancelled.response.status == "cancelled"
    assert cancelled.response.status_details is not None
    assert cancelled.response.status_details.reason == "turn_detected"
    late = [
        event
        for event in client.seen[heard_from:]
        if isinstance(event, ResponseAudioDeltaEvent) and event.item_id == first.item_id
    ]
    assert late == []
    assert done.response.status == "completed"


async def test_a_truncated_message_is_known_only_as_far_as_it_was_heard(
    voice: Voice, ear: Ear, detector: DetectorFactory
) -> None:
    mind = ScriptedMind([[Say("One two three four.")], [Say("Yes.")]])
    async with (
        RealtimeServer(mind=mind, ear=ear, voice=voice, detector=detector, speed=50) as server,
        connected(server) as client,
    ):
        await client.connection.session.update(session=SESSION)
        await client.connection.response.create()
        first = await client.until(ResponseAudioDeltaEvent)
        await client.until(ResponseDoneEvent)
        await client.connection.conversation.item.truncate(
            item_id=first.item_id, content_index=0, audio_end_ms=200
        )
        await client.until(ConversationItemTruncatedEvent)
        await client.utter(voice, "what")
        await client.until(ResponseDoneEvent)

    assert mind.turns[1].items == (Message("assistant", "One two"), Message("user", "what"))


async def test_a_refused_event_is_answered_and_the_connection_stays(
    voice: Voice, ear: Ear, detector: DetectorFactory
) -> None:
    mind = ScriptedMind([])
    async with (
        RealtimeServer(mind=mind, ear=ear, voice=voice, detector=detector) as server,
        connected(server) as client,
    ):
        await client.connection.response.cancel(event_id="mine")
        refused = await client.until(RealtimeErrorEvent)
        await client.connection.conversation.item.create(
            item={
                "type": "message",
                "role": "user",
                "content": [{"type": "input_text", "text": "hi"}],
            }
        )
        added = await client.until(ConversationItemAdded)

    assert (refused.error.code, refused.error.event_id) == ("response_cancel_not_active", "mine")
    assert added.item.type == "message"


@pytest.mark.parametrize("form", ["audio/pcmu", "audio/pcm"])
async def test_a_turn_is_heard_answered_and_cut_alike_in_every_format(form: str) -> None:
    writing = WrittenVoice(resampled=True)
    ear = WrittenEar()
    mind = ScriptedMind([[Say("One two three four.")], [Say("Yes.")]])
    settings = session_in(form)
    up, down = Widener(), Narrower()
    async with (
        RealtimeServer(
            mind=mind, ear=ear, voice=writing, detector=EnergyDetector, speed=50
        ) as server,
        connected(server) as client,
    ):
        await client.connection.session.update(session=settings)
        updated = await client.until(SessionUpdatedEvent)
        audio = b"\xff" * 1600 + await writing.speak("anything tomorrow") + b"\xff" * 6400
        for start in range(0, len(audio), 320):
            frame = audio[start : start + 320]
            await client.append(frame if form == "audio/pcmu" else up.feed(frame))
        transcript = await client.until(ConversationItemInputAudioTranscriptionCompletedEvent)
        done = await client.until(ResponseDoneEvent)
        spoken = b"".join(
            base64.b64decode(e.delta) for e in client.seen if isinstance(e, ResponseAudioDeltaEvent)
        )
        lasts_ms = len(spoken) // (8 if form == "audio/pcmu" else 48)
        item_id = (done.response.output or [])[0].id
        assert item_id is not None
        for end_ms in (lasts_ms + 1, lasts_ms, lasts_ms // 2):
            await client.connection.conversation.item.truncate(
                item_id=item_id, content_index=0, audio_end_ms=end_ms
            )
        refused = await client.until(RealtimeErrorEvent)
        await client.until(ConversationItemTruncatedEvent)
        await client.until(ConversationItemTruncatedEvent)
        await client.connection.response.create()
        await client.until(ResponseDoneEvent)

    session = updated.session.to_dict()
    given = {"type": form} if form == "audio/pcmu" else {"type": form, "rate": 24000}
    assert session["audio"]["output"]["format"] == given  # type: ignore[index]
    assert session["audio"]["input"]["format"] == given  # type: ignore[index]
    assert transcript.transcript == "anything tomorrow"
    assert lasts_ms == len(await writing.speak("One two three four.")) // 8
    narrow = spoken if form == "audio/pcmu" else down.feed(spoken) + down.finish()
    assert await ear.hear(narrow) == "One two three four."
    assert refused.error.code == "invalid_value"
    assert mind.turns[1].items[-1] == Message("assistant", "One two")


def session_in(form: str) -> RealtimeSessionCreateRequestParam:
    whole: RealtimeSessionCreateRequestParam = deepcopy(SESSION)
    chosen: Any = {"type": form} if form == "audio/pcmu" else {"type": form, "rate": 24000}
    whole["audio"]["input"]["format"] = chosen
    whole["audio"]["output"]["format"] = chosen
    return whole
