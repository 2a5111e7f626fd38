"""The endpoint over a plain WebSocket: admission, timers, faults, races, bounds."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest
from tests.stillness import watched
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK, InvalidStatus

from dialplan.emulators.openai.faults import Faults
from dialplan.emulators.openai.mind import Decision, Say, Turn
from dialplan.emulators.openai.scripted import ScriptedMind
from dialplan.emulators.openai.server import RealtimeServer
from dialplan.emulators.speech.ports import DetectorFactory, Ear, Voice

Event = dict[str, Any]


class Client:
    """A raw client with a telephone's session."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.seen: list[Event] = []

    async def send(self, kind: str, **fields: object) -> None:
        await self.socket.send(json.dumps({"type": kind, **fields}))

    async def until(self, kind: str) -> Event:
        async with asyncio.timeout(30):
            while True:
                event: Event = json.loads(await self.socket.recv())
                self.seen.append(event)
                if event["type"] == kind:
                    return event

    async def phone(self, form: str = "audio/pcmu", **detection: object) -> None:
        audio = {
            "input": {
                "format": {"type": form},
                "turn_detection": {"type": "server_vad", **detection},
                "transcription": {"model": "gpt-4o-mini-transcribe"},
            },
            "output": {"format": {"type": form}},
        }
        await self.send("session.update", session={"type": "realtime", "audio": audio})
        await self.until("session.updated")

    async def append(self, audio: bytes) -> None:
        await self.send("input_audio_buffer.append", audio=base64.b64encode(audio).decode())


@asynccontextmanager
async def connected(server: RealtimeServer) -> AsyncIterator[Client]:
    url = f"{server.url}?model=gpt-realtime-2.1"
    async with connect(url, compression=None, proxy=None) as socket:
        yield Client(socket)


class Speech:
    """What a server needs beside a mind."""

    def __init__(self, voice: Voice, ear: Ear, detector: DetectorFactory) -> None:
        self.voice = voice
        self.ear = ear
        self.detector = detector

    def server(
        self,
        *steps: list[Decision],
        faults: Faults | None = None,
        session_limit_s: float = 3600,
        speed: float = 50,
    ) -> RealtimeServer:
        return RealtimeServer(
            mind=ScriptedMind(steps),
            ear=self.ear,
            voice=self.voice,
            detector=self.detector,
            faults=faults or Faults(),
            session_limit_s=session_limit_s,
            speed=speed,
        )


@pytest.fixture
def speech(voice: Voice, ear: Ear, detector: DetectorFactory) -> Speech:
    return Speech(voice, ear, detector)


@pytest.mark.parametrize(
    ("tail", "status"), [("", 400), ("?model=", 400), ("/calls?model=x", 404), ("x?model=x", 404)]
)
async def test_another_path_or_no_model_is_refused(speech: Speech, tail: str, status: int) -> None:
    async with speech.server() as server:
        with pytest.raises(InvalidStatus) as refused:
            await connect(server.url + tail, proxy=None)

    assert refused.value.response.status_code == status


async def test_any_authorization_is_accepted_and_the_model_is_the_one_asked_for(
    speech: Speech,
) -> None:
    headers = {"Authorization": "Bearer whatever"}
    async with speech.server() as server:
        url = f"{server.url}?model=gpt-realtime-2.1-mini"
        async with connect(url, additional_headers=headers, proxy=None) as socket:
            created = json.loads(await socket.recv())

    assert created["session"]["model"] == "gpt-realtime-2.1-mini"
    assert server.connections == 1


async def test_a_session_ends_at_its_limit_with_an_error_and_1001(speech: Speech) -> None:
    async with speech.server(session_limit_s=0.2) as server, connected(server) as client:
        error = await client.until("error")
        with pytest.raises(ConnectionClosedOK) as closed:
            await client.until("never")

    assert error["error"]["code"] == "session_expired"
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001
    assert "maximum duration" in closed.value.rcvd.reason


async def test_a_dropped_connection_ends_without_a_close_frame(speech: Speech) -> None:
    faults = Faults(drop_after_audio_ms=100, connection=1)
    server = speech.server([Say("A long answer.")], [Say("Hi.")], faults=faults)
    async with server:
        async with connected(server) as client:
            await client.phone()
            await client.send("response.create")
            with pytest.raises(ConnectionClosedError) as closed:
                await client.until("response.done")
        async with connected(server) as again:
            await again.phone()
            await again.send("response.create")
            done = await again.until("response.done")

    assert closed.value.rcvd is None
    assert done["response"]["status"] == "completed", "only the first connection suffers"


