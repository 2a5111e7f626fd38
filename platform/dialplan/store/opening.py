"""Opens the Postgres of an installation, as its settings say: another one, or the embedded one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from dialplan.settings import Settings
from dialplan.store.database import Database
from dialplan.store.embedded import start_embedded

# The net below tools and all else in a call: each has a closer limit of its own, and a tool's may
# be longer than what the database allows a statement by default.
STATEMENT_S = 120.0


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """Open the configured Postgres, or start the embedded one; prepared for use."""
    async with AsyncExitStack() as stack:
        if settings.database_url is not None:
            url = settings.database_url.get_secret_value()
        else:
            embedded = await start_embedded(settings.data)
            stack.push_async_callback(embedded.stop)
            url = embedded.url
        database = Database(url, command_timeout=STATEMENT_S)
        stack.push_async_callback(database.close)
        await database.prepare()
        yield database
