"""What we say to the model, as JSON text. Pure builders; they keep no state and send nothing.

Source: OpenAI API reference, "Realtime", "Client events" (GA).
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

AudioFormat = Literal["pcmu", "pcm24k"]

PCMU = {"type": "audio/pcmu"}
"""G.711 mu-law at 8 kHz, the carrier's own format."""
PCM24K = {"type": "audio/pcm", "rate": 24000}
"""16-bit little-endian samples at 24 kHz, mono; the API knows no other rate of PCM."""

FORMATS: Mapping[AudioFormat, Mapping[str, Any]] = {"pcmu": PCMU, "pcm24k": PCM24K}
BYTES_PER_MS: Mapping[AudioFormat, int] = {"pcmu": 8, "pcm24k": 48}


REQUEST = "request"
SAY_ID = "say_id"
"""Keys of a response's metadata."""

_WORD_FOR_WORD = "Say this to the caller, word for word, and nothing else: \u201c{}\u201d"


@dataclass(frozen=True, slots=True)
class ToolSchema:
    """A function tool as the model sees it."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """A whole session, in the words of `session.update`. None leaves the server's default.

    Attributes:
        transcription: of the caller's speech; None turns it off.
        turn_detection: None turns it off.
        extra: further fields of the session, as they stand in the reference.
        audio: the format of the audio, both ways.
    """

    model: str
    voice: str
    instructions: str
    tools: tuple[ToolSchema, ...] = ()
    transcription: Mapping[str, Any] | None = None
    turn_detection: Mapping[str, Any] | None = None
    noise_reduction: Mapping[str, Any] | None = None
    speed: float | None = None
    extra: Mapping[str, Any] | None = None
    audio: AudioFormat = "pcmu"


def _frame(message: Mapping[str, Any]) -> str:
    return orjson.dumps(message).decode()


def decode(frame: str) -> dict[str, Any]:
    """Return a frame of this module as data, for a transport that does its own encoding."""
    return dict(orjson.loads(frame))


def append_audio(audio: bytes) -> bytes:
    """`input_audio_buffer.append`, as UTF-8. Base64 needs no escaping, so it is only joined."""
    return b'{"type":"input_audio_buffer.append","audio":"%b"}' % b2a_base64(audio, newline=False)


def session_update(settings: SessionSettings) -> str:
    """`session.update` with everything, for a new session. Audio is of one format both ways."""
    output: dict[str, Any] = {"format": FORMATS[settings.audio], "voice": settings.voice}
    if settings.speed is not None:
        output["speed"] = settings.speed
    session: dict[str, Any] = {
        **(settings.extra or {}),
        "type": "realtime",
        "model": settings.model,
        "output_modalities": ["audio"],
        "instructions": settings.instructions,
        "tools": _tools(settings.tools),
        "audio": {
            "input": {
                "format": FORMATS[settings.audio],
                "transcription": settings.transcription,
                "turn_detection": settings.turn_detection,
                "noise_reduction": settings.noise_reduction,
            },
            "output": output,
        },
    }
    return _frame({"type": "session.update", "session": session})


def agent_update(instructions: str, tools: Sequence[ToolSchema]) -> str:
    """`session.update` of what changes with the agent, so that voice and formats stay as set."""
    session = {"type": "realtime", "instructions": instructions, "tools": _tools(tools)}
    return _frame({"type": "session.update", "session": session})


def _tools(tools: Sequence[ToolSchema]) -> list[dict[str, Any]]:
    return [
        {
            "type": "function",
            "name": tool.name,
            "description": tool.description,
            "parameters": tool.parameters,
        }
        for tool in tools
    ]


def message(
    role: Literal["user", "assistant", "system"], text: str, item_id: str | None = None
) -> str:
    """`conversation.item.create` of a message; `item_id` is ours to choose (32 characters)."""
    part = {"type": "output_text" if role == "assistant" else "input_text", "text": text}
    item: dict[str, Any] = {"type": "message", "role": role, "content": [part]}
    if item_id is not None:
        item["id"] = item_id
    return _frame({"type": "conversation.item.create", "item": item})


def function_call(call_id: str, name: str, arguments: str) -> str:
    """`conversation.item.create` of a call the model made in an earlier session."""
    item = {"type": "function_call", "call_id": call_id, "name": name, "arguments": arguments}
    return _frame({"type": "conversation.item.create", "item": item})


def function_output(call_id: str, output: str) -> str:
    """`conversation.item.create` of the answer to a tool call."""
    item = {"type": "function_call_output", "call_id": call_id, "output": output}
    return _frame({"type": "conversation.item.create", "item": item})


def truncate(item_id: str, content_index: int, audio_end_ms: int) -> str:
    """`conversation.item.truncate`: forget what lies beyond `audio_end_ms` of an item."""
    return _frame(
        {
            "type": "conversation.item.truncate",
            "item_id": item_id,
            "content_index": content_index,
            "audio_end_ms": audio_end_ms,
        }
    )


def delete(item_id: str) -> str:
    """`conversation.item.delete`: take an item out of what the model sees."""
    return _frame({"type": "conversation.item.delete", "item_id": item_id})


def create_response(event_id: str, say: str | None = None, say_id: str | None = None) -> str:
    """`response.create`; with `say`, of these words exactly and without tools.

    The metadata comes back in `response.created`, which tells this request from the others.
    """
    metadata = {REQUEST: event_id}
    response: dict[str, Any] = {"metadata": metadata}
    if say is not None:
        response["instructions"] = _WORD_FOR_WORD.format(say)
        response["tool_choice"] = "none"
    if say_id is not None:
        metadata[SAY_ID] = say_id
    return _frame({"type": "response.create", "event_id": event_id, "response": response})


def cancel_response(response_id: str) -> str:
    """`response.cancel` of one response."""
    return _frame({"type": "response.cancel", "response_id": response_id})