@pytest.mark.parametrize(
    ("faults", "code"),
    [
        (Faults(drop_at_response=2), None),
        (Faults(close_at_response=2), 1011),
        (Faults(expire_at_response=2), 1001),
    ],
)
async def test_the_second_response_meets_its_fault(
    speech: Speech, faults: Faults, code: int | None
) -> None:
    server = speech.server([Say("One.")], [Say("Two.")], faults=faults)
    async with server, connected(server) as client:
        await client.phone()
        await client.send("response.create")
        done = await client.until("response.done")
        await client.send("response.create")
        with pytest.raises((ConnectionClosedError, ConnectionClosedOK)) as closed:
            await client.until("response.done")

    assert done["response"]["status"] == "completed"
    assert (closed.value.rcvd.code if closed.value.rcvd else None) == code


async def test_a_response_can_be_made_to_fail_and_the_next_one_works(speech: Speech) -> None:
    server = speech.server([Say("One.")], [Say("Two.")], faults=Faults(fail_at_response=1))
    async with server, connected(server) as client:
        await client.phone()
        await client.send("response.create")
        failed = await client.until("response.done")
        await client.send("response.create")
        done = await client.until("response.done")

    assert failed["response"]["status"] == "failed"
    assert done["response"]["status"] == "completed"


async def test_the_first_audio_can_be_made_slow(speech: Speech) -> None:
    server = speech.server([Say("One.")], faults=Faults(first_audio_delay_s=0.3))
    async with watched() as stillness, server, connected(server) as client:
        await client.phone()
        began = time.monotonic()
        await client.send("response.create")
        await client.until("response.created")
        created = time.monotonic()
        await client.until("response.output_audio.delta")
        spoke = time.monotonic()

    # What stood still before it was read that the response began is none of the audio's delay.
    assert spoke - created + stillness.seconds(began, created) >= 0.29


async def test_a_mind_out_of_script_fails_the_response_and_not_the_session(
    speech: Speech,
) -> None:
    async with speech.server() as server, connected(server) as client:
        await client.phone()
        await client.send("response.create")
        done = await client.until("response.done")
        await client.send("response.create")
        again = await client.until("response.done")

    assert done["response"]["status_details"]["error"]["type"] == "server_error"
    assert again["response"]["status"] == "failed"


async def test_silence_makes_the_model_speak(speech: Speech) -> None:
    server = speech.server([Say("Hi.")], [Say("Still there?")])
    async with server, connected(server) as client:
        await client.phone(idle_timeout_ms=300)
        await client.send("response.create")
        await client.until("response.done")
        await client.append(b"\xff" * 800)
        await client.until("input_audio_buffer.timeout_triggered")
        done = await client.until("response.done")

    assert done["response"]["output"][0]["content"][0]["transcript"] == "Still there?"


async def test_audio_comes_faster_than_real_time_in_pieces_of_100_to_200_ms(
    speech: Speech,
) -> None:
    server = speech.server([Say("x" * 100)], speed=8)
    async with watched() as stillness, server, connected(server) as client:
        await client.phone()
        began = time.monotonic()
        await client.send("response.create")
        await client.until("response.done")
        ended = time.monotonic()

    sizes = [
        len(base64.b64decode(event["delta"])) // 8
        for event in client.seen
        if event["type"] == "response.output_audio.delta"
    ]
    assert sizes == [100, *[200] * 9, 100]
    took = ended - began
    assert 0.2 < took
    assert took - stillness.seconds(began, ended) < 1.5, (
        "two seconds of audio at about eight times real time"
    )


async def test_a_long_sentence_is_heard_before_its_end_is_spoken(
    speech: Speech, voice: Voice
) -> None:
    head, tail = f"This is {'a long way ' * 4}to go,", f"and it {'goes on and ' * 4}on."
    spoken: list[str] = []
    heard = asyncio.Event()

    class Waiting:
        """Speaks the end only when the beginning was heard."""

        async def speak(self, text: str) -> bytes:
            spoken.append(text)
            if len(spoken) > 1:
                await heard.wait()
            return await voice.speak(text)

    speech.voice = Waiting()
    async with speech.server([Say(f"{head} {tail}")]) as server, connected(server) as client:
        await client.phone()
        await client.send("response.create")
        await client.until("response.output_audio.delta")
        heard.set()
        done = await client.until("response.output_audio_transcript.done")

        assert spoken == [head, tail]
        assert done["transcript"] == f"{head} {tail}"


