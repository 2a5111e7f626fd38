"""The one door to Postgres: an engine with limits, and the platform's own tables.

It knows no vertical. `prepare` brings the schema `dialplan` to the newest revision.
"""

from __future__ import annotations

import asyncio
from importlib.resources import files

from sqlalchemy import Connection, event, make_url, text
from sqlalchemy.engine import AdaptedConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from dialplan.errors import StoreError

TOOLS_ROLE = "dialplan_tools"
# Any constant does: it only has to be the same in every process that prepares a database.
PREPARE_LOCK = 0x6469616C

# Since Postgres 16 whoever creates a role may administer it, but not become it (20.3, SET option).
_ROLE = """
DO $$ DECLARE
  may CONSTANT text :=
    CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'dialplan_tools') THEN
    CREATE ROLE dialplan_tools NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
  END IF;
  IF NOT pg_has_role(current_user, 'dialplan_tools', may) THEN
    EXECUTE format('GRANT dialplan_tools TO %I', current_user);
  END IF;
END $$
"""

# pgvector is a trusted extension: an owner of the database may install it. Without it embeddings
# are compared in plain SQL, exactly and more slowly.
_VECTOR = """
DO $$ BEGIN
  IF EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'vector')
     AND NOT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'vector') THEN
    CREATE EXTENSION vector SCHEMA dialplan;
  END IF;
EXCEPTION WHEN insufficient_privilege OR feature_not_supported THEN NULL;
END $$
"""

# A tool's statement that could call set_config could change its tenant or its role. Only a
# superuser may take the right away; elsewhere the check in tools/sql.py stands alone.
_NO_SET_CONFIG = """
DO $$ BEGIN
  IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    REVOKE EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) FROM PUBLIC;
  END IF;
END $$
"""


# asyncpg looks up the type of an array when it first meets one, with set_config: a tool's
# statement that gives a list would be refused. So each connection learns them before it is used.
_LISTS = """
SELECT NULL::text[], NULL::boolean[], NULL::int4[], NULL::int8[], NULL::float8[], NULL::numeric[],
  NULL::date[], NULL::time[], NULL::timestamp[], NULL::timestamptz[], NULL::uuid[]
"""


class Database:
    """A Postgres by URL, with a limit on every wait (seconds)."""

    def __init__(
        self,
        url: str,
        *,
        connect_timeout: float = 5.0,
        command_timeout: float = 10.0,
        pool_size: int = 10,
    ) -> None:
        try:
            parsed = make_url(url)
        except ArgumentError as error:
            raise StoreError(
                "the database URL cannot be read: expected `postgresql://user:password@host/name`"
            ) from error
        if parsed.get_backend_name() not in ("postgresql", "postgres"):
            raise StoreError(
                f"the database URL names `{parsed.get_backend_name()}`: expected `postgresql://...`"
            )
        self.url = parsed.set(drivername="postgresql+asyncpg")
        self.engine: AsyncEngine = create_async_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=connect_timeout,
            pool_pre_ping=True,
            # A failed statement must not carry the values of callers into logs.
            hide_parameters=True,
            connect_args={"timeout": connect_timeout, "command_timeout": command_timeout},
        )
        event.listen(self.engine.sync_engine, "connect", _learn_lists)

    async def prepare(self) -> None:
        """Create the tools' role and bring the platform's tables to the newest revision.

        Raises:
            StoreError: the server cannot be reached, or the user lacks a right.
        """
        try:
            async with self.engine.begin() as connection:
                await lock(connection)
                await connection.execute(text("CREATE SCHEMA IF NOT EXISTS dialplan"))
                await connection.execute(text(_ROLE))
                await connection.execute(text(_NO_SET_CONFIG))
                await connection.execute(text(_VECTOR))
                if not await _is_newest(connection):
                    await connection.run_sync(_upgrade)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise StoreError(f"the database cannot be prepared: {reason(error)}") from error

    async def ping(self) -> None:
        """Ask the server for one row; raises StoreError when it does not answer."""
        try:
            async with self.engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise StoreError(f"the database does not answer: {reason(error)}") from error

    async def close(self) -> None:
        """Close every pooled connection, within 5 seconds."""
        async with asyncio.timeout(5):
            await self.engine.dispose()


async def lock(connection: AsyncConnection) -> None:
    """Let one process at a time change tables, until the transaction ends."""
    await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": PREPARE_LOCK})


def reason(error: BaseException) -> str:
    """What the server said, without the statement and its values."""
    if isinstance(error, DBAPIError):
        # str() of the wrapper repeats the statement and the bound values: caller data.
        return str(error.orig).split("\n", 1)[0].removeprefix("<class ").strip()
    return str(error) or type(error).__name__


def _learn_lists(connection: AdaptedConnection, _: object) -> None:
    connection.run_async(lambda driver: driver.fetch(_LISTS))


def newest_revision() -> str:
    """The revision that `prepare` brings tables to: the last of those in `migrations/versions`."""
    found = files("dialplan.store.migrations") / "versions"
    names = [one.name for one in found.iterdir()]
    return max(name[1:5] for name in names if name.startswith("r") and name.endswith(".py"))


async def _is_newest(connection: AsyncConnection) -> bool:
    """Whether nothing is to be done: known without alembic, which takes 0.1 s to say so."""
    if await connection.scalar(text("SELECT to_regclass('dialplan.revision')")) is None:
        return False
    found = await connection.execute(text("SELECT version_num FROM dialplan.revision"))
    return list(found.scalars()) == [newest_revision()]


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "dialplan:store/migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
