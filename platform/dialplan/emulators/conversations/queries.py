"""The queries under `then`: asked after the call, each in a transaction that may only read."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sqlalchemy.exc import SQLAlchemyError

from dialplan.emulators.conversations.miss import Miss
from dialplan.emulators.conversations.outcomes import answered
from dialplan.emulators.conversations.room import TENANT
from dialplan.model.conversation import Conversation
from dialplan.store.database import Database, reason
from dialplan.store.tenancy import tenant_transaction
from dialplan.tools.values import plain


async def queried(
    database: Database, vertical: str, conversation: Conversation, zone: ZoneInfo
) -> list[Miss]:
    """Return the queries whose answer is another one than what is written, or that fail."""
    found: list[Miss] = []
    for index, check in enumerate(conversation.then):
        if check.sql is None:
            continue
        try:
            async with tenant_transaction(
                database, vertical, TENANT, timezone=str(zone)
            ) as connection:
                await connection.exec_driver_sql("SET TRANSACTION READ ONLY")
                row = (await connection.exec_driver_sql(check.sql)).first()
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            found.append(Miss(("then", index, "sql"), "a query for one value", reason(error)))
            continue
        got = plain(row[0], zone) if row is not None else None
        miss = answered(("then", index, "equals"), check.equals, got)
        found += [] if miss is None else [miss]
    return found