async def test_a_client_that_cancels_hears_nothing_more(speech: Speech) -> None:
    server = speech.server([Say("x" * 2000)], [Say("Ok.")], speed=2)
    async with server, connected(server) as client:
        await client.phone()
        await client.send("response.create")
        await client.until("response.output_audio.delta")
        await client.send("response.cancel")
        cancelled = await client.until("response.done")
        await client.send("response.create")
        seen = len(client.seen)
        await client.until("response.done")

    assert cancelled["response"]["status"] == "cancelled"
    late = [e for e in client.seen[seen:] if e.get("response_id") == cancelled["response"]["id"]]
    assert late == []


class SlowMind:
    """Thinks until it is stopped."""

    def __init__(self) -> None:
        self.stopped = asyncio.Event()

    async def respond(self, turn: Turn) -> AsyncIterator[Decision]:
        try:
            yield Say("Let me think.")
            await asyncio.sleep(60)
        finally:
            self.stopped.set()


async def test_a_mind_is_stopped_by_cancellation_and_by_hanging_up(
    voice: Voice, ear: Ear, detector: DetectorFactory
) -> None:
    mind = SlowMind()
    server = RealtimeServer(mind=mind, ear=ear, voice=voice, detector=detector, speed=50)
    async with server:
        async with connected(server) as client:
            await client.phone()
            await client.send("response.create")
            await client.until("response.output_audio.delta")
            await client.send("response.cancel")
            await client.until("response.done")
            async with asyncio.timeout(30):
                await mind.stopped.wait()
            mind.stopped.clear()
            await client.send("response.create")
            await client.until("response.output_audio.delta")
        async with asyncio.timeout(30):
            await mind.stopped.wait()


class BrokenEar:
    """Cannot hear."""

    async def hear(self, audio: bytes) -> str:
        raise RuntimeError("no model")


async def test_an_ear_that_fails_is_told_and_the_session_goes_on(speech: Speech) -> None:
    speech.ear = BrokenEar()
    async with speech.server([Say("Hello.")]) as server, connected(server) as client:
        await client.phone()
        await client.append(b"\x01" * 8000 + b"\xff" * 8000)
        failed = await client.until("conversation.item.input_audio_transcription.failed")
        await client.send("response.create")
        done = await client.until("response.done")

    assert failed["error"]["type"] == "transcription_error"
    assert done["response"]["status"] == "completed"


async def test_many_turns_at_once_are_heard_in_order(speech: Speech, voice: Voice) -> None:
    words = [f"turn {number}" for number in range(40)]
    async with speech.server() as server, connected(server) as client:
        await client.phone(create_response=False)
        await client.send(
            "session.update",
            session={"type": "realtime", "audio": {"input": {"turn_detection": None}}},
        )
        for text in words:
            await client.append(await voice.speak(text))
            await client.send("input_audio_buffer.commit")
        for _ in words:
            await client.until("conversation.item.input_audio_transcription.completed")

    heard = [event["transcript"] for event in client.seen if "transcript" in event]
    assert heard == words


async def test_malformed_and_binary_frames_are_answered_and_the_connection_stays(
    speech: Speech,
) -> None:
    async with speech.server() as server, connected(server) as client:
        await client.socket.send("{")
        first = await client.until("error")
        await client.socket.send(b"\x00\xff\x80")
        second = await client.until("error")
        await client.phone()

    assert (first["error"]["code"], second["error"]["code"]) == ("invalid_json", "invalid_json")


async def test_wideband_audio_is_taken_and_given(speech: Speech, voice: Voice) -> None:
    server = speech.server([Say("Hello.")])
    tone = (8000 * np.sin(np.arange(24000) * 2 * np.pi * 400 / 24000)).astype("<i2").tobytes()
    async with server, connected(server) as client:
        await client.phone("audio/pcm")
        await client.append(tone + bytes(48 * 800))
        await client.until("input_audio_buffer.speech_started")
        stopped = await client.until("input_audio_buffer.speech_stopped")
        await client.until("conversation.item.done")
        await client.send("response.create")
        await client.until("response.done")

    audio = b"".join(
        base64.b64decode(event["delta"])
        for event in client.seen
        if event["type"] == "response.output_audio.delta"
    )
    assert 1400 <= stopped["audio_end_ms"] <= 1600
    assert len(audio) == len(await voice.speak("Hello.")) * 6
