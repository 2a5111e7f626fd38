"""A rehearsal, and the distribution's Chromium to look at its console with."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright, expect

from dialplan.emulators.house import House, open_house
from dialplan.emulators.openai.mind import Mind
from dialplan.emulators.stage import written
from dialplan.emulators.twilio.caller import Line, ScriptedCaller
from dialplan.settings import Settings
from dialplan.web.serving import listen

VERTICALS = Path(__file__).parents[2] / "verticals"
NAMES = ("chromium", "chromium-browser", "google-chrome")
# It runs as root in CI, has no screen, and is to talk to nobody but us.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# A page that does not come at all; how quickly one comes is the machine's affair.
expect.set_options(timeout=30_000)


@dataclass
class Rehearsal:
    house: House

    async def ring(
        self,
        to: str,
        *lines: str | Line,
        from_: str = "+15550107788",
        seen: asyncio.Event | None = None,
    ) -> str:
        """Place a call, wait for its end, return its SID.

        The caller says no more than the first line until `seen` is set.
        """
        said = [Line(one) if isinstance(one, str) else one for one in lines]
        caller = ScriptedCaller(
            said,
            written().caller,
            patience_ms=600,
            max_wait_ms=15_000 if seen is None else 50_000,
            waits=lambda: bool(seen and caller.spoken and not seen.is_set()),
        )
        await caller.prepare()
        record = await self.house.stage.carrier.place(to=to, from_=from_, caller=caller, limit_s=60)
        return record.call_sid


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture
def rehearse(data: Path) -> Callable[[Mind], AbstractAsyncContextManager[Rehearsal]]:
    @asynccontextmanager
    async def rehearsing(mind: Mind) -> AsyncIterator[Rehearsal]:
        settings = Settings.model_validate({"data": data, "verticals": VERTICALS})
        async with open_house(
            settings, {}, sound=written(), listener=listen("127.0.0.1", 0), mind=mind
        ) as house:
            yield Rehearsal(house)

    return rehearsing


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    assert found, f"no browser: install one of {', '.join(NAMES)}"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield browser
        await browser.close()
