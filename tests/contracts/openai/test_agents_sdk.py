"""The Agents SDK's own `OpenAIRealtimeWebSocketModel` runs its sessions against the emulator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from agents import FunctionTool
from agents.realtime import (
    RealtimeAgent,
    RealtimeAudio,
    RealtimeAudioInterrupted,
    RealtimeError,
    RealtimeHandoffEvent,
    RealtimePlaybackTracker,
    RealtimeRawModelEvent,
    RealtimeRunner,
    RealtimeSession,
    RealtimeSessionEvent,
    RealtimeToolEnd,
    realtime_handoff,
)
from agents.realtime.model_inputs import RealtimeModelSendRawMessage
from agents.realtime.openai_realtime import OpenAIRealtimeWebSocketModel
from agents.tool_context import ToolContext

from dialplan.emulators.openai.mind import (
    CallTool,
    Decision,
    FunctionOutput,
    Message,
    Say,
)
from dialplan.emulators.openai.scripted import ScriptedMind
from dialplan.emulators.openai.server import RealtimeServer
from dialplan.emulators.speech.ports import DetectorFactory, Ear, Voice


class Call:
    """A session and the events it produced."""

    def __init__(self, session: RealtimeSession, tracker: RealtimePlaybackTracker) -> None:
        self.session = session
        self.tracker = tracker
        self.seen: list[RealtimeSessionEvent] = []
        self._events = aiter(session)

    async def until(self, kind: str, times: int = 1) -> RealtimeSessionEvent:
        """Wait until `times` events of this type were seen: the session's, or the raw server's."""
        async with asyncio.timeout(30):
            while True:
                found = [event for event in self.seen if kind in _types(event)]
                if len(found) >= times:
                    return found[times - 1]
                self.seen.append(await anext(self._events))

    async def utter(self, voice: Voice, text: str) -> None:
        audio = b"\xff" * 1600 + await voice.speak(text) + b"\xff" * 4800
        for start in range(0, len(audio), 320):
            await self.session.send_audio(audio[start : start + 320])

    @property
    def errors(self) -> list[object]:
        return [event.error for event in self.seen if isinstance(event, RealtimeError)]

    @property
    def audio(self) -> bytes:
        return b"".join(e.audio.data for e in self.seen if isinstance(e, RealtimeAudio))


def _types(event: RealtimeSessionEvent) -> set[str]:
    if isinstance(event, RealtimeRawModelEvent):
        data = event.data
        return {str(data.data["type"])} if data.type == "raw_server_event" else set()
    return {event.type}


@asynccontextmanager
async def calling(server: RealtimeServer, agent: RealtimeAgent[Any]) -> AsyncIterator[Call]:
    tracker = RealtimePlaybackTracker()
    runner = RealtimeRunner(
        agent,
        model=OpenAIRealtimeWebSocketModel(),
        config={"tracing_disabled": True},
    )
    session = await runner.run(
        model_config={
            "url": f"{server.url}?model=gpt-realtime-2.1",
            "headers": {},
            "playback_tracker": tracker,
            "initial_model_settings": {
                "audio": {
                    "input": {
                        "format": "g711_ulaw",
                        "transcription": {"model": "gpt-4o-mini-transcribe"},
                        "turn_detection": {"type": "server_vad", "interrupt_response": True},
                    },
                    "output": {"format": "g711_ulaw", "voice": "marin"},
                },
            },
        }
    )
    async with session:
        yield Call(session, tracker)


def tool(name: str, output: str) -> FunctionTool:
    async def invoke(context: ToolContext[Any], arguments: str) -> str:
        return output

    return FunctionTool(
        name=name,
        description=f"Does {name}",
        params_json_schema={"type": "object", "properties": {}},
        on_invoke_tool=invoke,
        strict_json_schema=False,
    )


def serving(
    steps: list[list[Decision]],
    speech: tuple[Voice, Ear, DetectorFactory],
    speed: float = 50,
) -> tuple[ScriptedMind, RealtimeServer]:
    voice, ear, detector = speech
    mind = ScriptedMind(steps)
    return mind, RealtimeServer(mind=mind, ear=ear, voice=voice, detector=detector, speed=speed)


async def test_a_tool_is_called_and_its_output_answered(
    voice: Voice, ear: Ear, detector: DetectorFactory
) -> None:
    mind, emulator = serving(
        [[CallTool("find_slots", {"day": "monday"})], [Say("Ten is free.")]],
        (voice, ear, detector),
    )
    agent = RealtimeAgent(name="desk", instructions="Answer.", tools=[tool("find_slots", "[10]")])
    async with emulator as server, calling(server, agent) as call:
        await call.until("session.updated")
        await call.utter(voice, "monday please")
        ended = await call.until("tool_end")
        await call.until("response.done", times=2)

    assert isinstance(ended, RealtimeToolEnd)
    assert ended.arguments == '{"day": "monday"}'
    assert mind.turns[0].items == (Message("user", "monday please"),)
    assert isinstance(mind.turns[1].items[-1], FunctionOutput)
    assert mind.turns[1].items[-1].output == "[10]"
    assert await ear.hear(call.audio) == "Ten is free."
    assert call.errors == []


async def test_a_handoff_changes_instructions_and_tools_and_the_new_agent_speaks(
    voice: Voice, ear: Ear, detector: DetectorFactory
) -> None:
    mind, emulator = serving(
        [[Say("Over to billing."), CallTool("transfer_to_billing")], [Say("Billing here.")]],
        (voice, ear, detector),
    )
    billing: RealtimeAgent[Any] = RealtimeAgent(
        name="billing", instructions="You do billing.", tools=[tool("refund", "done")]
    )
    desk: RealtimeAgent[Any] = RealtimeAgent(
        name="desk", instructions="You greet.", handoffs=[realtime_handoff(billing)]
    )
    async with emulator as server, calling(server, desk) as call:
        await call.until("session.updated")
        await call.session.send_message("my bill is wrong")
        handed = await call.until("handoff")
        await call.until("response.done", times=2)

    assert isinstance(handed, RealtimeHandoffEvent)
    assert handed.to_agent.name == "billing"
    first, second = mind.turns
    assert (first.instructions, [t.name for t in first.tools]) == (
        "You greet.",
        ["transfer_to_billing"],
    )
    assert (second.instructions, [t.name for t in second.tools]) == ("You do billing.", ["refund"])
    assert await ear.hear(call.audio) == "Over to billing.Billing here."
    assert call.errors == []


async def test_a_barge_in_truncates_at_what_the_tracker_says_was_played(
    voice: Voice, ear: Ear, detector: DetectorFactory
) -> None:
    mind, emulator = serving(
        [[Say("One two three four five six seven eight nine.")], [Say("Yes.")]],
        (voice, ear, detector),
        speed=2,
    )
    agent: RealtimeAgent[Any] = RealtimeAgent(name="desk", instructions="Answer.")
    async with emulator as server, calling(server, agent) as call:
        await call.until("session.updated")
        await call.session.send_message("count")
        first = await call.until("audio")
        assert isinstance(first, RealtimeAudio)
        await call.until("audio", times=2)
        call.tracker.on_play_ms(first.item_id, first.content_index, 160)
        await call.session.send_audio(await voice.speak("stop"))
        interrupted = await call.until("audio_interrupted")
        await call.until("conversation.item.truncated")
        await call.session.send_audio(b"\xff" * 4800)
        await call.until("conversation.item.retrieved")
        await call.until("response.done", times=2)

    assert isinstance(interrupted, RealtimeAudioInterrupted)
    assert mind.turns[1].items == (
        Message("user", "count"),
        Message("assistant", "One two"),
        Message("user", "stop"),
    )
    assert call.errors == []


async def test_a_greeting_is_spoken_word_for_word(
    voice: Voice, ear: Ear, detector: DetectorFactory
) -> None:
    _, emulator = serving([], (voice, ear, detector))
    agent: RealtimeAgent[Any] = RealtimeAgent(name="desk", instructions="Answer.")
    asked = "Say this to the caller, word for word, and nothing else: “Good day. Who is it?”"
    async with emulator as server, calling(server, agent) as call:
        await call.until("session.updated")
        await call.session.model.send_event(
            RealtimeModelSendRawMessage(
                message={
                    "type": "response.create",
                    "other_data": {"response": {"instructions": asked}},
                }
            )
        )
        await call.until("response.done")

    assert await ear.hear(call.audio) == "Good day.Who is it?"
    assert call.errors == []
