"""What the processes of one installation know together: whatever one did, the others can tell.

Each method is one short transaction and raises StoreError when the database does not do it; how
long to wait is for whoever asks.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from dialplan.call.commands import Ending, HangUp, Transfer
from dialplan.errors import StoreError
from dialplan.store.database import Database, reason

# Twilio asks what comes next at once, and a token lives for a minute; the rest is margin.
_FORGET_ENDINGS = text("DELETE FROM dialplan.endings WHERE at < now() - interval '1 day'")
_FORGET_TOKENS = text("DELETE FROM dialplan.used_tokens WHERE at < now() - interval '1 hour'")
_OFFER_KEY = text(
    "INSERT INTO dialplan.signing_key (id, key) VALUES (1, :key) ON CONFLICT DO NOTHING"
)
_KEY = text("SELECT key FROM dialplan.signing_key WHERE id = 1")
_USE = text("INSERT INTO dialplan.used_tokens (nonce) VALUES (:nonce) ON CONFLICT DO NOTHING")
_KEEP = text(
    "INSERT INTO dialplan.endings (call_sid, reason, destination)"
    " VALUES (:call_sid, :reason, :destination) ON CONFLICT (call_sid) DO UPDATE"
    " SET reason = excluded.reason, destination = excluded.destination, at = now()"
)
_ENDING = text("SELECT reason, destination FROM dialplan.endings WHERE call_sid = :call_sid")


class Installation:
    """The shared part of all processes that work on one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def signing_key(self, offered: bytes) -> bytes:
        """Return the key of the installation: `offered`, when there was none before."""
        async with self._transaction("read the signing key") as connection:
            await connection.execute(_OFFER_KEY, {"key": offered})
            return bytes((await connection.execute(_KEY)).scalar_one())

    async def use_token(self, nonce: str) -> bool:
        """Use up a stream token; False when any process used it before."""
        async with self._transaction("use a stream token") as connection:
            await connection.execute(_FORGET_TOKENS)
            used = await connection.execute(_USE, {"nonce": nonce})
            return used.rowcount == 1

    async def keep_ending(self, call_sid: str, ending: Ending) -> None:
        """Keep how a call is to end at the carrier; the last word counts."""
        match ending:
            case HangUp(why):
                row = {"call_sid": call_sid, "reason": why, "destination": None}
            case Transfer(destination):
                row = {"call_sid": call_sid, "reason": None, "destination": destination}
        async with self._transaction("keep an ending") as connection:
            await connection.execute(_FORGET_ENDINGS)
            await connection.execute(_KEEP, row)

    async def ending_of(self, call_sid: str) -> Ending | None:
        """Return how a call is to end, whichever process carried it."""
        async with self._transaction("read an ending") as connection:
            row = (await connection.execute(_ENDING, {"call_sid": call_sid})).one_or_none()
        if row is None:
            return None
        return HangUp(row.reason) if row.destination is None else Transfer(row.destination)

    @asynccontextmanager
    async def _transaction(self, purpose: str) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._database.engine.begin() as connection:
                yield connection
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise StoreError(f"the database did not {purpose}: {reason(error)}") from error
