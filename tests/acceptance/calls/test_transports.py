"""The same whole call over the transport and in the audio format that the YAML chooses."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from dialplan.store.facts import CallEnded, HandedOff, ToolRan, TurnSpoken
from dialplan.store.tenancy import tenant_transaction

SHIPPED = Path(__file__).parents[3] / "verticals"
CLINIC = "+15550100001"
# conftest types cannot be imported in importlib mode.
Open = Callable[..., AbstractAsyncContextManager[Any]]


@pytest.fixture(params=["sdk pcmu", "sdk pcm24k", "direct pcm24k"])
def chosen(request: pytest.FixtureRequest) -> tuple[str, str]:
    transport, _, audio = str(request.param).partition(" ")
    return transport, audio


@pytest.fixture
def verticals(tmp_path: Path, chosen: tuple[str, str]) -> Path:
    """The shipped verticals, with the clinic's session carried in another way than by default."""
    folder = tmp_path / "verticals"
    shutil.copytree(SHIPPED, folder)
    file = folder / "healthcare" / "vertical.yaml"
    written = file.read_text()
    keys = "\nvoice:\n  transport: {}\n  format: {}\n".format(*chosen)
    changed = written.replace("\nvoice:\n", keys, 1)
    assert changed != written
    file.write_text(changed)
    # Data of its own: the tests of this folder share one database.
    tenants = folder / "tenants.yaml"
    tenants.write_text(tenants.read_text().replace("  lakeside:", f"  {'_'.join(chosen)}:"))
    return folder


async def test_a_whole_booking_works_as_its_session_is_carried(
    rehearse: Open, verticals: Path, chosen: tuple[str, str]
) -> None:
    async with rehearse(verticals) as rehearsal:
        vertical = rehearsal.house.service.lines[CLINIC].vertical.vertical
        assert (vertical.voice.transport, vertical.voice.format) == chosen

        await rehearsal.ring(
            CLINIC,
            "I need to see a doctor this week.",
            "The first one is fine.",
            "I was born on the fourth of May, nineteen eighty five.",
            "Yes please.",
            "No, that is all. Thank you, goodbye.",
        )

        ran = [(fact.tool, fact.status) for fact in rehearsal.of(ToolRan)]
        assert ran[0] == ("find_slots", "ok")
        assert ran[-1] == ("book_visit", "ok")
        assert [(f.source, f.target) for f in rehearsal.of(HandedOff)] == [
            ("front_desk", "scheduling")
        ]
        speakers = {fact.speaker for fact in rehearsal.of(TurnSpoken)}
        assert speakers == {"agent", "caller"}
        assert [fact.reason for fact in rehearsal.of(CallEnded)] == ["caller"]
        line = rehearsal.house.service.lines[CLINIC]
        async with tenant_transaction(
            rehearsal.house.service.database, vertical.name, line.tenant
        ) as connection:
            booked = await connection.scalar(
                text("SELECT count(*) FROM slots WHERE patient_id = 1")
            )
        assert booked == 1
