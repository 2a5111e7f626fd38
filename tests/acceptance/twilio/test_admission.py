"""Who is let onto the media socket, and who is turned away with one line in the log."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any

import pytest
from tests.stillness import watched
from websockets.exceptions import ConnectionClosed, InvalidStatus

from dialplan.protocols.twilio.signature import sign
from dialplan.store.facts import CallBegan

NUMBER = "+15550100021"
CALLER = "+15550107788"
Desk = Callable[..., AbstractAsyncContextManager[Any]]


def refusals(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the reasons of all refusals, having made sure that no line tells of the caller."""
    found = [
        record
        for record in caplog.records
        if record.name.startswith("dialplan.") and record.levelno >= logging.WARNING
    ]
    for record in found:
        assert CALLER not in str(vars(record))
        assert not record.exc_info, record
    return [f"{record.getMessage()}: {vars(record).get('reason')}" for record in found]


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "no `x-twilio-signature` header"),
        ({"X-Twilio-Signature": "bm90IGEgc2lnbmF0dXJl"}, "does not match"),
        ({"X-Twilio-Signature": ""}, "does not match"),
        ({"X-Twilio-Signature": "\u00fcmlaut".encode().decode("latin-1")}, "does not match"),
        ({"X-Twilio-Signature": sign("other token", "ws://127.0.0.1/twilio/media", [])}, "match"),
    ],
)
async def test_a_bad_or_missing_signature_is_refused_before_101(
    desk: Desk, caplog: pytest.LogCaptureFixture, headers: dict[str, str], reason: str
) -> None:
    async with desk() as site:
        url = f"{site.origin.replace('http', 'ws')}/twilio/media"
        with pytest.raises(InvalidStatus) as refused:
            await site.open(url, additional_headers=headers)

    assert refused.value.response.status_code == 403
    assert len(refusals(caplog)) == 1
    assert reason in refusals(caplog)[0]


async def test_a_token_that_is_missing_replayed_or_of_another_call_closes_the_socket(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    async with desk() as site, AsyncExitStack() as stack:
        running = await stack.enter_async_context(site.stream(NUMBER))
        await running.begin()
        await running.hears("Hello there.")
        other, third = await site.invite(NUMBER), await site.invite(NUMBER)
        token = running.token
        before = len(refusals(caplog))

        for sid, parameters in (
            (other.call_sid, {}),
            (other.call_sid, {"token": "1.2.3"}),
            (running.call_sid, {"token": token}),
            (other.call_sid, {"token": token}),
            (other.call_sid, {"token": third.token}),
            ("CA" + secrets.token_hex(16), {"token": other.token}),
        ):
            impostor = await stack.enter_async_context(site.stream(NUMBER))
            await impostor.connected()
            await impostor.start(callSid=sid, customParameters=parameters)
            async with asyncio.timeout(30):
                await impostor.closed.wait()
            assert impostor.received == []

        reasons = refusals(caplog)[before:]
        assert len(reasons) == 6
        assert all(reason.startswith("stream refused: ") for reason in reasons)
        assert reasons[2].endswith("used before")
        assert len(site.of(CallBegan)) == 1
        await running.speak("Still there.")
        assert not running.closed.is_set()


async def test_a_token_opens_one_socket_of_two_that_race(desk: Desk) -> None:
    async with desk() as site, AsyncExitStack() as stack:
        invitation = await site.invite(NUMBER)
        streams = [await stack.enter_async_context(site.stream(NUMBER)) for _ in range(2)]
        for one in streams:
            one.call_sid, one.token = invitation.call_sid, invitation.token

        await asyncio.gather(*(one.begin() for one in streams))

        async with asyncio.timeout(30):
            closing = [asyncio.create_task(one.closed.wait()) for one in streams]
            _, open_ = await asyncio.wait(closing, return_when=asyncio.FIRST_COMPLETED)
        # Long enough for the other one to be closed too, if it were.
        await asyncio.sleep(0.5)
        assert [one.done() for one in open_] == [False]
        open_.pop().cancel()
        assert len(site.of(CallBegan)) == 1


async def test_a_socket_without_a_start_for_five_seconds_is_closed(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    async with desk() as site:
        silent, greets, pings = [await site.open((await site.invite(NUMBER)).url) for _ in range(3)]
        await greets.send('{"event":"connected","protocol":"Call","version":"1.0.0"}')

        async def ping() -> None:
            while True:
                await pings.ping()
                await asyncio.sleep(0.2)

        async with watched() as stillness, asyncio.timeout(30):
            began = time.monotonic()
            for socket in (silent, greets):
                with pytest.raises(ConnectionClosed):
                    await socket.recv()
            with pytest.raises(ConnectionClosed):
                await ping()
            ended = time.monotonic()

    assert ended - began - stillness.seconds(began, ended) < 7
    assert refusals(caplog) == ["stream refused: no start within 5.0 s"] * 3


async def test_a_flood_of_frames_before_start_closes_the_socket(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    async with desk() as site, site.stream(NUMBER) as stream:
        for _ in range(10):
            await stream.socket.send("garbage")

        async with asyncio.timeout(30):
            await stream.closed.wait()

    assert refusals(caplog) == ["stream refused: no start among the first 10 frames"]


async def test_a_media_format_that_is_not_mulaw_8000_mono_is_refused(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    mulaw = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
    async with desk() as site:
        for change in ({"encoding": "audio/x-l16"}, {"sampleRate": 16000}, {"channels": 2}):
            async with site.stream(NUMBER) as stream:
                await stream.connected()
                await stream.start(mediaFormat={**mulaw, **change})
                async with asyncio.timeout(30):
                    await stream.closed.wait()
                assert stream.received == []

    assert len(refusals(caplog)) == 3
    assert all("expected mediaFormat `audio/x-mulaw 8000 1`" in one for one in refusals(caplog))


async def test_a_call_that_ends_before_its_stream_lets_go_of_the_model(desk: Desk) -> None:
    async with desk() as site:
        await site.webhook("/healthz")
        before = site.in_use()
        invitation = await site.invite(NUMBER)
        async with asyncio.timeout(30):
            while site.in_use() <= before:  # noqa: ASYNC110  of the process, no task's
                await asyncio.sleep(0.02)
        await site.webhook(
            "/twilio/status", CallSid=invitation.call_sid, To=NUMBER, CallStatus="completed"
        )

        assert await site.settled(before) <= before
