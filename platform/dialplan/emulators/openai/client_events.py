"""Client events of the Realtime API: a frame in, one of the eleven typed events or an error out.

The `openai` package's own classes are the schema, so what a real client may send is accepted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from openai.types.realtime import (
    ConversationItemCreateEvent,
    ConversationItemDeleteEvent,
    ConversationItemRetrieveEvent,
    ConversationItemTruncateEvent,
    InputAudioBufferAppendEvent,
    InputAudioBufferClearEvent,
    InputAudioBufferCommitEvent,
    OutputAudioBufferClearEvent,
    ResponseCancelEvent,
    ResponseCreateEvent,
    SessionUpdateEvent,
)
from pydantic import ValidationError

from dialplan.emulators.openai.errors import ClientEventError

ClientEvent = (
    ConversationItemCreateEvent
    | ConversationItemDeleteEvent
    | ConversationItemRetrieveEvent
    | ConversationItemTruncateEvent
    | InputAudioBufferAppendEvent
    | InputAudioBufferClearEvent
    | InputAudioBufferCommitEvent
    | OutputAudioBufferClearEvent
    | ResponseCancelEvent
    | ResponseCreateEvent
    | SessionUpdateEvent
)

_KINDS: Final[Mapping[str, type[ClientEvent]]] = {
    "conversation.item.create": ConversationItemCreateEvent,
    "conversation.item.delete": ConversationItemDeleteEvent,
    "conversation.item.retrieve": ConversationItemRetrieveEvent,
    "conversation.item.truncate": ConversationItemTruncateEvent,
    "input_audio_buffer.append": InputAudioBufferAppendEvent,
    "input_audio_buffer.clear": InputAudioBufferClearEvent,
    "input_audio_buffer.commit": InputAudioBufferCommitEvent,
    "output_audio_buffer.clear": OutputAudioBufferClearEvent,
    "response.cancel": ResponseCancelEvent,
    "response.create": ResponseCreateEvent,
    "session.update": SessionUpdateEvent,
}


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame that is a JSON object: its kind, the client's own id, and the object itself."""

    kind: str
    event_id: str | None
    payload: Mapping[str, Any]


def read(data: str | bytes) -> Frame:
    """Return the frame in `data`.

    Raises:
        ClientEventError: it is no JSON object with a `type`.
    """
    try:
        payload = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ClientEventError("invalid_json", "The frame is not valid JSON.") from error
    if not isinstance(payload, dict):
        raise ClientEventError("invalid_event", "The event must be a JSON object.")
    event_id = payload.get("event_id")
    kind = payload.get("type")
    if not isinstance(kind, str):
        kind = ""
    return Frame(kind, event_id if isinstance(event_id, str) else None, payload)


def parse(frame: Frame) -> ClientEvent:
    """Return the typed event of `frame`.

    Raises:
        ClientEventError: unknown type, missing field or wrong value.
    """
    if not frame.kind:
        raise ClientEventError("invalid_event", "The 'type' field is missing.", "type")
    known = _KINDS.get(frame.kind)
    if known is None:
        supported = ", ".join(f"'{kind}'" for kind in _KINDS)
        raise ClientEventError(
            "invalid_value",
            f"Invalid value: '{frame.kind[:64]}'. Supported values are: {supported}.",
            "type",
        )
    payload: Mapping[str, Any] = frame.payload
    response = payload.get("response")
    if known is ResponseCreateEvent and isinstance(response, dict):
        # `input` may hold item references, which the package's class does not know; the
        # conversation resolves them one by one.
        rest = {key: value for key, value in response.items() if key != "input"}
        payload = {**payload, "response": rest}
    try:
        return known.model_validate(payload)
    except ValidationError as error:
        raise _refusal(error) from error


def _refusal(error: ValidationError) -> ClientEventError:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    param = ".".join(str(step) for step in first["loc"])
    if first["type"] == "missing":
        return ClientEventError(
            "missing_required_parameter", f"Missing required parameter: '{param}'.", param
        )
    kind = "invalid_type" if first["type"].endswith("_type") else "invalid_value"
    return ClientEventError(kind, f"Invalid '{param}': {first['msg']}.", param)
