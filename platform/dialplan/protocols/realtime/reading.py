"""What the model says: JSON text in, one typed event out.

Nothing is dropped: another kind yields `Unknown`, a frame that is not what the reference says
yields `Malformed`. Neither carries the payload. Fields have the types that their classes say, so
that no frame breaks the call it comes to; and where all that matters of a frame is there, what
surrounds it is read as far as it makes sense.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from dialplan.protocols.realtime.server import (
    AudioDelta,
    AudioDone,
    CallerTranscript,
    CallItemAdded,
    FunctionCalled,
    IdleTimeout,
    ItemDeleted,
    ItemTruncated,
    Malformed,
    MessageAdded,
    MessageDone,
    ResponseCreated,
    ResponseDone,
    ServerError,
    ServerEvent,
    SessionCreated,
    SessionUpdated,
    SpeechStarted,
    SpeechStopped,
    TokenUsage,
    TranscriptDelta,
    TranscriptDone,
    TranscriptFailed,
    Unknown,
)

Json = Mapping[str, Any]

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
            # Written out: nearly all there is to read is this.
            response_id, item_id = data["response_id"], data["item_id"]
            index, delta = data["content_index"], data["delta"]
            if type(response_id) is type(item_id) is type(delta) is str and type(index) is int:
                return AudioDelta(response_id, item_id, index, delta)
            return Malformed(kind)
        reader = _READERS.get(kind)
        return Unknown(kind) if reader is None else reader(data)
    except (KeyError, TypeError, AttributeError, ValueError):
        return Malformed(kind)


def _string(data: Json, name: str) -> str:
    value = data[name]
    if type(value) is not str:
        raise TypeError(name)
    return value


def _whole(data: Json, name: str) -> int:
    value = data[name]
    if type(value) is not int:
        raise TypeError(name)
    return value


def _part(data: Json, name: str) -> Json:
    """Return what is below a field; empty when that is no object."""
    value = data.get(name)
    return value if isinstance(value, dict) else {}


def _words(data: Json, name: str) -> str | None:
    value = data.get(name)
    return value if isinstance(value, str) else None


def _count(data: Json, name: str) -> int:
    value = data.get(name)
    return value if type(value) is int and value > 0 else 0


def _session_created(data: Json) -> ServerEvent:
    session = data["session"]
    expires_at = session.get("expires_at")
    return SessionCreated(_words(session, "id") or "", expires_at and int(expires_at))


def _session_updated(data: Json) -> ServerEvent:
    detection = _part(_part(_part(data["session"], "audio"), "input"), "turn_detection")
    return SessionUpdated(bool(detection.get("interrupt_response", False)))


def _text(item: Json) -> str:
    parts = (part.get("text") or part.get("transcript") or "" for part in item.get("content") or ())
    return " ".join(part for part in parts if part)


def _item_added(data: Json) -> ServerEvent:
    item = data["item"]
    if item["type"] in ("function_call", "function_call_output"):
        output = item["type"] == "function_call_output"
        return CallItemAdded(_string(item, "id"), _string(item, "call_id"), output)
    if item["type"] != "message":
        return Unknown(f"{data['type']} ({item['type']})")
    before = _words(data, "previous_item_id")
    return MessageAdded(_string(item, "id"), before, _string(item, "role"), _text(item))


def _output_item_done(data: Json) -> ServerEvent:
    item = data["item"]
    match item["type"], item.get("status"):
        case "function_call", "completed":
            return FunctionCalled(
                _string(data, "response_id"),
                _string(item, "id"),
                _string(item, "call_id"),
                _string(item, "name"),
                _string(item, "arguments"),
            )
        case "message", status:
            response_id, item_id = _string(data, "response_id"), _string(item, "id")
            return MessageDone(response_id, item_id, str(status), _text(item))
        case _:
            return Unknown(f"response.output_item.done ({item['type']}, {item.get('status')})")


def _caller_transcript(data: Json) -> ServerEvent:
    item_id, text = _string(data, "item_id"), _words(data, "transcript")
    return TranscriptFailed(item_id) if text is None else CallerTranscript(item_id, text)


def _response_created(data: Json) -> ServerEvent:
    response = data["response"]
    metadata = {k: v for k, v in _part(response, "metadata").items() if isinstance(v, str)}
    return ResponseCreated(_string(response, "id"), metadata)


def _response_done(data: Json) -> ServerEvent:
    # Whatever else it says: a response whose end is not taken note of is waited for for ever.
    response = data["response"]
    details = _part(response, "status_details")
    error = _part(details, "error")
    reason = _words(details, "reason") or _words(error, "code") or _words(error, "type") or ""
    status = _words(response, "status") or ""
    return ResponseDone(_string(response, "id"), status, reason, _usage(_part(response, "usage")))


def _usage(usage: Json) -> TokenUsage:
    taken, given = _part(usage, "input_token_details"), _part(usage, "output_token_details")
    return TokenUsage(
        input_tokens=_count(usage, "input_tokens"),
        output_tokens=_count(usage, "output_tokens"),
        total_tokens=_count(usage, "total_tokens"),
        input_audio_tokens=_count(taken, "audio_tokens"),
        output_audio_tokens=_count(given, "audio_tokens"),
        cached_tokens=_count(taken, "cached_tokens"),
    )


def _error(data: Json) -> ServerEvent:
    # It may answer a request of ours, which is waited for until it is known to be refused.
    error = data["error"]
    kind, message = _words(error, "type") or "error", _words(error, "message") or ""
    return ServerError(kind, _words(error, "code"), message, _words(error, "event_id"))


_READERS: Mapping[str, Callable[[Json], ServerEvent]] = {
    "session.created": _session_created,
    "session.updated": _session_updated,
    "input_audio_buffer.speech_started": lambda d: SpeechStarted(
        _string(d, "item_id"), _whole(d, "audio_start_ms")
    ),
    "input_audio_buffer.speech_stopped": lambda d: SpeechStopped(
        _string(d, "item_id"), _whole(d, "audio_end_ms")
    ),
    "input_audio_buffer.timeout_triggered": lambda d: IdleTimeout(
        _string(d, "item_id"), _whole(d, "audio_start_ms"), _whole(d, "audio_end_ms")
    ),
    "conversation.item.added": _item_added,
    "conversation.item.created": _item_added,
    "conversation.item.truncated": lambda d: ItemTruncated(
        _string(d, "item_id"), _whole(d, "audio_end_ms")
    ),
    "conversation.item.deleted": lambda d: ItemDeleted(_string(d, "item_id")),
    "conversation.item.input_audio_transcription.completed": _caller_transcript,
    "conversation.item.input_audio_transcription.failed": lambda d: TranscriptFailed(
        _string(d, "item_id")
    ),
    "response.created": _response_created,
    "response.output_item.done": _output_item_done,
    "response.output_audio.done": lambda d: AudioDone(
        _string(d, "response_id"), _string(d, "item_id"), _whole(d, "content_index")
    ),
    "response.output_audio_transcript.delta": lambda d: TranscriptDelta(
        _string(d, "response_id"), _string(d, "item_id"), _string(d, "delta")
    ),
    "response.output_audio_transcript.done": lambda d: TranscriptDone(
        _string(d, "response_id"), _string(d, "item_id"), _string(d, "transcript")
    ),
    "response.done": _response_done,
    "error": _error,
}
