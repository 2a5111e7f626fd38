"""What is put under load: the real server, with its database, on its own core."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from pathlib import Path
from typing import Protocol

import httpx
from prometheus_client.parser import text_string_to_metric_families

from dialplan.emulators.bench.call import Call
from dialplan.emulators.bench.ends import Ends
from dialplan.emulators.bench.leg import ACCOUNT, Phone, RungCall
from dialplan.emulators.bench.machine import Cores, spread_children
from dialplan.emulators.bench.process import pinned
from dialplan.emulators.twilio.webhooks import Webhooks
from dialplan.settings import Settings
from dialplan.store.embedded import start_embedded

_LAG = "dialplan_event_loop_lag_seconds"
_TASKS = "dialplan_tasks"
REQUEST_S = 10.0
IDLE_S = 2.0

Lag = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Scrape:
    """What a server says of itself.

    Attributes:
        lag: its event loop's lag so far, as (upper bound in seconds, count) pairs; empty when it
            does not say.
        tasks: how many it has; None when it does not say.
    """

    lag: Lag = field(default_factory=list)
    tasks: int | None = None


class Rings(Protocol):
    """Who places emulated calls."""

    async def ring(self, call: Call) -> RungCall:
        """Ring, and open the call's stream."""
        ...

    async def hang_up(self, rung: RungCall) -> None:
        """End a call."""
        ...


@dataclass(frozen=True, slots=True)
class Target:
    """A server under load.

    Attributes:
        name: what it is.
        pid: its process.
        phone: rings it.
        scrape: what it says of itself.
    """

    name: str
    pid: int
    phone: Rings
    scrape: Callable[[], Awaitable[Scrape]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Serving:
    """How the server is started.

    Attributes:
        workers: processes behind its port; all of them on the server's core.
        batch_ms: how much of the caller's audio makes a message to the model; None for the default.
        spread: whether workers have the server's core and the ends' in turns instead.
    """

    workers: int = 1
    batch_ms: int | None = None
    spread: bool = False


ALONE = Serving()


@dataclass(frozen=True, slots=True)
class Database:
    """A Postgres of the benchmark's own, on the ends' core. `pid` is its first process."""

    url: str
    pid: int


@asynccontextmanager
async def open_database(folder: Path) -> AsyncIterator[Database]:
    """Start an embedded Postgres in `folder`; it inherits the cores of this process."""
    postgres = await start_embedded(folder)
    try:
        first = (folder / "postgres" / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        yield Database(postgres.url, int(first[0]))
    finally:
        await postgres.stop()


def write_ground(folder: Path) -> Path:
    """Write the benchmark's vertical and tenants below `folder`; return where they are."""
    with as_file(files("dialplan.emulators.bench") / "ground") as ground:
        return Path(shutil.copytree(ground, folder / "verticals"))


@asynccontextmanager
async def open_server(
    ends: Ends,
    database: Database,
    *,
    folder: Path,
    verticals: Path,
    cores: Cores,
    serving: Serving = ALONE,
) -> AsyncIterator[Target]:
    """Run `dialplan serve` as in production, with the ends as its peers.

    Raises:
        RehearsalError: it did not start.
    """
    port, token = free_port(), secrets.token_hex(16)
    origin = f"http://127.0.0.1:{port}"
    log = folder / f"server-{port}.log"
    arguments = ["-m", "dialplan", "serve", "--port", str(port), "--log", "json"]
    arguments += ["--workers", str(serving.workers)]
    ours = {str(one.alias) for one in Settings.model_fields.values()}
    environ = {name: value for name, value in os.environ.items() if name not in ours} | {
        "DIALPLAN_DATA": str(folder),
        "DIALPLAN_DATABASE_URL": database.url,
        "DIALPLAN_PUBLIC_URL": origin,
        "DIALPLAN_VERTICALS": str(verticals),
        "DIALPLAN_REALTIME_URL": ends.model_url,
        # Nothing of a benchmark may reach a real account: the ends refuse and count it.
        "DIALPLAN_TWILIO_API_URL": ends.origin,
        "OPENAI_API_KEY": "bench",
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": token,
    }
    if serving.batch_ms is not None:
        environ["DIALPLAN_AUDIO_BATCH_MS"] = str(serving.batch_ms)
    # The server closes what was idle for 5 s: to use it at that very moment would be an error.
    limits = httpx.Limits(keepalive_expiry=IDLE_S)
    async with httpx.AsyncClient(timeout=REQUEST_S, limits=limits) as client:

        async def ready() -> bool:
            # It says so when all its workers answer; a request alone would find the first.
            if b"answering " not in log.read_bytes():
                return False
            try:
                return (await client.get(f"{origin}/readyz")).status_code == 200
            except httpx.TransportError:
                return False

        async def scrape() -> Scrape:
            return read_metrics((await client.get(f"{origin}/metrics")).text)

        webhooks = Webhooks(client, token, lambda url: url)
        phone = Phone(webhooks, origin=origin, token=token, pacer=ends.pacer, note=ends.note)
        async with pinned(
            arguments, environ=environ, core=cores.server, log=log, ready=ready
        ) as pid:
            if serving.spread:
                spread_children(pid, (cores.server, cores.ends))
            yield Target("dialplan", pid, phone, scrape)


def read_metrics(metrics: str) -> Scrape:
    """Return what is used of a page of metrics, all workers' together."""
    buckets: dict[float, float] = {}
    tasks: int | None = None
    for family in text_string_to_metric_families(metrics):
        for sample in family.samples:
            if sample.name == f"{_LAG}_bucket":
                bound = float(sample.labels["le"])
                buckets[bound] = buckets.get(bound, 0.0) + sample.value
            elif sample.name == _TASKS:
                tasks = (tasks or 0) + int(sample.value)
    return Scrape(sorted(buckets.items()), tasks)


def free_port() -> int:
    """Return a port on loopback that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
