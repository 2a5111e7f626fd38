"""A whole house for each test: real server, real Postgres, every peer emulated on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from dialplan.emulators.house import House, open_house, seed
from dialplan.emulators.openai.mind import Mind
from dialplan.emulators.stage import Sound, written
from dialplan.emulators.twilio.caller import Line, ScriptedCaller
from dialplan.emulators.twilio.record import CallRecord
from dialplan.settings import Settings
from dialplan.store.facts import Fact
from dialplan.web.serving import listen

VERTICALS = Path(__file__).parents[3] / "verticals"


@dataclass
class Rehearsal:
    """A house, what happened in it, and a way to ring it."""

    house: House
    facts: list[Fact]
    sound: Sound

    async def ring(
        self, to: str, *lines: str | Line, from_: str = "+15550107788", hangs_up: bool = True
    ) -> CallRecord:
        said = [Line(one) if isinstance(one, str) else one for one in lines]
        caller = ScriptedCaller(said, self.sound.caller, hangs_up=hangs_up, patience_ms=600)
        await caller.prepare()
        return await self.house.stage.carrier.place(to=to, from_=from_, caller=caller, limit_s=60)

    def of(self, kind: type[Fact]) -> list[Fact]:
        return [fact for fact in self.facts if isinstance(fact, kind)]


Open = Callable[..., AbstractAsyncContextManager[Rehearsal]]


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture
def rehearse(data: Path) -> Open:
    """Opens a rehearsal of a folder of verticals; seeds every line of it when asked.

    `more` are settings by their names.
    """

    @asynccontextmanager
    async def rehearsing(
        verticals: Path = VERTICALS,
        *,
        mind: Mind | None = None,
        seeded: bool = True,
        sound: Sound | None = None,
        **more: object,
    ) -> AsyncIterator[Rehearsal]:
        heard = sound or written()
        settings = Settings.model_validate({"data": data, "verticals": verticals, **more})
        facts: list[Fact] = []
        async with open_house(
            settings,
            {},
            sound=heard,
            listener=listen("127.0.0.1", 0),
            mind=mind,
            watch=facts.append,
        ) as house:
            if seeded:
                for line in house.service.lines.values():
                    await seed(house, line)
            yield Rehearsal(house, facts, house.stage.sound)

    return rehearsing
