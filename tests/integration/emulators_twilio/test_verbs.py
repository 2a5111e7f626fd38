from __future__ import annotations

import io
import wave

import pytest
from starlette.responses import Response

from dialplan.emulators.twilio.carrier import Carrier
from dialplan.emulators.twilio.record import CallRecord
from dialplan.protocols.audio import decode

from .conftest import CLINIC, ORIGIN, PATIENT, STREAM_URL, Leg, Server, tone


class Presser:
    """A caller that presses one key, and never hangs up."""

    def __init__(self, key: str = "", at_ms: int = 0) -> None:
        self._key = key
        self._at_ms = at_ms

    def heard(self, audio: bytes, now_ms: int) -> None:
        """Nothing."""

    def digits(self, now_ms: int) -> str:
        return self._key if now_ms == self._at_ms else ""

    def frame(self, now_ms: int) -> bytes | None:
        return tone(20)

    def wants_to_hang_up(self, now_ms: int) -> bool:
        return False


async def place(carrier: Carrier, caller: Presser | None = None) -> CallRecord:
    return await carrier.place(to=CLINIC, from_=PATIENT, caller=caller or Presser(), limit_s=60)


def codes(record: CallRecord) -> list[int]:
    return [notification.code for notification in record.notifications]


def wav(rate: int = 8000) -> Response:
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(decode(tone(200)))
    return Response(content.getvalue(), media_type="audio/wav")


async def test_a_wav_is_played_as_often_as_asked(carrier: Carrier, server: Server) -> None:
    server.answers |= {"/voice": f'<Play loop="2">{ORIGIN}/a.wav</Play>', "/a.wav": wav()}

    record = await place(carrier)

    assert tone(200) + tone(200) in record.agent_audio
    assert codes(record) == []


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (wav(rate=16000), 12300),
        (Response("x", media_type="audio/mpeg"), 12300),
        (Response(status_code=404), 11217),
    ],
)
async def test_what_cannot_be_played_is_reported_and_the_call_goes_on(
    carrier: Carrier, server: Server, answer: Response, code: int
) -> None:
    server.answers |= {"/voice": f"<Play>{ORIGIN}/a</Play><Say>ok</Say>", "/a": answer}

    record = await place(carrier)

    assert codes(record) == [code]
    assert tone(80) in record.agent_audio


@pytest.mark.parametrize(
    "verbs",
    [
        '<Say speed="2">ok</Say>',
        "<Say>ok</Say><Reject/>",
        '<Say>ok</Say><Pause length="-1"/>',
        f"<Say>ok</Say><Say>{'x' * 4097}</Say>",
        "<Say>ok</Say><Connect/>",
        "<Say>ok</Say><Dial><Sip>sip:a@b</Sip><Number>+15550100003</Number></Dial>",
    ],
)
async def test_what_is_not_followed_is_a_warning(
    carrier: Carrier, server: Server, verbs: str
) -> None:
    server.answers["/voice"] = verbs

    record = await place(carrier)

    assert set(codes(record)) == {12200}
    assert tone(80) in record.agent_audio


async def test_a_stream_of_another_track_is_refused(carrier: Carrier, server: Server) -> None:
    server.answers["/voice"] = (
        f'<Connect><Stream url="{STREAM_URL}" track="both_tracks"/></Connect>'
    )

    assert codes(await place(carrier)) == [31941]


async def test_a_parameter_of_500_characters_does_not_reach_the_server(
    carrier: Carrier, server: Server
) -> None:
    async def drive(leg: Leg) -> None:
        await leg.until("start")
        await leg.socket.close()

    server.drive = drive
    server.answers["/voice"] = (
        f'<Connect><Stream url="{STREAM_URL}"><Parameter name="a" value="{"x" * 499}"/>'
        '<Parameter name="b" value="1"/><Other/></Stream></Connect>'
    )

    record = await place(carrier)

    assert codes(record) == [12200, 12200, 31921]
    assert server.legs[0].of("start")[0]["start"]["customParameters"] == {"b": "1"}


async def test_a_key_ends_a_recording_and_is_told(carrier: Carrier, server: Server) -> None:
    server.answers |= {
        "/voice": '<Record action="/recorded" finishOnKey="#" playBeep="false"/>',
        "/recorded": "<Hangup/>",
    }

    await place(carrier, Presser("#", 400))

    assert server.of("/recorded")[0]["Digits"] == "#"


async def test_a_recording_ends_at_its_longest(carrier: Carrier, server: Server) -> None:
    server.answers |= {
        "/voice": '<Record action="/recorded" maxLength="1" playBeep="false"/>',
        "/recorded": "<Hangup/>",
    }

    record = await place(carrier)

    assert len(record.recordings[0].audio) == 8000


@pytest.mark.parametrize(
    ("verbs", "code"),
    [
        ("<Redirect>http://127.0.0.1:1/x</Redirect>", 11205),
        ("<Redirect>ftp://h/x</Redirect>", 11100),
        ("<Redirect>http://[bad/x</Redirect>", 11100),
        ("<Redirect>/loop</Redirect>", 11215),
    ],
)
async def test_an_url_that_cannot_be_asked_goes_to_the_fallback(
    carrier: Carrier, server: Server, verbs: str, code: int
) -> None:
    server.answers |= {
        "/voice": verbs,
        "/loop": Response(status_code=302, headers={"Location": "/loop"}),
        "/fallback": "<Say>ok</Say>",
    }

    record = await place(carrier)

    assert codes(record) == [code]
    assert server.of("/fallback")[0]["ErrorCode"] == str(code)
    assert tone(80) in record.agent_audio


async def test_an_action_may_be_asked_with_get(carrier: Carrier, server: Server) -> None:
    async def drive(leg: Leg) -> None:
        await leg.until("start")
        await leg.socket.close()

    server.drive = drive
    server.answers |= {
        "/voice": f'<Connect action="/next?a=1" method="GET"><Stream url="{STREAM_URL}"/>'
        "</Connect>",
        "/next": "<Hangup/>",
    }

    record = await place(carrier)

    assert codes(record) == [31921]
    assert record.documents[-1].url.startswith(f"{ORIGIN}/next?a=1")
