"""Every server event, against the `openai` package's own classes."""

from __future__ import annotations

import inspect
from typing import Any, get_args

import pytest
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter

from dialplan.emulators.openai import events
from dialplan.emulators.openai.events import Event, Place
from dialplan.emulators.openai.items import CallItem, MessageItem, TextPart

_KINDS = {
    get_args(kind.model_fields["type"].annotation)[0]: kind
    for kind in get_args(get_args(RealtimeServerEvent)[0])
}
_UNION: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)
_PLACE = Place("resp_1", "item_1", 0)
_MESSAGE = MessageItem("item_1", "user", [TextPart("input_text", "hi")]).wire()
_CALL = CallItem("item_2", "call_1", "book", "{}").wire()
_RESPONSE = {"id": "resp_1", "object": "realtime.response", "status": "in_progress", "output": []}
_LIMIT = {"name": "tokens", "limit": 10, "remaining": 9, "reset_seconds": 1.5}

BUILT: dict[str, tuple[str, Event]] = {
    "session_created": (
        "session.created",
        events.session_created({"type": "realtime", "model": "gpt-realtime-2.1"}),
    ),
    "session_updated": ("session.updated", events.session_updated({"type": "realtime"})),
    "conversation_created": ("conversation.created", events.conversation_created("conv_1")),
    "item_added": ("conversation.item.added", events.item_added(_MESSAGE, None)),
    "item_done": ("conversation.item.done", events.item_done(_CALL, "item_1")),
    "item_retrieved": ("conversation.item.retrieved", events.item_retrieved(_MESSAGE)),
    "item_deleted": ("conversation.item.deleted", events.item_deleted("item_1")),
    "item_truncated": ("conversation.item.truncated", events.item_truncated("item_1", 0, 10)),
    "transcription_delta": (
        "conversation.item.input_audio_transcription.delta",
        events.transcription_delta("item_1", "hi"),
    ),
    "transcription_completed": (
        "conversation.item.input_audio_transcription.completed",
        events.transcription_completed("item_1", "hi", 1.5),
    ),
    "transcription_failed": (
        "conversation.item.input_audio_transcription.failed",
        events.transcription_failed("item_1"),
    ),
    "speech_started": ("input_audio_buffer.speech_started", events.speech_started("item_1", 5)),
    "speech_stopped": ("input_audio_buffer.speech_stopped", events.speech_stopped("item_1", 9)),
    "buffer_committed": ("input_audio_buffer.committed", events.buffer_committed("item_1", None)),
    "buffer_cleared": ("input_audio_buffer.cleared", events.buffer_cleared()),
    "timeout_triggered": (
        "input_audio_buffer.timeout_triggered",
        events.timeout_triggered("item_1", 1, 2),
    ),
    "response_created": ("response.created", events.response_created(_RESPONSE)),
    "response_done": ("response.done", events.response_done({**_RESPONSE, "status": "failed"})),
    "rate_limits_updated": ("rate_limits.updated", events.rate_limits_updated([_LIMIT])),
    "output_item_added": (
        "response.output_item.added",
        events.output_item_added("resp_1", 0, _CALL),
    ),
    "output_item_done": ("response.output_item.done", events.output_item_done("resp_1", 0, _CALL)),
    "content_part_added": (
        "response.content_part.added",
        events.content_part_added(_PLACE, spoken=True),
    ),
    "content_part_done": (
        "response.content_part.done",
        events.content_part_done(_PLACE, spoken=False, text="hi"),
    ),
    "audio_delta": ("response.output_audio.delta", events.audio_delta(_PLACE, "AAAA")),
    "audio_done": ("response.output_audio.done", events.audio_done(_PLACE)),
    "transcript_delta": (
        "response.output_audio_transcript.delta",
        events.transcript_delta(_PLACE, "hi"),
    ),
    "transcript_done": (
        "response.output_audio_transcript.done",
        events.transcript_done(_PLACE, "hi"),
    ),
    "text_delta": ("response.output_text.delta", events.text_delta(_PLACE, "hi")),
    "text_done": ("response.output_text.done", events.text_done(_PLACE, "hi")),
    "arguments_delta": (
        "response.function_call_arguments.delta",
        events.arguments_delta(_PLACE, "call_1", "{"),
    ),
    "arguments_done": (
        "response.function_call_arguments.done",
        events.arguments_done(_PLACE, "call_1", "book", "{}"),
    ),
    "error": ("error", events.error("invalid_value", "no", None, "mine")),
}


def test_every_builder_is_tried_here() -> None:
    builders = {
        name
        for name, value in vars(events).items()
        if inspect.isfunction(value)
        and value.__module__ == events.__name__
        and not name.startswith("_")
    }

    assert builders == set(BUILT)


@pytest.mark.parametrize("name", BUILT)
def test_an_event_is_what_the_official_package_expects(name: str) -> None:
    kind, built = BUILT[name]
    stamped = {"event_id": "event_1", **built}

    assert type(_UNION.validate_python(stamped)) is _KINDS[kind]
    assert _KINDS[kind].model_validate(stamped).model_dump(exclude_unset=True)["type"] == kind


@pytest.mark.parametrize("name", BUILT)
def test_an_event_carries_nothing_the_official_class_does_not_name(name: str) -> None:
    kind, built = BUILT[name]

    known = set(_KINDS[kind].model_fields)

    # The schema of the official package lacks it; the service sends it.
    assert set(built) - known <= {"previous_item_id"}
