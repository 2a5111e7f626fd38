from __future__ import annotations

import pytest

from dialplan.errors import ProtocolError
from dialplan.protocols.twilio.messages import (
    Connected,
    Dtmf,
    Mark,
    Media,
    Start,
    Stop,
    Unknown,
    decode,
    parse,
)

START = (
    '{"event":"start","sequenceNumber":"1","start":{"accountSid":"AC1","streamSid":"MZ1",'
    '"callSid":"CA1","tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-mulaw",'
    '"sampleRate":8000,"channels":1},"customParameters":{"token":"t","n":3}},"streamSid":"MZ1"}'
)


def media(payload: str = "////", timestamp: str = '"155"', track: str = '"inbound"') -> str:
    return (
        '{"event":"media","sequenceNumber":"2","streamSid":"MZ1","media":{"track":' + track + ","
        '"chunk":"1","timestamp":' + timestamp + ',"payload":"' + payload + '"}}'
    )


def test_connected_is_read() -> None:
    assert parse('{"event":"connected","protocol":"Call","version":"1.0.0"}') == Connected()


def test_start_is_read_and_keeps_only_text_parameters() -> None:
    assert parse(START) == Start(
        "MZ1", "CA1", "AC1", ("inbound",), "audio/x-mulaw", 8000, 1, {"token": "t"}
    )


def test_media_with_numbers_as_strings_is_read() -> None:
    assert parse(media()) == Media(155, "////", 1)


def test_media_with_numbers_as_numbers_is_read() -> None:
    assert parse(media(timestamp="171")) == Media(171, "////", 1)


def test_media_of_157_bytes_is_read() -> None:
    payload = "/" * 208 + "/w=="

    assert parse(media(payload)) == Media(155, payload, 1)


def test_media_of_the_outbound_track_is_not_caller_audio() -> None:
    assert parse(media(track='"outbound"')) == Unknown("media of another track")


def test_the_stream_sid_of_a_message_is_told() -> None:
    assert decode(media())[0] == "MZ1"
    assert decode('{"event":"connected","streamSid":4}')[0] is None


def test_mark_dtmf_and_stop_are_read() -> None:
    assert parse('{"event":"mark","mark":{"name":"m1"}}') == Mark("m1")
    assert parse('{"event":"dtmf","dtmf":{"track":"inbound_track","digit":"#"}}') == Dtmf("#")
    assert parse('{"event":"stop","stop":{"callSid":"CA1"}}') == Stop()


def test_an_event_of_a_new_kind_is_unknown_and_its_name_is_cut() -> None:
    assert parse('{"event":"' + "x" * 500 + '","more":[1]}') == Unknown("x" * 40)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "[]",
        "1",
        "{}",
        '{"event":7}',
        '{"event":"media"}',
        '{"event":"media","media":{}}',
        media(payload="not base64!"),
        media(payload="abc"),
        media(timestamp='"-1"'),
        media(timestamp='"٣"'),
        media(timestamp="true"),
        media(timestamp='"' + "9" * 19 + '"'),
        '{"event":"mark","mark":{"name":null}}',
        '{"event":"dtmf","dtmf":[]}',
        '{"event":"start","start":{"streamSid":"MZ1"}}',
        START.replace('["inbound"]', '"inbound"'),
        START.replace('{"token":"t","n":3}', "[1]"),
        START.replace('"sampleRate":8000', '"sampleRate":8.5'),
    ],
)
def test_what_is_not_a_message_is_refused(text: str) -> None:
    with pytest.raises(ProtocolError):
        parse(text)


def test_an_error_does_not_repeat_what_the_peer_sent() -> None:
    with pytest.raises(ProtocolError) as refusal:
        parse("my card number is 4242")

    assert "4242" not in str(refusal.value)
