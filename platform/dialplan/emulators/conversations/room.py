"""A house for one conversation: database, server and peers of its own, so that nothing is shared.

The databases' server, the voices and the embeddings are the only things that outlive it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from dialplan.config.conversations import LoadedConversation
from dialplan.config.load import LoadedVertical
from dialplan.config.seeds import load_seed as read_seed
from dialplan.emulators.conversations.live import LiveModel
from dialplan.emulators.house import House
from dialplan.emulators.openai.mind import Mind
from dialplan.emulators.stage import Sound, set_stage
from dialplan.errors import StoreError, ToolError
from dialplan.knowledge.minilm import Embedder
from dialplan.model.tenants import Tenant, Tenants
from dialplan.runtime.clock import Clock, MovedClock
from dialplan.runtime.reload import Cast
from dialplan.runtime.service import Service, open_service
from dialplan.settings import Settings
from dialplan.store.facts import Fact
from dialplan.store.seed import load_seed
from dialplan.web.app import build_app
from dialplan.web.door import MediaDoor
from dialplan.web.serving import listen, serving

LINE = "+15550100000"
CALLER = "+15550107700"
TENANT = "conversation"


class RowsRefused(StoreError):
    """The database does not take the rows that are given."""


class CallClock(MovedClock):
    """The clock of a call: it stands at a moment of its own, and goes on while nobody speaks."""

    def __init__(self, now: datetime | None) -> None:
        super().__init__(now or datetime.now(UTC))
        self._skipped_ms = 0

    def skip(self, ms: int) -> None:
        """Let this much time have passed at once."""
        self._skipped_ms += ms

    def epoch(self) -> float:
        """Return seconds since the epoch, moved too."""
        return super().epoch() + self._skipped_ms / 1000

    def now(self) -> datetime:
        """Return the time of day, aware, in UTC."""
        return super().now() + timedelta(milliseconds=self._skipped_ms)

    def monotonic_ms(self) -> int:
        """Return milliseconds of a clock that never goes back."""
        return super().monotonic_ms() + self._skipped_ms

    def precise_ms(self) -> float:
        """Return milliseconds of the same clock, with their fractions."""
        return super().precise_ms() + self._skipped_ms


def zone_of(loaded: LoadedVertical, told: LoadedConversation) -> ZoneInfo:
    """Return the time zone of the business."""
    return ZoneInfo(str(values_of(loaded, told).get("timezone") or "UTC"))


def values_of(loaded: LoadedVertical, told: LoadedConversation) -> dict[str, object]:
    """Return the vertical's variables with the conversation's values over the defaults."""
    defaults = {name: one.default for name, one in loaded.vertical.variables.items()}
    return {**defaults, **told.conversation.given.variables}


def phones_of(loaded: LoadedVertical, told: LoadedConversation) -> dict[str, str]:
    """Return the numbers outside that calls may be put through to, by variable."""
    return {
        name: str(value)
        for name, value in values_of(loaded, told).items()
        if loaded.vertical.variables[name].type == "phone" and value is not None
    }


def clock_of(loaded: LoadedVertical, told: LoadedConversation) -> CallClock:
    """Return the clock of the call: it stands at `given.now` at this moment and goes on."""
    written = told.conversation.given.now
    if written is None:
        return CallClock(None)
    moment = datetime.fromisoformat(written).replace(tzinfo=zone_of(loaded, told))
    return CallClock(moment.astimezone(UTC))


@asynccontextmanager
async def open_room(
    loaded: LoadedVertical,
    told: LoadedConversation,
    *,
    settings: Settings,
    database_url: str,
    sound: Sound,
    mind: Mind,
    clock: Clock,
    watch: Callable[[Fact], None],
    live: LiveModel | None = None,
    memory: Callable[[], dict[str, object]],
    embedder: Embedder | None = None,
) -> AsyncIterator[House]:
    """Start everything that one call needs, with the rows that are given.

    A `live` model answers instead of the emulated one with its `mind`.

    Raises:
        VerticalProblems: the rows do not fit the tables.
        RowsRefused: the database refused them.
    """
    vertical = loaded.vertical
    given = told.conversation.given
    tenants = Tenants(
        tenants={
            TENANT: Tenant(lines={LINE: vertical.name}, variables=dict(given.variables)),
        }
    )
    phones = set(phones_of(loaded, told).values())
    listener = listen("127.0.0.1", 0)
    origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with AsyncExitStack() as stack:
        stack.callback(listener.close)
        stage = await stack.enter_async_context(
            set_stage(
                {vertical.name: loaded},
                [LINE],
                phones,
                origin=origin,
                sound=sound,
                mind=mind,
                notice=None,
            )
        )
        service = await stack.enter_async_context(
            open_service(
                _allowing(settings, database_url),
                _secrets(loaded),
                stage.peers if live is None else live.peers(stage.peers),
                watch=watch,
                cast=Cast({vertical.name: loaded}, tenants),
                clock=clock,
                mocks=_mocks(told),
                memory=memory,
                embedder=embedder,
            )
        )
        await _seed(service, loaded, told, clock)
        app = build_app(
            service.switchboard,
            [origin],
            ping=service.database.ping,
        )
        door = MediaDoor(service.switchboard, [origin])
        await stack.enter_async_context(serving(app, listener, door=door))
        yield House(origin, stage, service)


def _allowing(settings: Settings, database_url: str) -> Settings:
    """Nothing of the operator's but what tools may reach."""
    allowed = {"private_hosts": settings.private_hosts, "mcp_commands": settings.mcp_commands}
    own = Settings(data=Path(), database_url=SecretStr(database_url))
    return own.model_copy(update=allowed)


async def _seed(
    service: Service, loaded: LoadedVertical, told: LoadedConversation, clock: Clock
) -> None:
    name = told.conversation.given.seed
    if name is None:
        return
    vertical, zone = loaded.vertical, zone_of(loaded, told)
    today = clock.now().astimezone(zone).date()
    rows = read_seed(loaded.folder, name, vertical.database, today=today, zone=zone)
    tables = vertical.database.tables
    try:
        await load_seed(
            service.database, vertical.name, TENANT, tables, rows, today=today, timezone=str(zone)
        )
    except StoreError as error:
        raise RowsRefused(str(error)) from error


def failing_of(told: LoadedConversation) -> frozenset[str]:
    """Return the tools that are meant to fail."""
    written = told.conversation.given.failing
    return frozenset((written,) if isinstance(written, str) else written)


def _mocks(told: LoadedConversation) -> Mapping[str, object]:
    failing = {name: ToolError("the conversation lets it fail") for name in failing_of(told)}
    return {**told.conversation.mocks, **failing}


def _secrets(loaded: LoadedVertical) -> Mapping[str, str]:
    # The emulated services take any token.
    return {secret.upper(): "rehearsal" for secret in loaded.vertical.secrets}
