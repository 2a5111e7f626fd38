"""What a server notes of a call that something follows, and who is told of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from dialplan.emulators.openai.mind import CallTool, Say
from dialplan.emulators.openai.scripted import ScriptedMind
from dialplan.store import after_calls
from dialplan.store.facts import CallEnded

OpenSite = Callable[..., AbstractAsyncContextManager[Any]]

NUMBER = "+15550100091"
VERTICAL = """\
dialplan: 1
name: noting
title: Noting
voice: {greeting: "Hello there."}
state: {wish: string, at: datetime, size: integer}
agents: {clerk: {entry: true, prompt: Be kind., tools: [note_wish]}}
tools:
  note_wish:
    description: Note what the caller wants.
    parameters: {wish: string, at: datetime}
    sql: "SELECT 1 AS one"
    set: {wish: "{{ wish }}", at: "{{ at }}"}
"""
FOLLOWS = "after_call: {fields: {wish: string}}\n"


async def test_the_row_of_a_call_holds_what_it_knew_and_nobody_else_is_told(
    open_site: OpenSite, write_verticals: Callable[..., Path]
) -> None:
    given = {"wish": "A kite, blue.", "at": "2026-03-02T14:30"}
    mind = ScriptedMind([[CallTool("note_wish", given)], [Say("I have noted it.")]])
    folder = write_verticals(VERTICAL + FOLLOWS, NUMBER)
    async with open_site(folder, mind, numbers=[NUMBER]) as site:
        record = await site.ring(NUMBER, "A blue kite please.")

        deadline = time.monotonic() + 30
        while (row := await after_calls.find(site.service.database, record.call_sid)) is None:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        (ended,) = site.of(CallEnded)
        live = site.service.live.call(record.call_sid)

    assert (row.status, row.tenant, row.vertical) == ("waiting", "corner", "noting")
    # All names of the state, as templates of a send see them: text, by the clock of the tenant.
    assert row.state == {"wish": "A kite, blue.", "at": "2026-03-02T14:30+00:00", "size": None}
    assert ended.state is None
    assert live is not None
    assert live.ended.state is None


async def test_of_a_vertical_without_after_call_nothing_is_noted(
    open_site: OpenSite, write_verticals: Callable[..., Path]
) -> None:
    mind = ScriptedMind([[Say("Certainly.")]])
    async with open_site(write_verticals(VERTICAL, NUMBER), mind, numbers=[NUMBER]) as site:
        record = await site.ring(NUMBER, "A blue kite please.")
        await site.service.switchboard.close()
        await asyncio.sleep(0.5)

        assert len(site.of(CallEnded)) == 1
        assert await after_calls.find(site.service.database, record.call_sid) is None
