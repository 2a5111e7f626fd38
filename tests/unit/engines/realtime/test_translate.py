"""The model's events in the words of a call."""

from __future__ import annotations

import pytest

from dialplan.call import events
from dialplan.engines.engine import AgentSaid, CallerSaid, EngineEvent, PeerFault, TokensUsed
from dialplan.engines.realtime.translate import translate
from dialplan.protocols.realtime import server


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (server.AudioDelta("r", "i", 0, "//"), (events.SpeechArrived("r", "i", 0, "//"),)),
        (server.AudioDone("r", "i", 0), (events.SpeechFinished("i"),)),
        (server.SpeechStarted("i", 0), (events.CallerSpeechStarted(),)),
        (server.SpeechStopped("i", 0), (events.CallerSpeechStopped(),)),
        (server.ResponseCreated("r", {}), (events.ResponseStarted("r"),)),
        (
            server.ResponseCreated("r", {"say_id": "say_1"}),
            (events.ResponseStarted("r", "say_1"),),
        ),
        (
            server.ResponseDone("r", "completed", "", server.TokenUsage(5, 4, 9, 3, 2, 1)),
            (events.ResponseEnded("r", "completed"), TokensUsed("r", 5, 4, 3, 2, 1)),
        ),
        (server.CallerTranscript("i", "hi"), (CallerSaid("i", "hi"),)),
        (server.TranscriptDone("r", "i", "hi"), (AgentSaid("i", "hi"),)),
        (server.TranscriptFailed("i"), (PeerFault("transcription failed"),)),
        (server.ServerError("t", "c", "secret", None), (PeerFault("c"),)),
        (server.ServerError("t", None, "secret", None), (PeerFault("t"),)),
        (server.Malformed("x"), (PeerFault("malformed x"),)),
        (server.Unknown("x"), (PeerFault("unknown x"),)),
        (server.Unknown("rate_limits.updated"), ()),
        (server.SessionUpdated(True), ()),
    ],
)
def test_an_event_is_told_as(event: server.ServerEvent, told: tuple[EngineEvent, ...]) -> None:
    assert translate(event) == told
