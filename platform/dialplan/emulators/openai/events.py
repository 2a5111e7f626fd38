"""Server events of the Realtime API (GA), built with exactly the fields its reference requires.

Each function is one event; `event_id` is stamped by whoever sends. Nothing here keeps state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Event = dict[str, Any]
"""A server event as JSON."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a response something streamed belongs."""

    response_id: str
    item_id: str
    output_index: int
    content_index: int = 0

    def wire(self) -> Event:
        """The four position fields of a streaming event."""
        return {
            "response_id": self.response_id,
            "item_id": self.item_id,
            "output_index": self.output_index,
            "content_index": self.content_index,
        }


def session_created(session: Mapping[str, Any]) -> Event:
    """The first event of every connection."""
    return {"type": "session.created", "session": session}


def session_updated(session: Mapping[str, Any]) -> Event:
    """The full effective configuration after a `session.update`."""
    return {"type": "session.updated", "session": session}


def conversation_created(conversation_id: str) -> Event:
    """Follows `session.created`."""
    conversation = {"id": conversation_id, "object": "realtime.conversation"}
    return {"type": "conversation.created", "conversation": conversation}


def item_added(item: Mapping[str, Any], previous_item_id: str | None) -> Event:
    """An item took its place in the conversation."""
    return {
        "type": "conversation.item.added",
        "previous_item_id": previous_item_id,
        "item": item,
    }


def item_done(item: Mapping[str, Any], previous_item_id: str | None) -> Event:
    """An item is final."""
    return {
        "type": "conversation.item.done",
        "previous_item_id": previous_item_id,
        "item": item,
    }


def item_retrieved(item: Mapping[str, Any]) -> Event:
    """The server's representation of an item, its audio included."""
    return {"type": "conversation.item.retrieved", "item": item}


def item_deleted(item_id: str) -> Event:
    """An item left the conversation."""
    return {"type": "conversation.item.deleted", "item_id": item_id}


def item_truncated(item_id: str, content_index: int, audio_end_ms: int) -> Event:
    """An assistant message was cut to what was heard."""
    return {
        "type": "conversation.item.truncated",
        "item_id": item_id,
        "content_index": content_index,
        "audio_end_ms": audio_end_ms,
    }


def transcription_delta(item_id: str, delta: str) -> Event:
    """A part of what the caller said."""
    return {
        "type": "conversation.item.input_audio_transcription.delta",
        "item_id": item_id,
        "content_index": 0,
        "delta": delta,
    }


def transcription_completed(item_id: str, transcript: str, seconds: float) -> Event:
    """All the caller said, billed by the duration of the audio."""
    return {
        "type": "conversation.item.input_audio_transcription.completed",
        "item_id": item_id,
        "content_index": 0,
        "transcript": transcript,
        "usage": {"type": "duration", "seconds": seconds},
    }


def transcription_failed(item_id: str) -> Event:
    """The transcription model could not do it."""
    return {
        "type": "conversation.item.input_audio_transcription.failed",
        "item_id": item_id,
        "content_index": 0,
        "error": {
            "type": "transcription_error",
            "code": "audio_unintelligible",
            "message": "The audio could not be transcribed.",
            "param": None,
        },
    }


def speech_started(item_id: str, audio_start_ms: int) -> Event:
    """Voice activity began; must never carry an end."""
    return {
        "type": "input_audio_buffer.speech_started",
        "item_id": item_id,
        "audio_start_ms": audio_start_ms,
    }


def speech_stopped(item_id: str, audio_end_ms: int) -> Event:
    """Voice activity ended."""
    return {
        "type": "input_audio_buffer.speech_stopped",
        "item_id": item_id,
        "audio_end_ms": audio_end_ms,
    }


def buffer_committed(item_id: str, previous_item_id: str | None) -> Event:
    """The buffer became a user message."""
    return {
        "type": "input_audio_buffer.committed",
        "item_id": item_id,
        "previous_item_id": previous_item_id,
    }


