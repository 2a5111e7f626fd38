"""Wires one process: database, verticals, lines, calls. Everything is made here, top down."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import partial

import httpx
from opentelemetry.trace import Tracer

from dialplan.config.load import LoadedVertical
from dialplan.engines.engine import EngineSink
from dialplan.engines.realtime.agents import CallAgents, Handover
from dialplan.engines.realtime.connection import Endpoint
from dialplan.engines.realtime.session import RealtimeEngine, RealtimeEngineConfig
from dialplan.engines.text.specialist import Specialists
from dialplan.knowledge.library import Library
from dialplan.knowledge.minilm import Embedder
from dialplan.knowledge.providers import Providers
from dialplan.prompts.spoken import is_english, spoken_time
from dialplan.runtime.assembly import Assemblies, Assembly
from dialplan.runtime.attendance import Attendance, Surroundings
from dialplan.runtime.attended import CallRequest
from dialplan.runtime.backlog import watch_backlog
from dialplan.runtime.clock import Clock
from dialplan.runtime.directory import Directory, build_lines
from dialplan.runtime.endings import Endings
from dialplan.runtime.live import LiveCalls
from dialplan.runtime.metrics import Metrics
from dialplan.runtime.peers import Peers, at_emulators, hosts_of
from dialplan.runtime.registry import Registry, kept
from dialplan.runtime.reload import Cast, Reloader, followed
from dialplan.runtime.slots import Slot
from dialplan.runtime.switchboard import Switchboard
from dialplan.runtime.telemetry import open_tracing
from dialplan.runtime.tokens import StreamTokens
from dialplan.settings import Settings
from dialplan.store.database import Database
from dialplan.store.facts import Fact, told
from dialplan.store.installation import Installation
from dialplan.store.opening import open_database
from dialplan.store.presence import Presence
from dialplan.store.records import Recorder
from dialplan.store.tenancy import tenant_transaction
from dialplan.telephony.rest import TwilioRest
from dialplan.tools.elsewhere import Elsewhere
from dialplan.tools.http import HttpCaller
from dialplan.tools.mcp.servers import McpServers
from dialplan.tools.ports import LookUp
from dialplan.tools.trust import trusted


@dataclass(frozen=True, slots=True)
class Service:
    """A wired process.

    Attributes:
        past_calls: a database of few connections and short waits, for whoever looks back.
        console_key: opens console and API; never logged.
        console_key_made: whether it was made at this start, so that it has to be shown once.
    """

    switchboard: Switchboard
    database: Database
    reloader: Reloader
    live: LiveCalls
    past_calls: Database
    rehearsal: bool
    console_key: str = field(repr=False)
    console_key_made: bool

    @property
    def lines(self) -> Directory:
        """Who answers which number now."""
        return self.reloader.directory

    @property
    def verticals(self) -> Mapping[str, LoadedVertical]:
        """The last good version of each vertical in the folder."""
        return self.reloader.verticals


def providers_from(settings: Settings, embedder: Embedder | None = None) -> Providers:
    """Return who makes embeddings; nothing is loaded or connected by it."""
    key = settings.openai_api_key
    return Providers(
        openai_key=None if key is None else key.get_secret_value(),
        openai_url=settings.openai_base_url,
        embedder=embedder,
    )


@asynccontextmanager
async def open_service(
    settings: Settings,
    environ: Mapping[str, str],
    peers: Peers,
    *,
    watch: Callable[[Fact], None] = lambda _fact: None,
    cast: Cast | None = None,
    clock: Clock | None = None,
    mocks: Mapping[str, object] | None = None,
    embedder: Embedder | None = None,
    memory: Callable[[], dict[str, object]] = dict,
    slot: Slot | None = None,
    tracer: Tracer | None = None,
) -> AsyncIterator[Service]:
    """Wire the process; `watch` sees every fact of every call and must not block.

    Verticals and tenants are those of `settings`, followed as their files change, unless a `cast`
    is given. For conversations only: `mocks` are results that tools give instead of running, and
    `memory` makes what a call knows. `slot` is the place among the workers behind one port. Without
    a `tracer`, `environ` says whether calls are traced.
    """
    clock = clock or Clock()
    async with AsyncExitStack() as stack:
        metrics, live = Metrics(), LiveCalls()
        database = await stack.enter_async_context(open_database(settings))
        providers = providers_from(settings, embedder)
        stack.push_async_callback(providers.close)
        library = Library(database, providers, partial(tenant_transaction, database))
        reading = asyncio.create_task(library.work(), name="index articles")
        stack.callback(reading.cancel)
        assemblies = Assemblies()

        def serve(versions: Sequence[LoadedVertical]) -> None:
            assemblies.serve(versions)
            library.serve(versions)

        reloader = Reloader(
            settings.verticals,
            settings.tenants_file,
            database,
            lines=partial(build_lines, environ=environ, account=peers.account, token=peers.token),
            adapt=partial(at_emulators, services=peers.services),
            prepare=_prepare,
            reloaded=metrics.files_read,
            serves=serve,
        )
        await reloader.start(cast)
        if cast is None:
            await stack.enter_async_context(followed(reloader))
        else:
            # Nobody calls yet who would have to wait.
            for loaded in cast.verticals.values():
                await library.prepare(loaded)
        url = database.url.render_as_string(hide_password=False)
        process = clock.random_hex(4) if slot is None else slot.name
        name = f"{socket.gethostname()} {process}"
        recorder = Recorder(lambda: Database(url), process=name)
        stack.push_async_callback(recorder.close)
        http = HttpCaller(private_hosts=private_hosts(settings, peers))
        stack.push_async_callback(http.close)
        mcp = McpServers(http, commands=settings.mcp_commands)
        stack.push_async_callback(mcp.close)
        experts = specialists_of(peers)
        if experts is not None:
            stack.push_async_callback(experts.close)
        client = await stack.enter_async_context(httpx.AsyncClient(verify=trusted()))

        metrics.count_facts(lambda: recorder.waiting, lambda: recorder.dropped)
        loop = asyncio.get_running_loop()
        metrics.count_tasks(lambda: len(asyncio.all_tasks(loop)))
        lag = asyncio.create_task(metrics.watch_loop(), name="event loop lag")
        stack.callback(lag.cancel)

        def note(fact: Fact) -> None:
            recorder.put(fact)
            fact = told(fact)
            metrics.note(fact)
            live.note(fact)
            watch(fact)

        around = Surroundings(
            clock=clock,
            note=note,
            metrics=metrics,
            live=live,
            transactions=partial(tenant_transaction, database),
            http=http,
            carrier=partial(_carrier, client, peers),
            notice=peers.notice,
            mocks=mocks or {},
            memory=memory,
            tracer=tracer or await stack.enter_async_context(open_tracing(environ)),
            look_up=partial(look_up_in, library),
            elsewhere=Elsewhere(mcp=mcp, experts=experts),
        )

        def make_call(request: CallRequest) -> Attendance:
            assembly = assemblies.of(request.line.vertical)
            make = partial(_engine, peers, assembly, settings.audio_batch_ms)
            return Attendance(request, make, around)

        installation = Installation(database)
        key = await installation.signing_key(clock.random_hex(32).encode())
        # Its own connections: tools that hold all the others must not silence our sign of life.
        signs = Database(url, pool_size=2)
        stack.push_async_callback(signs.close)
        presence = Presence(signs, name)
        registry = Registry(presence, lost=metrics.call_lost)
        await stack.enter_async_context(kept(registry, presence))
        switchboard = Switchboard(
            reloader.directory,
            make_call=make_call,
            tokens=StreamTokens(key, installation),
            clock=clock,
            public_url=peers.public_url,
            metrics=metrics,
            endings=Endings(installation),
            registry=registry,
            worker="" if slot is None else slot.name,
        )
        stack.push_async_callback(switchboard.close)
        past_calls = Database(url, connect_timeout=2.0, command_timeout=3.0, pool_size=2)
        stack.push_async_callback(past_calls.close)
        if slot is None or slot.index == 0:
            # One of us tells it for all: it is the same for all.
            backlog = asyncio.create_task(watch_backlog(metrics, past_calls), name="backlog")
            stack.callback(backlog.cancel)
        given = settings.console_key
        yield Service(
            switchboard,
            database,
            reloader,
            live=live,
            past_calls=past_calls,
            rehearsal=peers.rehearsal,
            console_key=clock.random_hex(24) if given is None else given.get_secret_value(),
            console_key_made=given is None,
        )


def _prepare(loaded: LoadedVertical) -> None:
    """Import ahead what the first call would otherwise hold up all others for, some 0.2 s."""
    if loaded.vertical.voice.format == "pcm24k":
        import dialplan.engines.realtime.wideband  # noqa: F401
    if loaded.vertical.hours is not None and loaded.vertical.hours.holidays is not None:
        import holidays  # noqa: F401
    language = loaded.vertical.voice.languages.default
    if not is_english(language):
        # With the import comes the language's data, which the first date of it reads.
        spoken_time(datetime(2000, 1, 1), language)


def _engine(
    peers: Peers,
    assembly: Assembly,
    batch_ms: int,
    call: CallAgents,
    sink: EngineSink,
    handing_over: Callable[[Handover], Mapping[str, object]],
) -> RealtimeEngine:
    headers = (
        {} if peers.realtime_key is None else {"Authorization": f"Bearer {peers.realtime_key}"}
    )
    vertical = assembly.loaded.vertical
    config = RealtimeEngineConfig(
        endpoint=Endpoint(f"{peers.realtime_url}?model={vertical.voice.model}", headers),
        settings=assembly.settings,
        graph=assembly.graph,
        entry=vertical.entry,
        transport=vertical.voice.transport,
        batch_ms=batch_ms,
    )
    return RealtimeEngine(config, call, sink, handing_over)


def look_up_in(library: Library, loaded: LoadedVertical) -> LookUp:
    """Return what finds passages in the articles of one version of a vertical."""

    async def look_up(
        collection: str, question: str, *, tenant: str, top: int, at_least: float
    ) -> list[dict[str, object]]:
        found = await library.look_up(
            loaded, tenant, collection, question, top=top, at_least=at_least
        )
        return [asdict(passage) for passage in found]

    return look_up


def _carrier(client: httpx.AsyncClient, peers: Peers, request: CallRequest) -> TwilioRest | None:
    account = request.line.account or peers.account
    if account is None or peers.twilio_user is None or peers.twilio_password is None:
        return None
    own = request.line.token is not None and request.line.token != peers.token
    return TwilioRest(
        client,
        base_url=peers.twilio_url,
        account_sid=account,
        username=account if own else peers.twilio_user,
        password=(request.line.token or "") if own else peers.twilio_password,
    )


def specialists_of(peers: Peers) -> Specialists | None:
    """Return who asks text models, nobody where there is no key."""
    if peers.text_key is None:
        return None
    return Specialists(api_key=peers.text_key, base_url=peers.text_url)


def private_hosts(settings: Settings, peers: Peers) -> set[str]:
    """Return where tools may go though it is no public address: what the operator allows."""
    return {*settings.private_hosts, *hosts_of(peers.services)}
