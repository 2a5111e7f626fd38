"""What reaches a call from elsewhere: REST, a cancelled task, an outbound request."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

import httpx
import pytest

from dialplan.emulators.twilio.carrier import Carrier
from dialplan.emulators.twilio.record import CallRecord
from dialplan.protocols.twilio.twiml import ConnectStream, Dial, Hangup, Say, render
from dialplan.telephony.rest import TwilioRest

from .conftest import CLINIC, ORIGIN, PATIENT, STREAM_URL, TOKEN, Leg, Server, tone

STREAM = render(ConnectStream(STREAM_URL, f"{ORIGIN}/after"), Hangup()).partition("?>")[2][10:-11]
NURSE = "+15550100002"


class Silent:
    """A caller that says nothing and never hangs up."""

    def heard(self, audio: bytes, now_ms: int) -> None:
        """Nothing."""

    def digits(self, now_ms: int) -> str:
        return ""

    def frame(self, now_ms: int) -> bytes | None:
        return None

    def wants_to_hang_up(self, now_ms: int) -> bool:
        return False


def rest(carrier: Carrier, client: httpx.AsyncClient) -> TwilioRest:
    return TwilioRest(
        client,
        base_url=carrier.rest_url,
        account_sid=carrier.account_sid,
        username=carrier.account_sid,
        password=TOKEN,
    )


async def place(carrier: Carrier) -> CallRecord:
    return await carrier.place(to=CLINIC, from_=PATIENT, caller=Silent(), limit_s=60)


async def test_a_redirect_stops_the_stream_and_loses_what_was_queued(
    carrier: Carrier, server: Server
) -> None:
    async def drive(leg: Leg) -> None:
        call_sid = (await leg.until("start"))["start"]["callSid"]
        await leg.media(tone(3000, 300))
        await leg.until("media", 5)
        async with httpx.AsyncClient() as client:
            transfer = render(Say("One moment"), Dial(NURSE, action=f"{ORIGIN}/dialled"))
            await rest(carrier, client).redirect(call_sid, transfer)
        await leg.rest()

    server.drive = drive
    server.answers |= {"/voice": STREAM, "/dialled": "<Hangup/>"}

    record = await place(carrier)

    assert server.legs[0].messages[-1]["event"] == "stop"
    assert not server.of("/after")
    assert [leg.status for leg in record.dialled] == ["completed"]
    assert tone(400) in record.agent_audio
    assert len(record.agent_audio) < 8 * 3000
    assert record.notifications == []


async def test_a_hang_up_over_rest_stops_the_stream(carrier: Carrier, server: Server) -> None:
    async def drive(leg: Leg) -> None:
        call_sid = (await leg.until("start"))["start"]["callSid"]
        async with httpx.AsyncClient() as client:
            await rest(carrier, client).hang_up(call_sid)
            await rest(carrier, client).hang_up(call_sid)
        await leg.rest()

    server.drive = drive
    server.answers["/voice"] = STREAM

    record = await place(carrier)

    assert server.legs[0].messages[-1]["event"] == "stop"
    assert (record.status, record.ended_by) == ("completed", "rest")


async def test_a_dropped_connection_is_told_from_a_close(carrier: Carrier, server: Server) -> None:
    async def drive(leg: Leg) -> None:
        await leg.until("start")
        raise ConnectionResetError

    server.drive = drive
    server.answers["/voice"] = STREAM

    record = await place(carrier)

    # A handler that dies makes this server drop the connection without a closing handshake.
    assert [notification.code for notification in record.notifications] == [31903]
    assert server.of("/after")


async def test_more_than_ten_minutes_of_audio_are_discarded_with_one_warning(
    carrier: Carrier, server: Server
) -> None:
    async def drive(leg: Leg) -> None:
        await leg.until("start")
        for _ in range(9):
            await leg.media(bytes(700_000))
        await leg.clear()
        await leg.mark("after")
        await leg.until("mark")
        await leg.socket.close()

    server.drive = drive
    server.answers["/voice"] = STREAM

    record = await place(carrier)

    assert [notification.code for notification in record.notifications] == [31931, 31921]
    assert record.marks == ["after"]


async def test_a_call_that_is_cancelled_stops_its_stream(carrier: Carrier, server: Server) -> None:
    started = asyncio.Event()

    async def drive(leg: Leg) -> None:
        await leg.until("media")
        started.set()
        await leg.rest()

    server.drive = drive
    server.answers["/voice"] = STREAM
    call = asyncio.create_task(place(carrier))
    await started.wait()

    call.cancel()

    with pytest.raises(asyncio.CancelledError):
        await call
    async with asyncio.timeout(30):
        while server.legs[0].messages[-1]["event"] != "stop":  # noqa: ASYNC110  it has no event
            await asyncio.sleep(0.01)


async def test_an_outbound_call_reports_each_step_that_was_asked_for(
    carrier: Carrier, server: Server
) -> None:
    server.answers["/page"] = "<Say>Press one</Say><Hangup/>"
    form = [
        ("To", NURSE),
        ("From", CLINIC),
        ("Url", f"{ORIGIN}/page"),
        ("StatusCallback", f"{ORIGIN}/progress"),
        *(("StatusCallbackEvent", event) for event in ("initiated", "ringing", "answered")),
        ("StatusCallbackEvent", "completed"),
    ]

    async with httpx.AsyncClient(auth=(carrier.account_sid, TOKEN)) as client:
        url = f"{carrier.rest_url}/2010-04-01/Accounts/{carrier.account_sid}/Calls.json"
        created = await client.post(
            url,
            content=urlencode(form),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
    for _ in range(1500):
        if len(server.of("/progress")) == 4:
            break
        await asyncio.sleep(0.02)

    assert created.json()["status"] == "queued"
    assert [step["CallStatus"] for step in server.of("/progress")] == [
        "initiated",
        "ringing",
        "in-progress",
        "completed",
    ]
    assert [step["SequenceNumber"] for step in server.of("/progress")] == ["0", "1", "2", "3"]
    (page,) = server.of("/page")
    assert (page["Direction"], page["CallStatus"]) == ("outbound-api", "in-progress")
    assert "CallToken" not in page


async def test_a_call_that_is_never_answered_has_no_audio(carrier: Carrier, server: Server) -> None:
    server.answers["/voice"] = "<Pause length='30'/>"

    record = await carrier.place(to=CLINIC, from_=PATIENT, caller=Silent(), limit_s=0.2)

    assert (record.status, record.agent_audio) == ("no-answer", b"")
