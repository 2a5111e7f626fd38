from __future__ import annotations

import io
import wave
from typing import Any

import httpx

from dialplan.emulators.twilio.carrier import Carrier
from dialplan.emulators.twilio.record import CallRecord
from dialplan.protocols.audio import decode

from .conftest import CLINIC, ORIGIN, PATIENT, STREAM_URL, TOKEN, Leg, Server, tone


class Speaker:
    """A caller that speaks for 400 ms, then is silent."""

    def heard(self, audio: bytes, now_ms: int) -> None:
        """Nothing."""

    def digits(self, now_ms: int) -> str:
        return ""

    def frame(self, now_ms: int) -> bytes | None:
        return tone(20) if now_ms < 400 else None

    def wants_to_hang_up(self, now_ms: int) -> bool:
        return False


def client(carrier: Carrier) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=f"{carrier.rest_url}/2010-04-01/Accounts/{carrier.account_sid}",
        auth=(carrier.account_sid, TOKEN),
    )


async def place(carrier: Carrier) -> CallRecord:
    return await carrier.place(to=CLINIC, from_=PATIENT, caller=Speaker(), limit_s=60)


async def test_a_recording_can_be_fetched_and_deleted_once(
    carrier: Carrier, server: Server
) -> None:
    server.answers["/voice"] = '<Record action="/after" timeout="1" playBeep="false"/>'
    (recording,) = (await place(carrier)).recordings

    async with client(carrier) as api:
        about = await api.get(f"/Recordings/{recording.sid}.json")
        audio = await api.get(f"/Recordings/{recording.sid}.wav")
        deleted = [await api.delete(f"/Recordings/{recording.sid}.json") for _ in range(2)]

    assert (about.json()["duration"], about.json()["source"]) == ("1", "RecordVerb")
    with wave.open(io.BytesIO(audio.content), "rb") as file:
        assert file.readframes(file.getnframes()) == decode(recording.audio)
    assert [answer.status_code for answer in deleted] == [204, 404]


async def test_the_notifications_of_a_call_are_listed(carrier: Carrier, server: Server) -> None:
    server.answers["/voice"] = "<Gather/>"
    record = await place(carrier)

    async with client(carrier) as api:
        listed = await api.get(f"/Calls/{record.call_sid}/Notifications.json")

    (entry,) = listed.json()["notifications"]
    assert (entry["error_code"], entry["log"]) == ("12200", "1")


async def test_a_call_is_redirected_to_a_url(carrier: Carrier, server: Server) -> None:
    answers: list[tuple[int, dict[str, Any]]] = []

    async def drive(leg: Leg) -> None:
        sid = (await leg.until("start"))["start"]["callSid"]
        async with client(carrier) as api:
            for form in (
                {"Url": "/relative"},
                {"Twiml": "<Response"},
                {"Twiml": "x" * 4001},
                {"Status": "bogus"},
                {"Status": "canceled"},
                {"Url": f"{ORIGIN}/next"},
            ):
                answer = await api.post(f"/Calls/{sid}.json", data=form)
                answers.append((answer.status_code, answer.json()))
        await leg.rest()

    server.drive = drive
    server.answers |= {
        "/voice": f'<Connect><Stream url="{STREAM_URL}"/></Connect>',
        "/next": "<Say>ok</Say>",
    }

    record = await place(carrier)

    assert [(status, body.get("code")) for status, body in answers] == [
        (400, 21205),
        (400, 12100),
        (400, 21240),
        (400, 21218),
        (200, None),
        (200, None),
    ]
    assert tone(80) in record.agent_audio
    assert server.of("/next")[0]["CallStatus"] == "in-progress"


async def test_requests_that_are_not_understood_are_refused(carrier: Carrier) -> None:
    async with client(carrier) as api:
        timeout = await api.post(
            "/Calls.json",
            data={"To": PATIENT, "From": CLINIC, "Url": f"{ORIGIN}/x", "Timeout": "soon"},
        )
        fields = await api.post("/Messages.json", content="a=1&" * 2000)
        unknown = await api.get("/Conferences.json")
        message = await api.get("/Messages/SM1.json")
        basic = await api.get("/Calls.json", headers={"Authorization": "Basic ???"}, auth=None)

    assert (timeout.status_code, timeout.json()["code"]) == (400, 20001)
    assert (fields.status_code, fields.json()["code"]) == (400, 20001)
    assert (unknown.status_code, unknown.json()["code"]) == (404, 20404)
    assert message.json()["code"] == 20404
    assert (basic.status_code, basic.json()["code"]) == (401, 20003)
