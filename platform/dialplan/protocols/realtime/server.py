"""What the model may say, as far as this platform consumes it: one class an event.

`reading` makes them of what comes over the wire. Source: OpenAI API reference, "Realtime", "Server
events" (GA).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


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
