"""What the model says: JSON text in, one typed event out, for the events this platform consumes.

Nothing is dropped: another kind yields `Unknown`, a frame that is not what the reference says
yields `Malformed`. Neither carries the payload. Source: OpenAI API reference, "Realtime",
"Server events" (GA).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SessionCreated:
    """`session.created`. `expires_at` is Unix seconds, None when the server does not say."""

    session_id: str
    expires_at: int | None


@dataclass(frozen=True, slots=True)
class SessionUpdated:
    """`session.updated`. Whether the server cancels its own speech when the caller begins."""

    interrupt_response: bool


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """`input_audio_buffer.speech_started`."""

    item_id: str
    audio_start_ms: int


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """`input_audio_buffer.speech_stopped`."""

    item_id: str
    audio_end_ms: int


@dataclass(frozen=True, slots=True)
class IdleTimeout:
    """`input_audio_buffer.timeout_triggered`."""

    item_id: str
    audio_start_ms: int
    audio_end_ms: int


@dataclass(frozen=True, slots=True)
class MessageAdded:
    """`conversation.item.added` or `.created` of a message; `text` is what it holds so far."""

    item_id: str
    previous_item_id: str | None
    role: str
    text: str


@dataclass(frozen=True, slots=True)
class CallItemAdded:
    """`conversation.item.added` or `.created` of a function call, or of the output of one."""

    item_id: str
    call_id: str
    output: bool


@dataclass(frozen=True, slots=True)
class ItemTruncated:
    """`conversation.item.truncated`."""

    item_id: str
    audio_end_ms: int


@dataclass(frozen=True, slots=True)
class ItemDeleted:
    """`conversation.item.deleted`."""

    item_id: str


@dataclass(frozen=True, slots=True)
class CallerTranscript:
    """`conversation.item.input_audio_transcription.completed`."""

    item_id: str
    text: str


@dataclass(frozen=True, slots=True)
class TranscriptFailed:
    """`conversation.item.input_audio_transcription.failed`: the caller's words stay unknown."""

    item_id: str


@dataclass(frozen=True, slots=True)
class ResponseCreated:
    """`response.created`. `metadata` is what the create carried, for telling whose it is."""

    response_id: str
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FunctionCalled:
    """`response.output_item.done` of a completed function call. `arguments` is JSON text."""

    response_id: str
    item_id: str
    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class MessageDone:
    """`response.output_item.done` of a message of the assistant."""

    response_id: str
    item_id: str
    status: str
    text: str


@dataclass(frozen=True, slots=True)
class AudioDelta:
    """`response.output_audio.delta`. `delta` stays base64: nobody here needs the samples."""

    response_id: str
    item_id: str
    content_index: int
    delta: str


@dataclass(frozen=True, slots=True)
class AudioDone:
    """`response.output_audio.done`."""

    response_id: str
    item_id: str
    content_index: int


@dataclass(frozen=True, slots=True)
class TranscriptDelta:
    """`response.output_audio_transcript.delta`."""

    response_id: str
    item_id: str
    delta: str