def buffer_cleared() -> Event:
    """The buffer is empty on the client's wish."""
    return {"type": "input_audio_buffer.cleared"}


def timeout_triggered(item_id: str, audio_start_ms: int, audio_end_ms: int) -> Event:
    """Nobody spoke for `idle_timeout_ms`."""
    return {
        "type": "input_audio_buffer.timeout_triggered",
        "item_id": item_id,
        "audio_start_ms": audio_start_ms,
        "audio_end_ms": audio_end_ms,
    }


def response_created(response: Mapping[str, Any]) -> Event:
    """A response begins."""
    return {"type": "response.created", "response": response}


def response_done(response: Mapping[str, Any]) -> Event:
    """A response ended, however it ended."""
    return {"type": "response.done", "response": response}


def rate_limits_updated(limits: Sequence[Mapping[str, Any]]) -> Event:
    """What is left of the limits, at the start of a response."""
    return {"type": "rate_limits.updated", "rate_limits": list(limits)}


def output_item_added(response_id: str, output_index: int, item: Mapping[str, Any]) -> Event:
    """A response opened an item."""
    return {
        "type": "response.output_item.added",
        "response_id": response_id,
        "output_index": output_index,
        "item": item,
    }


def output_item_done(response_id: str, output_index: int, item: Mapping[str, Any]) -> Event:
    """A response closed an item."""
    return {
        "type": "response.output_item.done",
        "response_id": response_id,
        "output_index": output_index,
        "item": item,
    }


def content_part_added(place: Place, *, spoken: bool) -> Event:
    """A message got its (still empty) content. The part is `audio`, not `output_audio`, here."""
    part = {"type": "audio", "transcript": ""} if spoken else {"type": "text", "text": ""}
    return {"type": "response.content_part.added", **place.wire(), "part": part}


def content_part_done(place: Place, *, spoken: bool, text: str) -> Event:
    """The content of a message is complete."""
    part = {"type": "audio", "transcript": text} if spoken else {"type": "text", "text": text}
    return {"type": "response.content_part.done", **place.wire(), "part": part}


def audio_delta(place: Place, delta: str) -> Event:
    """Audio in base64."""
    return {"type": "response.output_audio.delta", **place.wire(), "delta": delta}


def audio_done(place: Place) -> Event:
    """No more audio for this content."""
    return {"type": "response.output_audio.done", **place.wire()}


def transcript_delta(place: Place, delta: str) -> Event:
    """Words of the audio."""
    return {"type": "response.output_audio_transcript.delta", **place.wire(), "delta": delta}


def transcript_done(place: Place, transcript: str) -> Event:
    """All words of the audio."""
    return {
        "type": "response.output_audio_transcript.done",
        **place.wire(),
        "transcript": transcript,
    }


def text_delta(place: Place, delta: str) -> Event:
    """Words of a response in text."""
    return {"type": "response.output_text.delta", **place.wire(), "delta": delta}


def text_done(place: Place, text: str) -> Event:
    """All words of a response in text."""
    return {"type": "response.output_text.done", **place.wire(), "text": text}


def arguments_delta(place: Place, call_id: str, delta: str) -> Event:
    """A part of a function call's arguments."""
    return {
        "type": "response.function_call_arguments.delta",
        **_without_content(place),
        "call_id": call_id,
        "delta": delta,
    }


def arguments_done(place: Place, call_id: str, name: str, arguments: str) -> Event:
    """A function call's arguments, whole."""
    return {
        "type": "response.function_call_arguments.done",
        **_without_content(place),
        "call_id": call_id,
        "name": name,
        "arguments": arguments,
    }


def error(code: str, message: str, param: str | None, event_id: str | None) -> Event:
    """A client event was refused; `event_id` is the client's own, echoed."""
    return {
        "type": "error",
        "error": {
            "type": "invalid_request_error",
            "code": code,
            "message": message,
            "param": param,
            "event_id": event_id,
        },
    }


def _without_content(place: Place) -> Event:
    wire = place.wire()
    del wire["content_index"]
    return wire
