"""Two callers who want the same hour at the same instant."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from sqlalchemy import text

from dialplan.emulators.openai.mind import CallTool, Say
from dialplan.emulators.openai.scripted import ScriptedMind
from dialplan.store.facts import ToolRan
from dialplan.store.tenancy import tenant_transaction

SALON = "+15550100077"
# conftest types cannot be imported in importlib mode.
Open = Callable[..., AbstractAsyncContextManager[Any]]

VERTICAL = """\
dialplan: 1
name: one_chair
title: Salon with one chair
voice: {greeting: Hello.}
agents:
  desk: {entry: true, prompt: Book a time for the caller., tools: [book]}
tools:
  book:
    description: Book a time.
    parameters: {start: {type: datetime, description: When it begins.}}
    idempotent: true
    sql: >
      INSERT INTO bookings (phone, starts_at, ends_at)
      VALUES (:call.from, :start, :start + interval '30 minutes') RETURNING id, price
    returns: one
database:
  tables:
    bookings:
      columns:
        id: serial
        phone: {type: phone, pii: phone}
        starts_at: timestamptz
        ends_at: timestamptz
        price: {type: money, currency: USD, default: 45}
      no_overlap:
        - columns: [starts_at, ends_at]
          says: Somebody was faster; offer half past nine.
"""


async def test_one_caller_gets_the_hour_and_the_other_is_told(
    rehearse: Open, tmp_path: Path
) -> None:
    folder = tmp_path / "one_chair"
    folder.mkdir()
    (folder / "vertical.yaml").write_text(VERTICAL, encoding="utf-8")
    (tmp_path / "tenants.yaml").write_text(
        f'tenants:\n  salon: {{lines: {{"{SALON}": one_chair}}}}\n', encoding="utf-8"
    )
    book = CallTool("book", {"start": "2026-03-02T09:00"})
    mind = ScriptedMind([[book], [Say("Let me see.")], [Say("Bye.")]], per_session=True)

    async with rehearse(tmp_path, mind=mind, seeded=False) as rehearsal:
        await asyncio.gather(
            rehearsal.ring(SALON, "Nine o'clock please.", from_="+15550107001"),
            rehearsal.ring(SALON, "Nine o'clock please.", from_="+15550107002"),
        )

        ran = rehearsal.of(ToolRan)
        assert sorted(fact.status for fact in ran) == ["ok", "refused"]
        assert len({fact.call_sid for fact in ran}) == 2
        line = rehearsal.house.service.lines[SALON]
        async with tenant_transaction(
            rehearsal.house.service.database, "one_chair", line.tenant
        ) as connection:
            assert await connection.scalar(text("SELECT count(*) FROM bookings")) == 1
        shown = str(mind.turns)
        assert "Somebody was faster; offer half past nine." in shown
        assert "45.00 USD" in shown


async def test_two_who_agree_to_the_same_time_at_the_salon_get_one_visit(rehearse: Open) -> None:
    """Both have heard it read back before either has it: only the table can tell them apart."""
    number = "+15550100003"
    slot = {"service": "Haircut", "stylist": "Carlos", "starts_at": "2030-03-06T10:00"}
    book = CallTool("book_visit", {**slot, "name": "Kim Doe"})
    turns: list[list[CallTool | Say]] = [[book], [Say("Shall I book it?")], [book], [Say("Bye.")]]
    mind = ScriptedMind(turns, per_session=True)

    async with rehearse(mind=mind) as rehearsal:
        await asyncio.gather(
            rehearsal.ring(number, "Carlos at ten.", "Yes.", from_="+15550107001"),
            rehearsal.ring(number, "Carlos at ten.", "Yes.", from_="+15550107002"),
        )

        ran = sorted(fact.status for fact in rehearsal.of(ToolRan))
        assert ran == ["confirm", "confirm", "ok", "refused"]
        line = rehearsal.house.service.lines[number]
        async with tenant_transaction(
            rehearsal.house.service.database, "salon", line.tenant
        ) as connection:
            booked = "SELECT count(*) FROM bookings WHERE name = 'Kim Doe'"
            assert await connection.scalar(text(booked)) == 1
        assert "That time has just been taken; find another." in str(mind.turns)
