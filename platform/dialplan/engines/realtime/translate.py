"""The model's events in the words of a call. Pure; the same for either transport."""

from __future__ import annotations

from dialplan.call.events import (
    CallerSpeechStarted,
    CallerSpeechStopped,
    ResponseEnded,
    ResponseStarted,
    SpeechArrived,
    SpeechFinished,
)
from dialplan.engines.engine import AgentSaid, CallerSaid, EngineEvent, PeerFault, TokensUsed
from dialplan.protocols.realtime import server
from dialplan.protocols.realtime.client import SAY_ID

_EXPECTED = frozenset(
    {
        "conversation.created",
        "conversation.item.done",
        "conversation.item.input_audio_transcription.delta",
        "conversation.item.retrieved",
        "input_audio_buffer.committed",
        "rate_limits.updated",
        "response.output_item.added",
        "response.content_part.added",
        "response.content_part.done",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
    }
)
"""Kinds that every session has and nothing here needs."""


def translate(event: server.ServerEvent) -> tuple[EngineEvent, ...]:
    """Return what a call should know of an event of the model."""
    match event:
        case server.AudioDelta(response_id, item_id, content_index, delta):
            return (SpeechArrived(response_id, item_id, content_index, delta),)
        case server.AudioDone(_, item_id):
            return (SpeechFinished(item_id),)
        case server.SpeechStarted():
            return (CallerSpeechStarted(),)
        case server.SpeechStopped():
            return (CallerSpeechStopped(),)
        case server.ResponseCreated(response_id, metadata):
            return (ResponseStarted(response_id, metadata.get(SAY_ID)),)
        case server.ResponseDone(response_id, status, _, usage):
            tokens = TokensUsed(
                response_id,
                usage.input_tokens,
                usage.output_tokens,
                usage.input_audio_tokens,
                usage.output_audio_tokens,
                usage.cached_tokens,
            )
            return (ResponseEnded(response_id, status), tokens)
        case server.CallerTranscript(item_id, text):
            return (CallerSaid(item_id, text),)
        case server.TranscriptDone(_, item_id, transcript):
            return (AgentSaid(item_id, transcript),)
        case server.TranscriptFailed():
            return (PeerFault("transcription failed"),)
        case server.ServerError(kind, code):
            return (PeerFault(code or kind),)
        case server.Malformed(kind):
            return (PeerFault(f"malformed {kind}"),)
        case server.Unknown(kind) if kind not in _EXPECTED:
            return (PeerFault(f"unknown {kind}"),)
        case _:
            return ()
