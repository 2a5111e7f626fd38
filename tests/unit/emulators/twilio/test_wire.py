from __future__ import annotations

import json
from base64 import b64encode

import pytest

from dialplan.emulators.twilio.wire import ClearAudio, Fault, PlayAudio, QueueMark, Writer, read
from dialplan.protocols.twilio.messages import Connected, Dtmf, Mark, Media, Start, Stop
from dialplan.protocols.twilio.stream import Stream


def writer(jitter_ms: int = 0) -> Writer:
    return Writer(
        stream_sid="MZ1",
        call_sid="CA1",
        account_sid="AC1",
        parameters={"token": "t"},
        jitter_ms=lambda: jitter_ms,
    )


def test_messages_are_numbered_from_the_start_and_chunks_from_the_first_audio() -> None:
    twilio = writer()
    frames = [json.loads(each) for each in (twilio.start(), twilio.media(b"a", 0), twilio.stop())]
    later = json.loads(twilio.media(b"b", 20))

    assert [frame["sequenceNumber"] for frame in frames] == ["1", "2", "3"]
    assert later["media"]["chunk"] == "2"
    assert "sequenceNumber" not in json.loads(twilio.connected())


def test_the_first_timestamp_is_155_and_later_ones_jitter() -> None:
    twilio = writer(jitter_ms=-2)

    stamps = [json.loads(twilio.media(b"a", at))["media"]["timestamp"] for at in (0, 20, 40)]

    assert stamps == ["155", "173", "193"]


def test_the_product_reads_all_of_it() -> None:
    twilio = writer()
    stream = Stream()

    messages = [
        message
        for text in (
            twilio.connected(),
            twilio.start(),
            twilio.media(b"\x00" * 160, 0),
            twilio.mark('a "b"'),
            twilio.dtmf("#"),
            twilio.stop(),
        )
        for message in stream.receive_text(text)
    ]

    payload = b64encode(b"\x00" * 160).decode()
    assert messages == [
        Connected(),
        Start("MZ1", "CA1", "AC1", ("inbound",), "audio/x-mulaw", 8000, 1, {"token": "t"}),
        Media(155, payload, 1),
        Mark('a "b"'),
        Dtmf("#"),
        Stop(),
    ]
    assert not stream.ignored


def test_it_reads_all_that_the_product_writes() -> None:
    stream = Stream()
    stream.receive_text(writer().start())
    (media,) = stream.media(b64encode(b"abc").decode())

    assert read(media, "MZ1") == PlayAudio(b"abc")
    assert read(stream.mark("m"), "MZ1") == QueueMark("m")
    assert read(stream.clear(), "MZ1") == ClearAudio()


@pytest.mark.parametrize(
    "message",
    [
        "",
        "[]",
        '{"event":"clear"}',
        '{"event":"clear","streamSid":"MZ2"}',
        '{"event":"clear","streamSid":"MZ1","more":1}',
        '{"event":"mark","streamSid":"MZ1","mark":{}}',
        '{"event":"mark","streamSid":"MZ1","mark":{"name":"a","at":1}}',
        '{"event":"media","streamSid":"MZ1","media":{"payload":"!"}}',
        '{"event":"media","streamSid":"MZ1","media":{"payload":"////","track":"outbound"}}',
        '{"event":"media","streamSid":"MZ1","sequenceNumber":"1","media":{"payload":"////"}}',
        '{"event":"stop","streamSid":"MZ1"}',
        '{"event":7,"streamSid":"MZ1"}',
    ],
)
def test_a_message_with_anything_missing_or_too_much_is_a_fault(message: str) -> None:
    assert isinstance(read(message, "MZ1"), Fault)
