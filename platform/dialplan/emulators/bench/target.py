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
from dialplan.emulators.bench.process import pinned
from dialplan.emulators.twilio.webhooks import Webhooks
from dialplan.settings import Settings
from dialplan.store.embedded import start_embedded

_LAG = "dialplan_event_loop_lag_seconds"
REQUEST_S = 10.0

Lag = list[tuple[float, float]]


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
        lag: its event loop's lag so far, as (upper bound in seconds, count) pairs; empty when it
            does not say.
    """

    name: str
    pid: int
    phone: Rings
    lag: Callable[[], Awaitable[Lag]] = field(repr=False)


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
    ends: Ends, database: Database, *, folder: Path, verticals: Path, core: int
) -> AsyncIterator[Target]:
    """Run `dialplan serve` as in production, with the ends as its peers.

    Raises:
        RehearsalError: it did not start.
    """
    port, token = free_port(), secrets.token_hex(16)
    origin = f"http://127.0.0.1:{port}"
    arguments = ["-m", "dialplan", "serve", "--port", str(port), "--log", "json"]
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
    async with httpx.AsyncClient(timeout=REQUEST_S) as client:

        async def ready() -> bool:
            try:
                return (await client.get(f"{origin}/readyz")).status_code == 200
            except httpx.TransportError:
                return False

        async def lag() -> Lag:
            return read_lag((await client.get(f"{origin}/metrics")).text)

        webhooks = Webhooks(client, token, lambda url: url)
        phone = Phone(webhooks, origin=origin, token=token, pacer=ends.pacer, note=ends.note)
        log = folder / f"server-{port}.log"
        async with pinned(arguments, environ=environ, core=core, log=log, ready=ready) as pid:
            yield Target("dialplan", pid, phone, lag)


def read_lag(metrics: str) -> Lag:
    """Return the buckets of the event loop's lag from a page of metrics."""
    return [
        (float(sample.labels["le"]), sample.value)
        for family in text_string_to_metric_families(metrics)
        if family.name == _LAG
        for sample in family.samples
        if sample.name.endswith("_bucket")
    ]


def free_port() -> int:
    """Return a port on loopback that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
