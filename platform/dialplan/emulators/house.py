"""A whole rehearsal in one process: the real server, and every peer it needs, on loopback."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from dialplan.emulators.cast import load_cast, stand_ins
from dialplan.emulators.openai.mind import Mind
from dialplan.emulators.seeding import seed_line
from dialplan.emulators.stage import NOTICE, Sound, Stage, set_stage
from dialplan.runtime.directory import Line
from dialplan.runtime.service import Service
from dialplan.settings import Settings
from dialplan.store.facts import Fact
from dialplan.web.answering import answering
from dialplan.web.site import console_address


@dataclass(frozen=True, slots=True)
class House:
    """A running rehearsal. `origin` is the server's own, `http://127.0.0.1:port`."""

    origin: str
    stage: Stage
    service: Service

    @property
    def console(self) -> str:
        """What to print about the console: its address, with a key made at this start."""
        return console_address(self.service, self.origin)


@asynccontextmanager
async def open_house(
    settings: Settings,
    environ: Mapping[str, str],
    *,
    sound: Sound,
    listener: socket.socket,
    mind: Mind | None = None,
    watch: Callable[[Fact], None] = lambda _fact: None,
    notice: str | None = NOTICE,
) -> AsyncIterator[House]:
    """Start the stage and the server under rehearsal; nothing leaves this machine."""
    origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with contextlib.closing(listener):
        async with _house(settings, environ, sound, listener, origin, mind, watch, notice) as house:
            yield house


@asynccontextmanager
async def _house(
    settings: Settings,
    environ: Mapping[str, str],
    sound: Sound,
    listener: socket.socket,
    origin: str,
    mind: Mind | None,
    watch: Callable[[Fact], None],
    notice: str | None,
) -> AsyncIterator[House]:
    cast = load_cast(settings)
    async with AsyncExitStack() as stack:
        stage = await stack.enter_async_context(
            set_stage(
                cast.verticals,
                cast.lines,
                cast.phones,
                origin=origin,
                sound=sound,
                mind=mind,
                language_model=settings.rehearsal_llm,
                notice=notice,
            )
        )
        service = await stack.enter_async_context(
            answering(
                settings,
                stand_ins(
                    cast.tenants, environ, stage.peers.account or "", stage.peers.token or ""
                ),
                stage.peers,
                origins=[origin],
                listener=listener,
                watch=watch,
            )
        )
        yield House(origin, stage, service)


async def seed(house: House, line: Line) -> int:
    """Load the vertical's demo data for a line's tenant; returns how many rows were new."""
    return await seed_line(house.service.database, line)
