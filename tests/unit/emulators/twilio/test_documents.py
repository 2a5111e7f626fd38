from __future__ import annotations

import pytest

from dialplan.emulators.twilio.documents import TwimlFault, Verb, read
from dialplan.protocols.twilio.twiml import ConnectStream, Hangup, Say, render


def test_verbs_and_nouns_are_read_as_the_product_writes_them() -> None:
    document = render(
        Say("Hi & bye"), ConnectStream("wss://h/m", "https://h/a", {"token": "<1>"}), Hangup()
    )

    parameter = Verb("Parameter", "", {"name": "token", "value": "<1>"}, ())
    stream = Verb("Stream", "", {"url": "wss://h/m"}, (parameter,))
    assert read(document) == (
        Verb("Say", "Hi & bye", {}, ()),
        Verb("Connect", "", {"action": "https://h/a", "method": "POST"}, (stream,)),
        Verb("Hangup", "", {}, ()),
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", 12100),
        ("<Response>", 12100),
        ("<response/>", 12100),
        ('<!DOCTYPE r [<!ENTITY a "b">]><Response>&a;</Response>', 12100),
        (f"<Response>{' ' * 65536}</Response>", 11750),
    ],
)
def test_what_twilio_cannot_follow_has_its_code(text: str, code: int) -> None:
    with pytest.raises(TwimlFault) as fault:
        read(text)

    assert fault.value.code == code
