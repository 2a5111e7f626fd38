"""Transactions that see one tenant of one vertical, whatever their SQL asks for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from dialplan.errors import StoreError
from dialplan.store.database import TOOLS_ROLE, Database

# The role comes last: with it the right to change any of the others is gone.
_ENTER = text(
    "SELECT set_config('dialplan.tenant', :tenant, true),"
    " set_config('dialplan.vertical', :vertical, true),"
    " set_config('search_path', :path, true),"
    " set_config('statement_timeout', :limit, true),"
    " set_config('idle_in_transaction_session_timeout', :idle, true),"
    " set_config('TimeZone', :timezone, true),"
    " set_config('role', :role, true)"
)


@asynccontextmanager
async def tenant_transaction(
    database: Database,
    vertical: str,
    tenant: str,
    *,
    statement_timeout: float = 5.0,
    timezone: str = "UTC",
) -> AsyncIterator[AsyncConnection]:
    """A transaction as the tools' role in the vertical's schema; with a limit in seconds.

    Row-level security hides every other tenant's rows. Commits at the end, rolls back on an error.
    """
    if not tenant:
        raise StoreError("a tenant transaction needs a tenant: got an empty name")
    async with database.engine.begin() as connection:
        await connection.execute(
            _ENTER,
            {
                "tenant": tenant,
                "vertical": vertical,
                "path": '"' + vertical.replace('"', '""') + '"',
                "limit": str(max(1, int(statement_timeout * 1000))),
                "idle": str(max(1000, int(statement_timeout * 4000))),
                "timezone": timezone,
                "role": TOOLS_ROLE,
            },
        )
        yield connection
