"""Frames of a client, read and typed."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from openai.types.realtime import RealtimeClientEvent, ResponseCreateEvent

from dialplan.emulators.openai.client_events import parse, read
from dialplan.emulators.openai.errors import ClientEventError

EXAMPLES: list[dict[str, Any]] = [
    {
        "type": "conversation.item.create",
        "item": {"type": "message", "role": "user", "content": []},
    },
    {"type": "conversation.item.delete", "item_id": "a"},
    {"type": "conversation.item.retrieve", "item_id": "a"},
    {"type": "conversation.item.truncate", "item_id": "a", "content_index": 0, "audio_end_ms": 1},
    {"type": "input_audio_buffer.append", "audio": "AAAA"},
    {"type": "input_audio_buffer.clear"},
    {"type": "input_audio_buffer.commit"},
    {"type": "output_audio_buffer.clear"},
    {"type": "response.cancel"},
    {"type": "response.create"},
    {"type": "session.update", "session": {"type": "realtime"}},
]


def test_the_examples_are_all_the_official_package_knows() -> None:
    kinds = get_args(get_args(RealtimeClientEvent)[0])

    assert {get_args(kind.model_fields["type"].annotation)[0] for kind in kinds} == {
        example["type"] for example in EXAMPLES
    }


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example["type"]))
def test_each_of_the_eleven_events_is_typed(example: dict[str, Any]) -> None:
    frame = read(json.dumps({**example, "event_id": "mine"}))

    event = parse(frame)

    assert event.type == example["type"]
    assert frame.event_id == "mine"


def test_references_to_items_may_be_the_input_of_a_response() -> None:
    raw = {"input": [{"type": "item_reference", "id": "a"}], "instructions": "Be brief."}

    event = parse(read(json.dumps({"type": "response.create", "response": raw})))

    assert isinstance(event, ResponseCreateEvent)
    assert event.response is not None
    assert event.response.instructions == "Be brief."


def test_a_wrong_field_is_named() -> None:
    frame = read('{"type": "conversation.item.truncate", "item_id": "a", "content_index": 0}')

    with pytest.raises(ClientEventError) as refused:
        parse(frame)

    assert (refused.value.code, refused.value.param) == (
        "missing_required_parameter",
        "audio_end_ms",
    )


def test_an_event_id_that_is_no_text_is_not_echoed() -> None:
    assert read('{"type": "response.cancel", "event_id": 7}').event_id is None
