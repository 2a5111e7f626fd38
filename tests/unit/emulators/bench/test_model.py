"""The deltas that are cut from a pattern are those of the API, to the byte."""

from __future__ import annotations

from base64 import b64decode

from openai.types.realtime import ResponseAudioDeltaEvent

from dialplan.emulators.bench.model import DeltaWriter
from dialplan.emulators.openai.events import Place


def test_a_delta_is_the_event_of_the_reference() -> None:
    writer = DeltaWriter(Place("resp_1", "item_1", 0), lambda: "event_5")

    event = ResponseAudioDeltaEvent.model_validate_json(writer.write(b"\x7f" * 800), strict=True)

    assert b64decode(event.delta) == b"\x7f" * 800
    assert event.event_id == "event_5"
    assert (event.response_id, event.item_id) == ("resp_1", "item_1")
    assert (event.output_index, event.content_index) == (0, 0)
