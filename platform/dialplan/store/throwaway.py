"""Databases for one use: made beside the configured one, as copies of a prepared one, and dropped.

What a conversation writes must meet neither another one's rows nor those of real callers.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from dialplan.errors import StoreError
from dialplan.sql.rules import quoted as quote
from dialplan.store.database import Database, reason

PREFIX = "dialplan_throwaway_"
# What is older was left behind by a process that was killed.
STALE_S = 24 * 3600

_KNOWN = text("SELECT datname FROM pg_database WHERE starts_with(datname, :prefix)")


class Throwaway:
    """Makes databases on one server, each prepared and empty."""

    def __init__(self, server: Database, template: str) -> None:
        self._server = server
        self._template = template
        self._made = 0

    @asynccontextmanager
    async def database(self) -> AsyncIterator[str]:
        """Make a database and give its URL; drop it at the end, whoever is still connected.

        Raises:
            StoreError: the server refused.
        """
        self._made += 1
        name = f"{self._template}_{self._made}"
        await _run(self._server, _create(name, self._template))
        try:
            yield _url(self._server, name)
        finally:
            await _run(self._server, _drop(name))


@asynccontextmanager
async def open_throwaway(url: str) -> AsyncIterator[Throwaway]:
    """Prepare the pattern of the databases on the server at `url`; drop it at the end.

    Raises:
        StoreError: the server cannot be reached, or its user may not create databases.
    """
    server = Database(url, command_timeout=60)
    try:
        await _run(server, *[_drop(name) for name in await _stale(server)])
        template = f"{PREFIX}{int(time.time())}_{secrets.token_hex(4)}"
        await _run(server, f"CREATE DATABASE {quote(template)} TEMPLATE template0")
        try:
            pattern = Database(_url(server, template))
            try:
                await pattern.prepare()
            finally:
                await pattern.close()
            yield Throwaway(server, template)
        finally:
            await _run(server, _drop(template))
    finally:
        await server.close()


async def _stale(server: Database) -> list[str]:
    try:
        async with server.engine.connect() as connection:
            names = (await connection.execute(_KNOWN, {"prefix": PREFIX})).scalars().all()
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        raise StoreError(f"the database does not answer: {reason(error)}") from error
    return list(_old(names, time.time()))


def _old(names: Iterable[str], now: float) -> Iterable[str]:
    for name in names:
        made = name.removeprefix(PREFIX).partition("_")[0]
        if made.isdecimal() and now - int(made) > STALE_S:
            yield name


async def _run(server: Database, *statements: str) -> None:
    try:
        async with server.engine.connect() as connection:
            # Databases are made and dropped outside any transaction.
            alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
            for statement in statements:
                await alone.exec_driver_sql(statement)
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        raise StoreError(
            f"no database for one use can be made: {reason(error)}; give the user of the database "
            "the right with `ALTER ROLE ... CREATEDB`"
        ) from error


def _create(name: str, template: str) -> str:
    return f"CREATE DATABASE {quote(name)} TEMPLATE {quote(template)}"


def _drop(name: str) -> str:
    return f"DROP DATABASE IF EXISTS {quote(name)} WITH (FORCE)"


def _url(server: Database, name: str) -> str:
    return server.url.set(drivername="postgresql", database=name).render_as_string(
        hide_password=False
    )
