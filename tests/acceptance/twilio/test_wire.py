"""Webhooks as they come over a real connection: half open, cut off, endless."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from tests.stillness import watched

from dialplan.web.signed import BODY_S

Desk = Callable[..., AbstractAsyncContextManager[Any]]
HEAD = (
    b"POST /twilio/voice HTTP/1.1\r\nHost: h\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n"
)


async def _open(site: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", int(site.origin.rpartition(":")[2]))


async def test_a_form_that_does_not_come_or_is_cut_off_holds_nothing_up(desk: Desk) -> None:
    async with desk() as site:
        await site.webhook("/twilio/voice")
        before = site.in_use()
        waiting, writer = await _open(site)
        writer.write(HEAD % 100 + b"CallSid=")
        _, cut = await _open(site)
        cut.write(HEAD % 100 + b"CallSid=")
        await cut.drain()
        cut.transport.abort()

        async with watched() as stillness, asyncio.timeout(30):
            began = time.monotonic()
            status = await waiting.readline()
            ended = time.monotonic()

        assert b"408" in status
        assert ended - began - stillness.seconds(began, ended) < BODY_S + 3
        writer.close()
        assert await site.settled(before) <= before
        assert (await site.client.get(f"{site.origin}/healthz")).status_code == 200


async def test_a_form_without_an_end_is_refused_before_it_fills_the_memory(desk: Desk) -> None:
    async with desk() as site:
        reader, writer = await _open(site)
        writer.write(HEAD % 1_000_000_000 + b"x" * 100_000)

        async with asyncio.timeout(30):
            status = await reader.readline()

        assert b"413" in status
        writer.close()
