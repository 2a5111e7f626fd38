from __future__ import annotations

import json
from base64 import b64decode, b64encode

import pytest

from dialplan.errors import ProtocolError
from dialplan.protocols.twilio.messages import Connected, Mark, Media, Start, Stop, Unknown
from dialplan.protocols.twilio.stream import MAX_PAYLOAD_BYTES, Stream

CONNECTED = '{"event":"connected","protocol":"Call","version":"1.0.0"}'


def start(sid: str = "MZ1", encoding: str = "audio/x-mulaw", rate: int = 8000) -> str:
    return json.dumps(
        {
            "event": "start",
            "sequenceNumber": "1",
            "streamSid": sid,
            "start": {
                "accountSid": "AC1",
                "streamSid": sid,
                "callSid": "CA1",
                "tracks": ["inbound"],
                "mediaFormat": {"encoding": encoding, "sampleRate": rate, "channels": 1},
                "customParameters": {},
            },
        }
    )


def media(sid: str = "MZ1") -> str:
    return json.dumps(
        {
            "event": "media",
            "streamSid": sid,
            "media": {"track": "inbound", "chunk": "1", "timestamp": "155", "payload": "////"},
        }
    )


def stop(sid: str = "MZ1") -> str:
    return json.dumps({"event": "stop", "streamSid": sid, "stop": {"callSid": "CA1"}})


@pytest.fixture
def stream() -> Stream:
    started = Stream()
    started.receive_text(CONNECTED)
    started.receive_text(start())
    return started


def test_connected_then_start_then_media_come_out_in_order() -> None:
    stream = Stream()

    out = [
        message for text in (CONNECTED, start(), media()) for message in stream.receive_text(text)
    ]

    assert [type(message) for message in out] == [Connected, Start, Media]
    assert stream.stream_sid == "MZ1"
    assert not stream.ignored


def test_media_before_start_is_ignored() -> None:
    stream = Stream()

    assert stream.receive_text(media()) == []
    assert stream.ignored == {"before start": 1}


def test_a_second_start_is_ignored(stream: Stream) -> None:
    assert stream.receive_text(start("MZ2")) == []
    assert stream.stream_sid == "MZ1"
    assert stream.ignored == {"second start": 1}


def test_a_late_connected_is_ignored(stream: Stream) -> None:
    assert stream.receive_text(CONNECTED) == []
    assert stream.ignored == {"late connected": 1}


def test_media_of_another_stream_is_ignored(stream: Stream) -> None:
    assert stream.receive_text(media("MZ2")) == []
    assert stream.ignored == {"wrong stream": 1}


def test_nothing_comes_out_after_stop(stream: Stream) -> None:
    assert stream.receive_text(stop()) == [Stop()]
    assert stream.receive_text(media()) == []
    assert stream.stopped
    assert stream.ignored == {"after stop": 1}


def test_a_stop_without_a_start_ends_the_stream() -> None:
    stream = Stream()

    assert stream.receive_text(stop()) == [Stop()]
    assert stream.receive_text(start()) == []


def test_garbage_and_binary_frames_are_counted_and_the_call_goes_on(stream: Stream) -> None:
    assert stream.receive_text("{") == []
    assert stream.receive_binary(b"\x00") == []
    assert stream.receive_text(media()) == [Media(155, "////", 1)]
    assert stream.ignored == {"malformed": 1, "binary": 1}


def test_unknown_events_are_passed_on_at_any_time() -> None:
    stream = Stream()

    assert stream.receive_text('{"event":"new"}') == [Unknown("new")]
    assert stream.ignored == {"unknown new": 1}


def test_a_peer_that_makes_up_kinds_is_counted_within_bounds() -> None:
    stream = Stream()
    for number in range(1_000):
        stream.receive_text(f'{{"event":"new{number}"}}')

    assert len(stream.ignored) < 30
    assert stream.ignored.total() == 1_000


def test_a_returned_mark_comes_out(stream: Stream) -> None:
    assert stream.receive_text('{"event":"mark","streamSid":"MZ1","mark":{"name":"a"}}') == [
        Mark("a")
    ]


@pytest.mark.parametrize(("encoding", "rate"), [("audio/l16", 8000), ("audio/x-mulaw", 16000)])
def test_another_media_format_is_refused(encoding: str, rate: int) -> None:
    stream = Stream()

    with pytest.raises(ProtocolError, match="expected mediaFormat"):
        stream.receive_text(start(encoding=encoding, rate=rate))
    assert stream.start is None


def test_the_three_outbound_messages_have_exactly_the_documented_keys(stream: Stream) -> None:
    assert [json.loads(frame) for frame in stream.media("////")] == [
        {"event": "media", "streamSid": "MZ1", "media": {"payload": "////"}}
    ]
    assert json.loads(stream.mark('turn "7"')) == {
        "event": "mark",
        "streamSid": "MZ1",
        "mark": {"name": 'turn "7"'},
    }
    assert json.loads(stream.clear()) == {"event": "clear", "streamSid": "MZ1"}


def test_a_payload_cannot_break_out_of_its_json_string(stream: Stream) -> None:
    (frame,) = stream.media('"},"event":"clear')

    assert json.loads(frame)["media"]["payload"] == '"},"event":"clear'


@pytest.mark.parametrize(
    ("size", "frames"),
    [(0, 0), (160, 1), (MAX_PAYLOAD_BYTES, 1), (MAX_PAYLOAD_BYTES + 1, 2), (100_001, 7)],
)
def test_a_long_payload_is_split_without_losing_a_byte(
    stream: Stream, size: int, frames: int
) -> None:
    audio = bytes(index % 251 for index in range(size))

    out = stream.media(b64encode(audio).decode())

    parts = [b64decode(json.loads(frame)["media"]["payload"], validate=True) for frame in out]
    assert len(parts) == frames
    assert b"".join(parts) == audio
    assert all(len(part) <= MAX_PAYLOAD_BYTES for part in parts)


def test_nothing_can_be_sent_before_start() -> None:
    stream = Stream()

    for send in (lambda: stream.media("////"), lambda: stream.mark("a"), stream.clear):
        with pytest.raises(RuntimeError, match="before `start`"):
            send()


def test_no_stream_sid_before_start() -> None:
    assert Stream().stream_sid is None
