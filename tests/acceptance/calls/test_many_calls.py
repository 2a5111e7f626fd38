"""Twenty calls at once on one line: every one its own conversation, every booking its own slot."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text

from dialplan.emulators.rehearsal.mind import RehearsalMind
from dialplan.knowledge.minilm import Embedder
from dialplan.store.facts import CallEnded, ToolRan, TurnSpoken
from dialplan.store.tenancy import tenant_transaction

VERTICALS = Path(__file__).parents[3] / "verticals"
CLINIC = "+15550100001"
ZONE = ZoneInfo("America/Chicago")
CALLS = 20


def spoken(day: date) -> str:
    return f"the {day.day}{_ordinal(day.day)} of {day:%B}"


def _ordinal(number: int) -> str:
    if number in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


async def test_twenty_calls_at_once_book_twenty_slots_and_keep_to_themselves(
    open_site: Callable[..., AbstractAsyncContextManager[Any]],
) -> None:
    today = datetime.now(ZONE).date()
    days = [today + timedelta(days=20 + 2 * number) for number in range(CALLS)]
    born = [date(1985, 5, 1 + number) for number in range(CALLS)]
    phones = [f"+155501080{number:02}" for number in range(CALLS)]
    scripts = [
        (
            f"I need to see a doctor on {spoken(days[number])}.",
            "The first one is fine.",
            f"I was born on {spoken(born[number])}, 1985.",
            "Yes please.",
            "No, that is all. Thank you, goodbye.",
        )
        for number in range(CALLS)
    ]
    mind = RehearsalMind(Embedder(), lambda: datetime.now().astimezone())
    async with open_site(VERTICALS, mind, numbers=[CLINIC]) as site:
        line = site.service.lines[CLINIC]
        scope = (site.service.database, line.vertical.vertical.name, line.tenant)
        async with tenant_transaction(*scope) as connection:
            for number in range(CALLS):
                await connection.execute(
                    text("INSERT INTO patients (id, name, phone, born) VALUES (:i, :n, :p, :b)"),
                    {
                        "i": 100 + number,
                        "n": f"Patient {number}",
                        "p": phones[number],
                        "b": born[number],
                    },
                )
                starts = datetime(days[number].year, days[number].month, days[number].day, 9)
                await connection.execute(
                    text("INSERT INTO slots (id, doctor, starts_at) VALUES (:i, 'Patel', :s)"),
                    {"i": 200 + number, "s": starts.replace(tzinfo=ZONE)},
                )

        records = await asyncio.gather(
            *(
                site.ring(CLINIC, *scripts[number], from_=phones[number], patience_ms=1200)
                for number in range(CALLS)
            )
        )

        async with tenant_transaction(*scope) as connection:
            rows = await connection.execute(
                text("SELECT id, patient_id FROM slots WHERE id >= 200 ORDER BY id")
            )
            booked = [tuple(row) for row in rows]
        assert booked == [(200 + number, 100 + number) for number in range(CALLS)]
        for number, record in enumerate(records):
            sid = record.call_sid
            turns = site.of(TurnSpoken, sid)
            assert tuple(t.text for t in turns if t.speaker == "caller") == scripts[number]
            assert all(t.text for t in turns)
            assert record.notifications == []
            assert record.status == "completed"
            assert len(site.of(CallEnded, sid)) == 1
            done = [(t.tool, t.arguments.get("slot_id")) for t in site.of(ToolRan, sid)]
            assert done[-1] == ("book_visit", 200 + number)
        assert site.service.switchboard.running == 0
