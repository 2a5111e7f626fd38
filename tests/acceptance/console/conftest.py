"""A whole rehearsal with its console and API: real server, real Postgres, emulated peers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from dialplan.emulators.house import House, open_house
from dialplan.emulators.openai.mind import CallTool, Mind, Say
from dialplan.emulators.openai.scripted import ScriptedMind
from dialplan.emulators.stage import written
from dialplan.emulators.twilio.caller import Line, ScriptedCaller
from dialplan.settings import Settings
from dialplan.web.serving import listen

VERTICALS = Path(__file__).parents[3] / "verticals"
KEY = "a key of an operator"
BEARER = {"Authorization": f"Bearer {KEY}"}


@dataclass
class Rehearsal:
    house: House
    client: httpx.AsyncClient

    async def ring(self, *lines: str | Line, from_: str = "+15550107788") -> str:
        """Place a call to the clinic, wait for its end, return its SID."""
        said = [Line(one) if isinstance(one, str) else one for one in lines]
        caller = ScriptedCaller(said, written().caller, patience_ms=600)
        await caller.prepare()
        record = await self.house.stage.carrier.place(
            to="+15550100001", from_=from_, caller=caller, limit_s=60
        )
        return record.call_sid


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture
def mind() -> Mind:
    return ScriptedMind(
        [[CallTool("clinic_info", {})], [Say("We are open until six.")], [Say("Goodbye.")]]
    )


@pytest.fixture
def rehearse(data: Path, mind: Mind) -> Callable[[], AbstractAsyncContextManager[Rehearsal]]:
    @asynccontextmanager
    async def rehearsing() -> AsyncIterator[Rehearsal]:
        settings = Settings.model_validate(
            {"data": data, "verticals": VERTICALS, "console_key": KEY}
        )
        async with (
            open_house(
                settings, {}, sound=written(), listener=listen("127.0.0.1", 0), mind=mind
            ) as house,
            httpx.AsyncClient(base_url=house.origin, headers=BEARER, timeout=30) as client,
        ):
            yield Rehearsal(house, client)

    return rehearsing
