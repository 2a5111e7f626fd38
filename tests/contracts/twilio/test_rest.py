"""Twilio's official REST client, and ours, against the emulated account."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from twilio.base.exceptions import TwilioRestException  # type: ignore[import-untyped]  # no types
from twilio.rest import Client  # type: ignore[import-untyped]  # no types

from dialplan.emulators.twilio.carrier import Carrier
from dialplan.emulators.twilio.record import RecordingTaken
from dialplan.errors import TelephonyError
from dialplan.protocols.twilio.twiml import Dial, Hangup, Pause, render
from dialplan.telephony.rest import TwilioRest

from .conftest import ACCOUNT, CLINIC, NURSE, TOKEN, Rehosted

WAIT = render(Pause(30))


async def reaches(carrier: Carrier, sid: str, *statuses: str) -> None:
    for _ in range(3000):
        if carrier.calls[sid].record.status in statuses:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"call is still {carrier.calls[sid].record.status}")


async def talking(carrier: Carrier, sid: str) -> None:
    await reaches(carrier, sid, "in-progress")


async def over(carrier: Carrier, sid: str) -> None:
    await reaches(carrier, sid, "completed", "busy", "no-answer", "failed", "canceled")


def ours(carrier: Carrier, client: httpx.AsyncClient, password: str = TOKEN) -> TwilioRest:
    return TwilioRest(
        client,
        base_url=carrier.rest_url,
        account_sid=ACCOUNT,
        username=ACCOUNT,
        password=password,
    )


async def test_the_sdk_makes_fetches_redirects_and_ends_a_call(
    carrier: Carrier, sdk: Client
) -> None:
    created = await asyncio.to_thread(
        sdk.calls.create,
        to=NURSE,
        from_=CLINIC,
        twiml=WAIT,
        timeout=20,
        status_callback_event=["initiated", "completed"],
    )
    await talking(carrier, created.sid)
    fetched = await asyncio.to_thread(sdk.calls(created.sid).fetch)
    record = carrier.calls[created.sid].record
    await asyncio.to_thread(sdk.calls(created.sid).update, twiml=WAIT)
    async with asyncio.timeout(30):
        while len(record.documents) < 2:  # noqa: ASYNC110  it has no event
            await asyncio.sleep(0.01)
    await asyncio.to_thread(sdk.calls(created.sid).update, status="completed")
    await over(carrier, created.sid)

    assert (created.status, created.direction, created.to) == ("queued", "outbound-api", NURSE)
    assert (fetched.status, fetched._from) == ("in-progress", CLINIC)
    assert len(record.documents) == 2
    assert (record.status, record.ended_by) == ("completed", "rest")


async def test_the_sdk_sees_a_busy_destination(carrier: Carrier, sdk: Client) -> None:
    created = await asyncio.to_thread(sdk.calls.create, to="+15550100003", from_=CLINIC, twiml=WAIT)
    await over(carrier, created.sid)

    assert (await asyncio.to_thread(sdk.calls(created.sid).fetch)).status == "busy"


async def test_the_sdk_lists_calls(carrier: Carrier, sdk: Client) -> None:
    created = await asyncio.to_thread(sdk.calls.create, to=NURSE, from_=CLINIC, twiml=WAIT)

    listed = await asyncio.to_thread(sdk.calls.list)

    assert [call.sid for call in listed] == [created.sid]


async def test_the_sdk_cancels_a_call_that_rings(carrier: Carrier, sdk: Client) -> None:
    created = await asyncio.to_thread(sdk.calls.create, to="+15550100004", from_=CLINIC, twiml=WAIT)

    await asyncio.to_thread(sdk.calls(created.sid).update, status="canceled")
    await over(carrier, created.sid)

    assert (await asyncio.to_thread(sdk.calls(created.sid).fetch)).status == "canceled"


async def test_the_sdk_sends_and_lists_messages(carrier: Carrier, sdk: Client) -> None:
    sent = await asyncio.to_thread(sdk.messages.create, to=NURSE, from_=CLINIC, body="Hi é")
    listed = await asyncio.to_thread(sdk.messages.list)
    fetched = await asyncio.to_thread(sdk.messages(sent.sid).fetch)

    assert (sent.status, sent.body, sent.date_created.year > 2020) == ("queued", "Hi é", True)
    assert [message.sid for message in listed] == [sent.sid]
    assert fetched.to == NURSE
    assert carrier.messages[0].body == "Hi é"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"to": "12", "from_": CLINIC, "body": "x"}, 21211),
        ({"to": NURSE, "from_": "+15550109999", "body": "x"}, 21606),
        ({"to": NURSE, "from_": CLINIC, "body": "x" * 1601}, 21617),
        ({"to": NURSE, "from_": CLINIC}, 21602),
        ({"to": NURSE, "body": "x"}, 21603),
    ],
)
async def test_the_sdk_surfaces_our_message_errors(
    sdk: Client, fields: dict[str, str], code: int
) -> None:
    with pytest.raises(TwilioRestException) as refusal:
        await asyncio.to_thread(sdk.messages.create, **fields)

    assert (refusal.value.status, refusal.value.code) == (400, code)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"to": "", "from_": CLINIC, "twiml": WAIT}, 21201),
        ({"to": "12", "from_": CLINIC, "twiml": WAIT}, 21211),
        ({"to": NURSE, "from_": "", "twiml": WAIT}, 21213),
        ({"to": NURSE, "from_": "+15550109999", "twiml": WAIT}, 21210),
        ({"to": NURSE, "from_": CLINIC}, 21205),
        ({"to": NURSE, "from_": CLINIC, "url": "/voice"}, 21205),
    ],
)
async def test_the_sdk_surfaces_our_call_errors(
    sdk: Client, fields: dict[str, str], code: int
) -> None:
    with pytest.raises(TwilioRestException) as refusal:
        await asyncio.to_thread(sdk.calls.create, **fields)

    assert (refusal.value.status, refusal.value.code) == (400, code)


async def test_a_relative_action_in_inline_twiml_is_refused(carrier: Carrier, sdk: Client) -> None:
    created = await asyncio.to_thread(sdk.calls.create, to=NURSE, from_=CLINIC, twiml=WAIT)
    await talking(carrier, created.sid)

    with pytest.raises(TwilioRestException) as refusal:
        await asyncio.to_thread(
            sdk.calls(created.sid).update, twiml=render(Dial(NURSE, action="/after"))
        )
    assert refusal.value.code == 15004


async def test_an_ended_and_an_unknown_call_have_their_codes(carrier: Carrier, sdk: Client) -> None:
    created = await asyncio.to_thread(
        sdk.calls.create, to=NURSE, from_=CLINIC, twiml=render(Hangup())
    )
    await over(carrier, created.sid)

    with pytest.raises(TwilioRestException) as ended:
        await asyncio.to_thread(sdk.calls(created.sid).update, twiml=WAIT)
    with pytest.raises(TwilioRestException) as unknown:
        await asyncio.to_thread(sdk.calls("CA" + "9" * 32).fetch)
    assert (ended.value.status, ended.value.code) == (400, 21220)
    assert (unknown.value.status, unknown.value.code) == (404, 20404)


async def test_wrong_credentials_are_refused(carrier: Carrier) -> None:
    stranger = Client(ACCOUNT, "wrong", http_client=Rehosted(carrier.rest_url))

    with pytest.raises(TwilioRestException) as refusal:
        await asyncio.to_thread(stranger.messages.create, to=NURSE, from_=CLINIC, body="x")
    assert (refusal.value.status, refusal.value.code) == (401, 20003)


async def test_an_api_key_opens_the_account(carrier: Carrier) -> None:
    keyed = Client("SK" + "2" * 32, "key secret", ACCOUNT, http_client=Rehosted(carrier.rest_url))

    assert await asyncio.to_thread(keyed.messages.list) == []


async def test_another_account_is_not_found(carrier: Carrier) -> None:
    stranger = Client(ACCOUNT, TOKEN, "AC" + "3" * 32, http_client=Rehosted(carrier.rest_url))

    with pytest.raises(TwilioRestException) as refusal:
        await asyncio.to_thread(stranger.messages.create, to=NURSE, from_=CLINIC, body="x")
    assert refusal.value.code == 20404


async def test_our_client_redirects_and_hangs_up(carrier: Carrier, sdk: Client) -> None:
    created = await asyncio.to_thread(sdk.calls.create, to=NURSE, from_=CLINIC, twiml=WAIT)
    await talking(carrier, created.sid)

    async with httpx.AsyncClient() as client:
        rest = ours(carrier, client)
        await rest.redirect(created.sid, render(Pause(20)))
        await rest.hang_up(created.sid)
        await over(carrier, created.sid)
        await rest.hang_up(created.sid)
        await rest.hang_up("CA" + "9" * 32)
        with pytest.raises(TelephonyError) as refusal:
            await rest.redirect(created.sid, WAIT)

    assert refusal.value.code == 21220
    assert carrier.calls[created.sid].record.ended_by == "rest"


async def test_our_client_sends_messages_and_surfaces_errors(carrier: Carrier) -> None:
    async with httpx.AsyncClient() as client:
        sid = await ours(carrier, client).send_message(to=NURSE, from_=CLINIC, body="Hi")
        with pytest.raises(TelephonyError) as refusal:
            await ours(carrier, client, "wrong").send_message(to=NURSE, from_=CLINIC, body="Hi")

    assert [message.sid for message in carrier.messages] == [sid]
    assert (refusal.value.status, refusal.value.code) == (401, 20003)


async def test_the_sdk_fetches_lists_and_deletes_a_recording(carrier: Carrier, sdk: Client) -> None:
    created = await asyncio.to_thread(sdk.calls.create, to=NURSE, from_=CLINIC, twiml=WAIT)
    taken = RecordingTaken("RE" + "7" * 32, created.sid, b"\xff" * 16_000)
    carrier.recordings[taken.sid] = taken

    fetched = await asyncio.to_thread(sdk.recordings(taken.sid).fetch)
    listed = await asyncio.to_thread(sdk.recordings.list, call_sid=created.sid)
    deleted = await asyncio.to_thread(sdk.recordings(taken.sid).delete)

    assert (fetched.sid, fetched.call_sid, fetched.duration) == (taken.sid, created.sid, "2")
    assert (fetched.status, fetched.channels) == ("completed", 1)
    assert [one.sid for one in listed] == [taken.sid]
    assert deleted
    with pytest.raises(TwilioRestException) as gone:
        await asyncio.to_thread(sdk.recordings(taken.sid).fetch)
    assert (gone.value.status, gone.value.code) == (404, 20404)
