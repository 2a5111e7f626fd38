"""Server events are read as the GA reference describes them."""

from __future__ import annotations

import copy
from typing import Any, get_type_hints

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialplan.protocols.realtime import server
from dialplan.protocols.realtime.reading import parse

MESSAGE = {
    "id": "i",
    "type": "message",
    "role": "user",
    "content": [{"type": "input_text", "text": "hi"}, {"type": "input_audio", "transcript": None}],
}
CALL = {
    "id": "i",
    "type": "function_call",
    "status": "completed",
    "call_id": "c",
    "name": "look_up",
    "arguments": "{}",
}
SAID = {
    "id": "i",
    "type": "message",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_audio", "transcript": "hello"}],
}
USAGE = {
    "total_tokens": 30,
    "input_tokens": 20,
    "output_tokens": 10,
    "input_token_details": {"audio_tokens": 15, "cached_tokens": 4},
    "output_token_details": {"audio_tokens": 8},
}
OF_ITEM = {"response_id": "r", "item_id": "i", "content_index": 0, "output_index": 0}

CASES: list[tuple[dict[str, Any], server.ServerEvent]] = [
    (
        {"type": "session.created", "session": {"id": "s", "expires_at": 99}},
        server.SessionCreated("s", 99),
    ),
    ({"type": "session.created", "session": {}}, server.SessionCreated("", None)),
    (
        {
            "type": "session.updated",
            "session": {"audio": {"input": {"turn_detection": {"interrupt_response": True}}}},
        },
        server.SessionUpdated(True),
    ),
    ({"type": "session.updated", "session": {"audio": None}}, server.SessionUpdated(False)),
    (
        {"type": "input_audio_buffer.speech_started", "item_id": "i", "audio_start_ms": 5},
        server.SpeechStarted("i", 5),
    ),
    (
        {"type": "input_audio_buffer.speech_stopped", "item_id": "i", "audio_end_ms": 9},
        server.SpeechStopped("i", 9),
    ),
    (
        {
            "type": "input_audio_buffer.timeout_triggered",
            "item_id": "i",
            "audio_start_ms": 1,
            "audio_end_ms": 2,
        },
        server.IdleTimeout("i", 1, 2),
    ),
    (
        {"type": "conversation.item.added", "item": MESSAGE, "previous_item_id": "p"},
        server.MessageAdded("i", "p", "user", "hi"),
    ),
    (
        {"type": "conversation.item.created", "item": {**MESSAGE, "content": None}},
        server.MessageAdded("i", None, "user", ""),
    ),
    (
        {"type": "conversation.item.added", "item": CALL},
        server.CallItemAdded("i", "c", output=False),
    ),
    (
        {"type": "conversation.item.truncated", "item_id": "i", "audio_end_ms": 4},
        server.ItemTruncated("i", 4),
    ),
    (
        {"type": "conversation.item.added", "item": {"id": "i", "type": "mcp_list_tools"}},
        server.Unknown("conversation.item.added (mcp_list_tools)"),
    ),
    ({"type": "conversation.item.deleted", "item_id": "i"}, server.ItemDeleted("i")),
    (
        {
            "type": "conversation.item.input_audio_transcription.completed",
            "item_id": "i",
            "transcript": "hi",
        },
        server.CallerTranscript("i", "hi"),
    ),
    (
        {"type": "conversation.item.input_audio_transcription.failed", "item_id": "i"},
        server.TranscriptFailed("i"),
    ),
    (
        {"type": "response.created", "response": {"id": "r", "metadata": {"say_id": "say_1"}}},
        server.ResponseCreated("r", {"say_id": "say_1"}),
    ),
    (
        {"type": "response.created", "response": {"id": "r", "metadata": None}},
        server.ResponseCreated("r", {}),
    ),
    (
        {"type": "response.output_item.done", "response_id": "r", "item": CALL},
        server.FunctionCalled("r", "i", "c", "look_up", "{}"),
    ),
    (
        {
            "type": "response.output_item.done",
            "response_id": "r",
            "item": {**CALL, "status": "incomplete"},
        },
        server.Unknown("response.output_item.done (function_call, incomplete)"),
    ),
    (
        {"type": "response.output_item.done", "response_id": "r", "item": SAID},
        server.MessageDone("r", "i", "completed", "hello"),
    ),
    (
        {"type": "response.output_audio.delta", **OF_ITEM, "delta": "//8="},
        server.AudioDelta("r", "i", 0, "//8="),
    ),
    ({"type": "response.output_audio.done", **OF_ITEM}, server.AudioDone("r", "i", 0)),
    (
        {"type": "response.output_audio_transcript.delta", **OF_ITEM, "delta": "he"},
        server.TranscriptDelta("r", "i", "he"),
    ),
    (
        {"type": "response.output_audio_transcript.done", **OF_ITEM, "transcript": "hello"},
        server.TranscriptDone("r", "i", "hello"),
    ),
    (
        {"type": "response.done", "response": {"id": "r", "status": "completed", "usage": USAGE}},
        server.ResponseDone("r", "completed", "", server.TokenUsage(20, 10, 30, 15, 8, 4)),
    ),
    (
        {
            "type": "response.done",
            "response": {
                "id": "r",
                "status": "failed",
                "status_details": {"error": {"type": "server_error", "code": "rate_limited"}},
            },
        },
        server.ResponseDone("r", "failed", "rate_limited", server.TokenUsage()),
    ),
    (
        {
            "type": "error",
            "error": {"type": "t", "code": "c", "message": "m", "event_id": "create_1"},
        },
        server.ServerError("t", "c", "m", "create_1"),
    ),
    ({"type": "rate_limits.updated", "rate_limits": []}, server.Unknown("rate_limits.updated")),
]


