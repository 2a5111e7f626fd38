"""Asks a database that is there which versions of a vertical were released; changes nothing."""

from __future__ import annotations

import asyncio
from datetime import UTC

import asyncpg  # type: ignore[import-untyped]  # it ships no types
from sqlalchemy.exc import ProgrammingError, SQLAlchemyError

from dialplan.errors import StoreError
from dialplan.runtime.serving import HISTORY, decide
from dialplan.store.database import Database, reason
from dialplan.store.versions import How, Release, history

LONGEST_S = 2.0
"""How long the database is waited for."""

_HOW: dict[How, str] = {
    "served": "a server found it in its folder",
    "applied": "by `dialplan apply`",
    "rolled_back": "by `dialplan rollback`",
}


async def read_releases(url: str, vertical: str, *, longest: float = LONGEST_S) -> list[Release]:
    """Return the newest releases of a vertical, newest first.

    Raises:
        StoreError: the database does not answer in time.
    """
    database = Database(url, connect_timeout=longest, command_timeout=longest, pool_size=1)
    try:
        async with asyncio.timeout(longest), database.engine.connect() as connection:
            found = await history(connection, vertical, limit=HISTORY)
    except ProgrammingError:
        return []  # nobody has prepared this database yet
    except TimeoutError as error:
        raise StoreError(f"the database did not answer within {longest:g} s") from error
    except (SQLAlchemyError, OSError, asyncpg.PostgresError) as error:
        raise StoreError(f"the database does not answer: {reason(error)}") from error
    finally:
        await database.close()
    return found


def release_words(releases: list[Release]) -> str:
    """Say which version was released last, when and how."""
    if not releases:
        return "none yet"
    last = releases[0]
    return f"{last.version}, {last.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC, {_HOW[last.how]}"


def serving_words(folder: str, releases: list[Release], *, canary: bool) -> str:
    """Say which version answers calls when the files of the folder have `folder`."""
    serving = decide(folder, releases, canary=canary)
    if serving.trial is not None:
        return f"{serving.stable}; the canary's calls get the folder's, which is explained here"
    if serving.stable != folder:
        return f"{serving.stable} (rolled back to), not the folder's, which is explained here"
    return "the folder's"