@dataclass(frozen=True, slots=True)
class TranscriptDone:
    """`response.output_audio_transcript.done`: all the model meant to say in this item."""

    response_id: str
    item_id: str
    transcript: str


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Tokens of one response, as billed."""

    input_tokens: int = 0
    output_tokens: int = 0
    total_tokens: int = 0
    input_audio_tokens: int = 0
    output_audio_tokens: int = 0
    cached_tokens: int = 0


@dataclass(frozen=True, slots=True)
class ResponseDone:
    """`response.done`. `reason` tells why a response is not completed, empty otherwise."""

    response_id: str
    status: str
    reason: str
    usage: TokenUsage


@dataclass(frozen=True, slots=True)
class ServerError:
    """`error`. `event_id` names the client event it answers, None when it answers none."""

    kind: str
    code: str | None
    message: str
    event_id: str | None


@dataclass(frozen=True, slots=True)
class Unknown:
    """An event this platform does not consume."""

    kind: str


@dataclass(frozen=True, slots=True)
class Malformed:
    """A frame that is not JSON, or lacks what the reference says its kind carries."""

    kind: str


ServerEvent = (
    SessionCreated
    | SessionUpdated
    | SpeechStarted
    | SpeechStopped
    | IdleTimeout
    | MessageAdded
    | CallItemAdded
    | ItemTruncated
    | ItemDeleted
    | CallerTranscript
    | TranscriptFailed
    | ResponseCreated
    | FunctionCalled
    | MessageDone
    | AudioDelta
    | AudioDone
    | TranscriptDelta
    | TranscriptDone
    | ResponseDone
    | ServerError
    | Unknown
    | Malformed
)

_AUDIO_DELTA = "response.output_audio.delta"


def parse(frame: str | bytes) -> ServerEvent:
    """Return the event a frame stands for; never raises."""
    try:
        data = orjson.loads(frame)
    except orjson.JSONDecodeError:
        return Malformed("not json")
    return read(data) if isinstance(data, dict) else Malformed("no type")


def read(data: Json) -> ServerEvent:
    """Return the event that an already decoded frame stands for; never raises."""
    kind = data.get("type")
    if not isinstance(kind, str):
        return Malformed("no type")
    try:
        if kind == _AUDIO_DELTA:
            return AudioDelta(
                data["response_id"], data["item_id"], data["content_index"], data["delta"]
            )
        reader = _READERS.get(kind)
        return Unknown(kind) if reader is None else reader(data)
    except (KeyError, TypeError, AttributeError, ValueError):
        return Malformed(kind)


def _session_created(data: Json) -> ServerEvent:
    session = data["session"]
    expires_at = session.get("expires_at")
    return SessionCreated(str(session.get("id", "")), expires_at and int(expires_at))


def _session_updated(data: Json) -> ServerEvent:
    audio = data["session"].get("audio") or {}
    detection = (audio.get("input") or {}).get("turn_detection") or {}
    return SessionUpdated(bool(detection.get("interrupt_response", False)))


def _text(item: Json) -> str:
    parts = (part.get("text") or part.get("transcript") or "" for part in item.get("content") or ())
    return " ".join(part for part in parts if part)


def _item_added(data: Json) -> ServerEvent:
    item = data["item"]
    if item["type"] in ("function_call", "function_call_output"):
        output = item["type"] == "function_call_output"
        return CallItemAdded(item["id"], item["call_id"], output)
    if item["type"] != "message":
        return Unknown(f"{data['type']} ({item['type']})")
    return MessageAdded(item["id"], data.get("previous_item_id"), item["role"], _text(item))


def _output_item_done(data: Json) -> ServerEvent:
    item = data["item"]
    match item["type"], item.get("status"):
        case "function_call", "completed":
            return FunctionCalled(
                data["response_id"], item["id"], item["call_id"], item["name"], item["arguments"]
            )
        case "message", status:
            return MessageDone(data["response_id"], item["id"], str(status), _text(item))
        case _:
            return Unknown(f"response.output_item.done ({item['type']}, {item.get('status')})")


def _response_done(data: Json) -> ServerEvent:
    response = data["response"]
    details = response.get("status_details") or {}
    error = details.get("error") or {}
    reason = details.get("reason") or error.get("code") or error.get("type") or ""
    return ResponseDone(response["id"], response["status"], reason, _usage(response.get("usage")))


def _usage(usage: Json | None) -> TokenUsage:
    if not usage:
        return TokenUsage()
    taken = usage.get("input_token_details") or {}
    given = usage.get("output_token_details") or {}
    return TokenUsage(
        input_tokens=usage.get("input_tokens") or 0,
        output_tokens=usage.get("output_tokens") or 0,
        total_tokens=usage.get("total_tokens") or 0,
        input_audio_tokens=taken.get("audio_tokens") or 0,
        output_audio_tokens=given.get("audio_tokens") or 0,
        cached_tokens=taken.get("cached_tokens") or 0,
    )


def _error(data: Json) -> ServerEvent:
    error = data["error"]
    return ServerError(
        error["type"], error.get("code"), error.get("message") or "", error.get("event_id")
    )


_READERS: Mapping[str, Callable[[Json], ServerEvent]] = {
    "session.created": _session_created,
    "session.updated": _session_updated,
    "input_audio_buffer.speech_started": lambda d: SpeechStarted(d["item_id"], d["audio_start_ms"]),
    "input_audio_buffer.speech_stopped": lambda d: SpeechStopped(d["item_id"], d["audio_end_ms"]),
    "input_audio_buffer.timeout_triggered": lambda d: IdleTimeout(
        d["item_id"], d["audio_start_ms"], d["audio_end_ms"]
    ),
    "conversation.item.added": _item_added,
    "conversation.item.created": _item_added,
    "conversation.item.truncated": lambda d: ItemTruncated(d["item_id"], d["audio_end_ms"]),
    "conversation.item.deleted": lambda d: ItemDeleted(d["item_id"]),
    "conversation.item.input_audio_transcription.completed": lambda d: CallerTranscript(
        d["item_id"], d["transcript"]
    ),
    "conversation.item.input_audio_transcription.failed": lambda d: TranscriptFailed(d["item_id"]),
    "response.created": lambda d: ResponseCreated(
        d["response"]["id"], d["response"].get("metadata") or {}
    ),
    "response.output_item.done": _output_item_done,
    "response.output_audio.done": lambda d: AudioDone(
        d["response_id"], d["item_id"], d["content_index"]
    ),
    "response.output_audio_transcript.delta": lambda d: TranscriptDelta(
        d["response_id"], d["item_id"], d["delta"]
    ),
    "response.output_audio_transcript.done": lambda d: TranscriptDone(
        d["response_id"], d["item_id"], d["transcript"]
    ),
    "response.done": _response_done,
    "error": _error,
}
