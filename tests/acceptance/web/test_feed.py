"""The live feed as an ASGI application: what a client gets, and what becomes of a stuck one."""

from __future__ import annotations

import asyncio

import pytest
from starlette.types import Message

from dialplan.runtime.live import MOST_LISTENERS, LiveCalls
from dialplan.web.feed import Feed

SCOPE = {"type": "http", "asgi": {"spec_version": "2.3"}, "method": "GET", "path": "/"}


def feed(live: LiveCalls, **limits: float) -> Feed:
    listener = live.listen()
    assert listener is not None
    return Feed(live, listener, **limits)


async def never() -> Message:
    await asyncio.Event().wait()
    raise AssertionError


def free(live: LiveCalls) -> int:
    """How many may listen now."""
    taken = [one for _ in range(MOST_LISTENERS + 1) if (one := live.listen()) is not None]
    for one in taken:
        live.forget(one)
    return len(taken)


async def test_a_quiet_feed_sends_a_comment_now_and_then() -> None:
    live = LiveCalls()
    sent: list[bytes] = []

    async def send(message: Message) -> None:
        sent.append(message.get("body", b""))
        if sent.count(b": still here\n\n") == 3:
            live.close()

    async with asyncio.timeout(30):
        await feed(live, heartbeat_s=0.02)(SCOPE, never, send)

    assert b"event: lost" in b"".join(sent)


async def test_a_client_that_takes_nothing_is_given_up_and_forgotten(
    caplog: pytest.LogCaptureFixture,
) -> None:
    live = LiveCalls()

    async def stuck(message: Message) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    async with asyncio.timeout(30):
        await feed(live, send_s=0.05)(SCOPE, never, stuck)

    assert free(live) == MOST_LISTENERS
    assert "live client does not read" in caplog.messages


async def test_a_client_that_leaves_is_forgotten() -> None:
    live = LiveCalls()

    async def left() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        await asyncio.sleep(0)

    async with asyncio.timeout(30):
        await feed(live)(SCOPE, left, send)

    assert free(live) == MOST_LISTENERS
