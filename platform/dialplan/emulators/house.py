"""A whole rehearsal in one process: the real server, and every peer it needs, on loopback."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from dialplan.config.load import LoadedVertical, load_tenants
from dialplan.config.seeds import load_seed as read_seed
from dialplan.emulators.loopback import serving
from dialplan.emulators.openai.mind import Mind
from dialplan.emulators.stage import NOTICE, Sound, Stage, set_stage
from dialplan.model.tenants import Tenants
from dialplan.runtime.directory import Line
from dialplan.runtime.service import Service, load_all, open_service
from dialplan.settings import Settings
from dialplan.store.facts import Fact
from dialplan.store.seed import load_seed
from dialplan.web.site import build_site, console_address


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
    verticals = load_all(settings.verticals)
    tenants = load_tenants(settings.tenants_file, [one.vertical for one in verticals.values()])
    numbers = [number for tenant in tenants.tenants.values() for number in tenant.lines]
    async with AsyncExitStack() as stack:
        stage = await stack.enter_async_context(
            set_stage(
                verticals,
                numbers,
                _phones(tenants, verticals),
                origin=origin,
                sound=sound,
                mind=mind,
                language_model=settings.rehearsal_llm,
                notice=notice,
            )
        )
        # The emulated services take any token: a secret without a value gets one.
        secrets = {
            source.removeprefix("env:"): "rehearsal"
            for tenant in tenants.tenants.values()
            for source in tenant.secrets.values()
        }
        service = await stack.enter_async_context(
            open_service(settings, {**secrets, **environ}, stage.peers, watch=watch)
        )
        await stack.enter_async_context(serving(build_site(service, [origin]), listener))
        # Whoever watches live would hold the server's stop up.
        stack.callback(service.live.close)
        yield House(origin, stage, service)


def _phones(tenants: Tenants, verticals: Mapping[str, LoadedVertical]) -> set[str]:
    """Return the values of all variables of type phone: where callers may be put through to."""
    phones: set[str] = set()
    for tenant in tenants.tenants.values():
        for name in tenant.lines.values():
            for variable, declared in verticals[name].vertical.variables.items():
                value = tenant.variables.get(variable, declared.default)
                if declared.type == "phone" and value is not None:
                    phones.add(str(value))
    return phones


async def seed(house: House, line: Line) -> int:
    """Load the vertical's demo data for a line's tenant; returns how many rows were new."""
    vertical = line.vertical.vertical
    if vertical.database.seed is None:
        return 0
    zone = ZoneInfo(str(line.variables.get("timezone") or "UTC"))
    today = datetime.now(zone).date()
    rows = read_seed(
        line.vertical.folder, vertical.database.seed, vertical.database, today=today, zone=zone
    )
    return await load_seed(
        house.service.database,
        vertical.name,
        line.tenant,
        vertical.database.tables,
        rows,
        today=today,
        timezone=str(zone),
    )