@pytest.mark.parametrize(("frame", "event"), CASES)
def test_a_frame_becomes_its_event(frame: dict[str, Any], event: server.ServerEvent) -> None:
    assert parse(orjson.dumps(frame)) == event


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        ("{", "not json"),
        ("[]", "no type"),
        ('{"type": 3}', "no type"),
        ('{"type": "response.output_audio.delta"}', "response.output_audio.delta"),
        ('{"type": "response.done", "response": 3}', "response.done"),
        ('{"type": "session.updated", "session": []}', "session.updated"),
    ],
)
def test_a_broken_frame_is_named_and_never_raises(frame: str, kind: str) -> None:
    assert parse(frame) == server.Malformed(kind)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
)


@given(st.sampled_from([frame for frame, _ in CASES]), st.data())
def test_no_frame_of_a_known_kind_can_raise(frame: dict[str, Any], data: st.DataObject) -> None:
    broken = {key: data.draw(_JSON) for key in frame if key != "type"}

    parse(orjson.dumps({**broken, "type": frame["type"]}))


@given(st.sampled_from([frame for frame, _ in CASES]), st.data())
def test_whatever_is_in_a_frame_an_event_holds_the_types_that_its_class_says(
    frame: dict[str, Any], data: st.DataObject
) -> None:
    event = parse(orjson.dumps(_with_one_broken(frame, data)))

    for name, kind in get_type_hints(type(event)).items():
        value = getattr(event, name)
        if kind in (str, int):
            assert type(value) is kind, f"{name} of {event}"
        elif kind == (str | None):
            assert value is None or type(value) is str, f"{name} of {event}"


def _with_one_broken(frame: dict[str, Any], data: st.DataObject) -> dict[str, Any]:
    """Put something else in the place of one field, at any depth."""
    broken = copy.deepcopy(frame)
    at = broken
    while True:
        key = data.draw(st.sampled_from(sorted(key for key in at if key != "type") or ["type"]))
        below = at[key]
        if isinstance(below, dict) and below and data.draw(st.booleans()):
            at = below
            continue
        at[key] = data.draw(_JSON)
        return broken


@pytest.mark.parametrize("broken", [None, 3, ["//8="], {"text": "//8="}])
def test_audio_that_is_no_text_is_malformed(broken: object) -> None:
    frame = {"type": "response.output_audio.delta", **OF_ITEM, "delta": broken}

    assert parse(orjson.dumps(frame)) == server.Malformed("response.output_audio.delta")


@pytest.mark.parametrize(
    "usage",
    [
        7,
        {"input_tokens": "20"},
        {"input_tokens": -1, "output_tokens": 1.5},
        {"input_token_details": [], "output_token_details": "x"},
    ],
)
def test_a_response_is_over_whatever_its_bill_says(usage: object) -> None:
    response = {"id": "r", "status": "completed", "usage": usage, "status_details": "none"}

    event = parse(orjson.dumps({"type": "response.done", "response": response}))

    assert event == server.ResponseDone("r", "completed", "", server.TokenUsage())


def test_a_transcript_without_words_has_failed() -> None:
    kind = "conversation.item.input_audio_transcription.completed"

    event = parse(orjson.dumps({"type": kind, "item_id": "i", "transcript": None}))

    assert event == server.TranscriptFailed("i")


def test_an_error_that_says_no_kind_still_answers_its_request() -> None:
    event = parse(orjson.dumps({"type": "error", "error": {"event_id": "create_1"}}))

    assert event == server.ServerError("error", None, "", "create_1")
