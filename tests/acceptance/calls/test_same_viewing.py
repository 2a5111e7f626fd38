"""Two callers of the shipped real estate agency who agree to the same viewing at one instant."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from dialplan.emulators.openai.mind import CallTool, Say
from dialplan.emulators.openai.scripted import ScriptedMind
from dialplan.store.facts import ToolRan
from dialplan.store.tenancy import tenant_transaction

AGENCY = "+15550100030"
# conftest types cannot be imported in importlib mode.
Open = Callable[..., AbstractAsyncContextManager[Any]]


async def test_one_caller_gets_the_viewing_and_the_other_is_told(rehearse: Open) -> None:
    today = datetime.now(UTC).date()
    monday = today + timedelta(days=14 - today.weekday())  # beyond every viewing of the demo data
    book = CallTool(
        "book_viewing",
        {"listing_id": 117, "starts_at": f"{monday}T15:00", "name": "Olivia Brandt"},
    )
    mind = ScriptedMind(
        [
            [CallTool("to_buying", {})],
            [book],
            [Say("Shall I book that?")],
            [book],
            [Say("Let me see.")],
            [Say("Bye.")],
        ],
        per_session=True,
    )

    async with rehearse(mind=mind) as rehearsal:
        wish = "I would like to see 117 on Monday at three."
        await asyncio.gather(
            rehearsal.ring(AGENCY, wish, "Yes please.", from_="+15550107811"),
            rehearsal.ring(AGENCY, wish, "Yes please.", from_="+15550107812"),
        )

        ran = [(fact.call_sid, fact.status) for fact in rehearsal.of(ToolRan)]
        assert len({sid for sid, _ in ran}) == 2
        assert sorted(status for _, status in ran) == ["confirm", "confirm", "ok", "refused"]
        line = rehearsal.house.service.lines[AGENCY]
        async with tenant_transaction(
            rehearsal.house.service.database, "real_estate", line.tenant
        ) as connection:
            booked = text("SELECT count(*) FROM viewings WHERE name = 'Olivia Brandt'")
            assert await connection.scalar(booked) == 1
        assert "Somebody else has just taken that time." in str(mind.turns)
