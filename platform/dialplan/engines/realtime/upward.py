"""The model's events in the words of the Agents SDK's session. Pure, and never audio."""

from __future__ import annotations

from agents.realtime import (
    AssistantMessageItem,
    InputAudio,
    InputText,
    RealtimeModelAudioDoneEvent,
    RealtimeModelConnectionStatusEvent,
    RealtimeModelErrorEvent,
    RealtimeModelEvent,
    RealtimeModelInputAudioTranscriptionCompletedEvent,
    RealtimeModelItemDeletedEvent,
    RealtimeModelItemUpdatedEvent,
    RealtimeModelToolCallEvent,
    RealtimeModelTranscriptDeltaEvent,
    RealtimeModelTurnEndedEvent,
    RealtimeModelTurnStartedEvent,
    RealtimeModelUsageEvent,
    SystemMessageItem,
    UserMessageItem,
)
from agents.realtime.items import AssistantAudio
from agents.realtime.model_events import RealtimeModelInputAudioTimeoutTriggeredEvent
from agents.usage import Usage

from dialplan.protocols.realtime import server


def upward(event: server.ServerEvent) -> tuple[RealtimeModelEvent, ...]:
    """Return what the SDK's session must be told."""
    match event:
        case server.SessionCreated():
            return (RealtimeModelConnectionStatusEvent(status="connected"),)
        case server.FunctionCalled(_, item_id, call_id, name, arguments):
            return (RealtimeModelToolCallEvent(name, call_id, arguments, id=item_id),)
        case server.TranscriptDelta(response_id, item_id, delta):
            return (RealtimeModelTranscriptDeltaEvent(item_id, delta, response_id),)
        case server.CallerTranscript(item_id, text):
            return (RealtimeModelInputAudioTranscriptionCompletedEvent(item_id, text),)
        case server.MessageAdded():
            return _item(event)
        case server.MessageDone(_, item_id, status, text):
            done = AssistantMessageItem(
                item_id=item_id,
                status="completed" if status == "completed" else "incomplete",
                content=[AssistantAudio(transcript=text)],
            )
            return (RealtimeModelItemUpdatedEvent(done),)
        case server.ItemDeleted(item_id):
            return (RealtimeModelItemDeletedEvent(item_id),)
        case server.AudioDone(_, item_id, content_index):
            return (RealtimeModelAudioDoneEvent(item_id, content_index),)
        case server.IdleTimeout(item_id, start_ms, end_ms):
            return (RealtimeModelInputAudioTimeoutTriggeredEvent(item_id, start_ms, end_ms),)
        case server.ResponseCreated(response_id):
            return (RealtimeModelTurnStartedEvent(response_id=response_id),)
        case server.ResponseDone(response_id, _, _, usage):
            billed = Usage(
                requests=1,
                input_tokens=usage.input_tokens,
                output_tokens=usage.output_tokens,
                total_tokens=usage.total_tokens,
            )
            ended = RealtimeModelTurnEndedEvent(response_id=response_id)
            return (RealtimeModelUsageEvent(billed), ended)
        case server.ServerError(kind, code):
            return (RealtimeModelErrorEvent({"type": kind, "code": code}),)
        case _:
            return ()


def _item(event: server.MessageAdded) -> tuple[RealtimeModelEvent, ...]:
    match event.role:
        case "user" if event.text:
            user = UserMessageItem(
                item_id=event.item_id,
                previous_item_id=event.previous_item_id,
                content=[InputText(text=event.text)],
            )
            return (RealtimeModelItemUpdatedEvent(user),)
        case "user":
            heard = UserMessageItem(
                item_id=event.item_id,
                previous_item_id=event.previous_item_id,
                content=[InputAudio()],
            )
            return (RealtimeModelItemUpdatedEvent(heard),)
        case "system":
            told = SystemMessageItem(
                item_id=event.item_id,
                previous_item_id=event.previous_item_id,
                content=[InputText(text=event.text)],
            )
            return (RealtimeModelItemUpdatedEvent(told),)
        case _:
            return ()  # the assistant's words come with their transcript
