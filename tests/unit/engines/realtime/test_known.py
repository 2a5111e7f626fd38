"""What is known of a session: what a barge-in stops, and what a broken connection leaves behind."""

from __future__ import annotations

import json
from typing import Any

from dialplan.call.events import CallerSpeechStopped, ResponseEnded
from dialplan.call.playback import Truncation
from dialplan.engines.realtime.known import SessionKnowledge
from dialplan.protocols.realtime import server
from dialplan.protocols.realtime.client import SessionSettings

SETTINGS = SessionSettings(
    model="m", voice="v", instructions="", turn_detection={"type": "server_vad"}
)


def told(*events: server.ServerEvent) -> SessionKnowledge:
    known = SessionKnowledge(SETTINGS)
    for event in events:
        known.note(event)
    return known


def kinds(frames: list[str]) -> list[str]:
    return [json.loads(frame)["type"] for frame in frames]


def speech(response_id: str) -> server.AudioDelta:
    return server.AudioDelta(response_id, f"item of {response_id}", 0, "////")


def item(response_id: str) -> server.MessageAdded:
    return server.MessageAdded(f"item of {response_id}", None, "assistant", "")


def test_a_barge_in_mutes_the_response_that_it_names() -> None:
    known = told(server.ResponseCreated("r1", {}), item("r1"))

    frames = known.interrupted([Truncation("item of r1", 0, 40)], {"r1"}, unheard=False)

    assert kinds(frames) == ["response.cancel", "conversation.item.truncate"]
    assert not known.hears(speech("r1"))


def test_a_barge_in_that_is_handled_late_leaves_the_answer_to_it_alone() -> None:
    """A network that held everything up tells of the cut, the turn and its answer in one go."""
    known = told(
        server.ResponseCreated("r1", {}),
        item("r1"),
        server.SpeechStarted("u", 0),
        server.ResponseDone("r1", "cancelled", "turn_detected", server.TokenUsage()),
        server.SpeechStopped("u", 400),
        server.ResponseCreated("r2", {}),
        item("r2"),
    )

    frames = known.interrupted([Truncation("item of r1", 0, 40)], {"r1"}, unheard=True)

    assert kinds(frames) == ["conversation.item.truncate"]
    assert known.hears(speech("r2"))


def test_a_server_that_stops_by_itself_is_not_told_to() -> None:
    known = told(server.SessionUpdated(interrupt_response=True), server.ResponseCreated("r1", {}))

    assert known.interrupted([], {"r1"}, unheard=False) == []
    assert not known.hears(speech("r1"))


def test_a_connection_that_breaks_ends_what_was_said_on_it_by_either_side() -> None:
    known = told(server.ResponseCreated("r1", {}), server.SpeechStarted("u", 0))

    assert known.lost() == [ResponseEnded("r1", "lost"), CallerSpeechStopped()]


def test_a_connection_that_breaks_in_silence_ends_nothing() -> None:
    known = told(server.SpeechStarted("u", 0), server.SpeechStopped("u", 400))

    assert known.lost() == []


def test_a_turn_whose_answer_had_not_begun_is_answered_on_the_next_connection() -> None:
    known = told(
        server.SpeechStarted("u", 0),
        server.SpeechStopped("u", 400),
        server.CallerTranscript("u", "when do you close?"),
    )

    said, request = (json.loads(frame) for frame in known.renewed())

    assert said["item"]["content"] == [{"type": "input_text", "text": "when do you close?"}]
    assert request["type"] == "response.create"


def test_a_turn_that_was_answered_is_not_answered_again() -> None:
    known = told(
        server.SpeechStopped("u", 400),
        server.ResponseCreated("r1", {}),
        server.ResponseDone("r1", "completed", "", server.TokenUsage()),
    )

    assert kinds(known.renewed()) == []


def test_what_the_agent_is_told_is_told_again_on_the_next_connection() -> None:
    known = SessionKnowledge(SETTINGS)
    first: list[Any] = [json.loads(frame) for frame in known.told("The caller pressed 1.")]
    again: list[Any] = [json.loads(frame) for frame in known.renewed()]

    assert [one["type"] for one in first] == [one["type"] for one in again]
    assert first[0]["item"]["content"] == again[0]["item"]["content"]
