"""How a session's configuration is merged."""

from __future__ import annotations

from typing import Any

import pytest

from dialplan.emulators.openai.errors import ClientEventError
from dialplan.emulators.openai.session import SessionConfig, TurnDetection, definitions


def config() -> SessionConfig:
    return SessionConfig(session_id="sess_1", model="m", expires_at=0)


def updated(**fields: object) -> SessionConfig:
    made = config()
    made.update({"type": "realtime", **fields}, has_spoken=False)
    return made


def test_the_documented_defaults_hold_until_they_are_changed() -> None:
    fresh = config()

    assert fresh.turn_detection == TurnDetection(0.5, 300, 500, None, True, True)
    assert (fresh.input_format, fresh.output_format) == ("audio/pcm", "audio/pcm")
    assert (fresh.speaks, fresh.transcribes, fresh.max_output_tokens) == (True, False, None)


def test_only_present_fields_change() -> None:
    made = updated(instructions="Hi", audio={"output": {"voice": "cedar"}})

    made.update(
        {"type": "realtime", "audio": {"input": {"format": {"type": "audio/pcmu"}}}},
        has_spoken=True,
    )

    assert made.instructions == "Hi"
    assert made.voice == "cedar"
    assert (made.input_format, made.output_format) == ("audio/pcmu", "audio/pcm")


def test_a_tagged_union_is_replaced_and_not_merged() -> None:
    made = updated(
        audio={"input": {"turn_detection": {"type": "server_vad", "idle_timeout_ms": 6000}}}
    )

    made.update(
        {"type": "realtime", "audio": {"input": {"turn_detection": {"type": "semantic_vad"}}}},
        has_spoken=False,
    )

    wire = made.wire()["audio"]["input"]["turn_detection"]
    assert wire == {
        "type": "semantic_vad",
        "eagerness": "auto",
        "create_response": True,
        "interrupt_response": True,
    }
    assert made.turn_detection == TurnDetection(0.5, 300, 500, None, True, True)


def test_a_format_is_replaced_whole() -> None:
    made = updated(audio={"output": {"format": {"type": "audio/pcmu"}}})

    assert made.wire()["audio"]["output"]["format"] == {"type": "audio/pcmu"}


def test_null_clears() -> None:
    made = updated(
        instructions="Hi",
        tools=[{"type": "function", "name": "x"}],
        audio={"input": {"transcription": {"model": "whisper-1"}}},
    )

    made.update(
        {
            "type": "realtime",
            "instructions": None,
            "tools": None,
            "audio": {"input": {"turn_detection": None, "transcription": None}},
        },
        has_spoken=False,
    )

    assert (made.instructions, made.tools) == ("", ())
    assert made.turn_detection is None
    assert not made.transcribes


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"type": "transcription"}, "session.type"),
        ({"model": "other"}, "session.model"),
        (
            {"audio": {"input": {"turn_detection": {"type": "server_vad", "threshold": 2}}}},
            "threshold",
        ),
        ({"audio": {"input": {"format": {"type": "audio/pcm", "rate": 8000}}}}, "format"),
        ({"output_modalities": ["smell"]}, "output_modalities"),
        ({"audio": "loud"}, "session.audio"),
    ],
)
def test_a_wrong_value_is_refused_and_nothing_changes(fields: dict[str, Any], param: str) -> None:
    made = config()
    before = made.wire()

    with pytest.raises(ClientEventError) as refused:
        made.update({"type": "realtime", "instructions": "new", **fields}, has_spoken=False)

    assert refused.value.code == "invalid_value"
    assert param in str(refused.value.param)
    assert made.wire() == before


def test_the_wire_form_is_a_copy() -> None:
    made = config()

    made.wire()["audio"]["output"]["voice"] = "changed"

    assert made.voice == "alloy"


def test_only_function_tools_reach_the_mind() -> None:
    tools: list[dict[str, Any]] = [
        {"type": "mcp", "server_label": "x"},
        {"type": "function", "name": "book", "description": None},
    ]

    [found] = definitions(tools)

    assert (found.name, found.description) == ("book", "")
    assert found.parameters == {"type": "object", "properties": {}}


def test_settings_reach_their_readers() -> None:
    made = updated(
        output_modalities=["text"],
        max_output_tokens=100,
        tool_choice={"type": "function", "name": "book"},
        audio={"input": {"transcription": {"model": "whisper-1", "language": "de"}}},
    )

    assert (made.speaks, made.max_output_tokens) == (False, 100)
    assert (made.tool_choice, made.language) == ("book", "de")
