"""What the Agents SDK's session is told."""

from __future__ import annotations

import pytest

from dialplan.engines.realtime.upward import upward
from dialplan.protocols.realtime import server


@pytest.mark.parametrize(
    ("event", "kinds"),
    [
        (server.SessionCreated("s", None), ["connection_status"]),
        (server.FunctionCalled("r", "i", "c", "look_up", "{}"), ["function_call"]),
        (server.TranscriptDelta("r", "i", "he"), ["transcript_delta"]),
        (server.CallerTranscript("i", "hi"), ["input_audio_transcription_completed"]),
        (server.MessageAdded("i", None, "user", ""), ["item_updated"]),
        (server.MessageAdded("i", None, "user", "hi"), ["item_updated"]),
        (server.MessageAdded("i", None, "system", "hi"), ["item_updated"]),
        (server.MessageAdded("i", None, "assistant", ""), []),
        (server.MessageDone("r", "i", "completed", "hi"), ["item_updated"]),
        (server.ItemDeleted("i"), ["item_deleted"]),
        (server.AudioDone("r", "i", 0), ["audio_done"]),
        (server.IdleTimeout("i", 1, 2), ["input_audio_timeout_triggered"]),
        (server.ResponseCreated("r", {}), ["turn_started"]),
        (server.ResponseDone("r", "completed", "", server.TokenUsage()), ["usage", "turn_ended"]),
        (server.ServerError("t", "c", "m", None), ["error"]),
        (server.AudioDelta("r", "i", 0, "//"), []),
        (server.Unknown("x"), []),
    ],
)
def test_an_event_goes_up_as(event: server.ServerEvent, kinds: list[str]) -> None:
    assert [told.type for told in upward(event)] == kinds
