"""Client events have the shape of the GA reference."""

from __future__ import annotations

from dataclasses import replace

import orjson
from openai.types.realtime import RealtimeClientEvent
from pydantic import TypeAdapter

from dialplan.protocols.realtime import client

SETTINGS = client.SessionSettings(
    model="gpt-realtime-2.1",
    voice="marin",
    instructions="be brief",
    tools=(client.ToolSchema("look_up", "looks up", {"type": "object", "properties": {}}),),
    transcription={"model": "gpt-4o-mini-transcribe"},
    turn_detection={"type": "server_vad", "interrupt_response": True},
    noise_reduction={"type": "near_field"},
    speed=1.1,
    extra={"truncation": "auto", "max_output_tokens": 800},
)


def test_a_session_asks_for_mulaw_both_ways() -> None:
    session = orjson.loads(client.session_update(SETTINGS))["session"]

    assert session["audio"]["input"]["format"] == {"type": "audio/pcmu"}
    assert session["audio"]["output"] == {
        "format": {"type": "audio/pcmu"},
        "voice": "marin",
        "speed": 1.1,
    }
    assert session["truncation"] == "auto"
    assert session["tools"][0]["name"] == "look_up"


def test_a_session_asks_for_24_khz_pcm_both_ways() -> None:
    settings = replace(SETTINGS, audio="pcm24k")

    session = orjson.loads(client.session_update(settings))["session"]

    assert session["audio"]["input"]["format"] == {"type": "audio/pcm", "rate": 24000}
    assert session["audio"]["output"]["format"] == {"type": "audio/pcm", "rate": 24000}


def test_a_session_leaves_out_a_speed_that_is_not_set() -> None:
    plain = client.SessionSettings(model="m", voice="v", instructions="i")

    session = orjson.loads(client.session_update(plain))["session"]

    assert "speed" not in session["audio"]["output"]
    assert session["tools"] == []


def test_a_change_of_agent_touches_neither_voice_nor_format() -> None:
    session = orjson.loads(client.agent_update("now billing", SETTINGS.tools))["session"]

    assert set(session) == {"type", "instructions", "tools"}


def test_words_to_say_are_quoted_and_use_no_tools() -> None:
    create = orjson.loads(client.create_response("create_1", "Hello.", "say_1"))

    assert create["response"]["instructions"].endswith("nothing else: \u201cHello.\u201d")
    assert create["response"]["tool_choice"] == "none"
    assert create["response"]["metadata"] == {"request": "create_1", "say_id": "say_1"}


def test_words_may_hold_braces() -> None:
    create = orjson.loads(client.create_response("create_1", "a {b} c", "say_1"))

    assert "\u201ca {b} c\u201d" in create["response"]["instructions"]


def test_every_client_event_is_one_of_the_reference() -> None:
    known: TypeAdapter[RealtimeClientEvent] = TypeAdapter(RealtimeClientEvent)
    frames: list[str | bytes] = [
        client.append_audio(b"\xff" * 4),
        client.session_update(SETTINGS),
        client.agent_update("x", ()),
        client.message("user", "hi"),
        client.message("assistant", "hi"),
        client.message("system", "hi"),
        client.function_call("c", "look_up", "{}"),
        client.function_output("c", "{}"),
        client.truncate("item", 0, 120),
        client.create_response("create_1"),
        client.create_response("create_1", "hi", "say_1"),
        client.cancel_response("r"),
    ]

    for frame in frames:
        assert known.validate_json(frame).type == orjson.loads(frame)["type"]
