from __future__ import annotations

from xml.etree import ElementTree

import pytest

from dialplan.protocols.twilio.twiml import (
    ConnectStream,
    Dial,
    Hangup,
    Pause,
    Play,
    Record,
    Redirect,
    Reject,
    Say,
    Verb,
    render,
)

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'


@pytest.mark.parametrize(
    ("verb", "xml"),
    [
        (Say("Hi & <bye>"), "<Say>Hi &amp; &lt;bye&gt;</Say>"),
        (
            Say("Hallo", "Polly.Vicki", "de-DE"),
            '<Say voice="Polly.Vicki" language="de-DE">Hallo</Say>',
        ),
        (Play("https://h/a.wav"), "<Play>https://h/a.wav</Play>"),
        (Pause(3), '<Pause length="3" />'),
        (Hangup(), "<Hangup />"),
        (
            Redirect("https://h/x?a=1&b=2"),
            '<Redirect method="POST">https://h/x?a=1&amp;b=2</Redirect>',
        ),
        (Reject("busy"), '<Reject reason="busy" />'),
        (Dial("+15550001111"), "<Dial><Number>+15550001111</Number></Dial>"),
        (
            Dial(("+1", "+2"), 20, "https://h/after", "+3", True, 600),
            '<Dial timeout="20" timeLimit="600" action="https://h/after" method="POST" '
            'callerId="+3" answerOnBridge="true"><Number>+1</Number><Number>+2</Number></Dial>',
        ),
        (
            Record("https://h/rec", play_beep=False, recording_status_callback="https://h/cb"),
            '<Record action="https://h/rec" method="POST" maxLength="120" timeout="5" '
            'playBeep="false" recordingStatusCallback="https://h/cb" />',
        ),
        (
            ConnectStream("wss://h/media", "https://h/after", {"token": 'a"<b'}),
            '<Connect action="https://h/after" method="POST"><Stream url="wss://h/media">'
            '<Parameter name="token" value="a&quot;&lt;b" /></Stream></Connect>',
        ),
        (
            ConnectStream("ws://127.0.0.1:8080/media", status_callback="https://h/s", name="leg"),
            '<Connect><Stream url="ws://127.0.0.1:8080/media" name="leg" '
            'statusCallback="https://h/s" statusCallbackMethod="POST" /></Connect>',
        ),
    ],
)
def test_a_verb_is_written_as_documented(verb: Verb, xml: str) -> None:
    assert render(verb) == f"{HEAD}<Response>{xml}</Response>"


def test_verbs_keep_their_order() -> None:
    document = ElementTree.fromstring(render(Say("a"), Pause(), Hangup()).split("?>")[1])  # noqa: S314 - our own text

    assert [verb.tag for verb in document] == ["Say", "Pause", "Hangup"]


def test_characters_that_xml_forbids_become_spaces() -> None:
    assert "<Say>a b c </Say>" in render(Say("a\x00b\x1bc\ud800"))


@pytest.mark.parametrize(
    ("verb", "reason"),
    [
        (ConnectStream("wss://h/media?token=1"), "without `\\?`"),
        (ConnectStream("ws://h/media"), "scheme `wss`"),
        (ConnectStream("https://h/media"), "scheme `wss`"),
        (ConnectStream("/media"), "absolute"),
        (ConnectStream("wss://h/m", parameters={"token": "x" * 495}), "under 500"),
        (Dial(()), "1 to 10 numbers"),
        (Dial(("+1",) * 11), "1 to 10 numbers"),
        (Say("x" * 4097), "4096"),
    ],
)
def test_what_twilio_would_refuse_is_refused_here(verb: Verb, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        render(verb)


def test_a_parameter_just_under_the_limit_is_written() -> None:
    assert 'value="xxx' in render(ConnectStream("wss://h/m", parameters={"token": "x" * 494}))


def test_a_late_reject_is_refused() -> None:
    with pytest.raises(ValueError, match="first verb"):
        render(Say("a"), Reject())


def test_a_document_of_64_kilobytes_is_refused() -> None:
    with pytest.raises(ValueError, match="under 65536 bytes"):
        render(*(Say("é" * 4096),) * 9)
