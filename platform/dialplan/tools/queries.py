"""Runs a tool's compiled SQL as its tenant, once where the tool says so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from dialplan.sql.statement import CompiledSql
from dialplan.tools.ports import Transactions
from dialplan.tools.refusals import BUSY, sqlstate
from dialplan.tools.state import CallState
from dialplan.tools.values import plain

Returns = Literal["one", "many", "count"]

MOST_ROWS = 200
"""The most rows that a query gives to a tool."""

_CLAIM = (
    "INSERT INTO dialplan.tool_results (call_sid, tool, key) VALUES ($1, $2, $3)"
    " ON CONFLICT DO NOTHING"
)
_FOUND = (
    "SELECT CAST(result AS text) FROM dialplan.tool_results"
    " WHERE call_sid = $1 AND tool = $2 AND key = $3"
)
_KEEP = (
    "UPDATE dialplan.tool_results SET result = CAST(CAST($4 AS text) AS jsonb)"
    " WHERE call_sid = $1 AND tool = $2 AND key = $3"
)
_RELEASE = "DELETE FROM dialplan.tool_results WHERE call_sid = $1 AND tool = $2 AND key = $3"


@dataclass(frozen=True, slots=True)
class Once:
    """Which run of which tool must happen once: the key is made of its arguments."""

    tool: str
    key: str


class Queries:
    """A tenant's data, for the tools of one vertical."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def run(
        self,
        statement: CompiledSql,
        values: Mapping[str, object],
        returns: Returns,
        call: CallState,
        *,
        limit: float,
        once: Once | None = None,
    ) -> object:
        """The result as a JSON value, None when there was nothing; `limit` in seconds.

        With `once` the first result is given again, and it is kept in the transaction of the write:
        either both happened or neither. Where somebody else was at the same rows, so that Postgres
        took it all back, it is tried once more.

        Raises:
            DBAPIError: Postgres refused it, and nothing was done.
        """
        try:
            return await self._run(statement, values, returns, call, limit, once)
        except DBAPIError as error:
            if sqlstate(error) not in BUSY:
                raise
        return await self._run(statement, values, returns, call, limit, once)

    async def _run(
        self,
        statement: CompiledSql,
        values: Mapping[str, object],
        returns: Returns,
        call: CallState,
        limit: float,
        once: Once | None,
    ) -> object:
        async with self._transactions(
            call.vertical, call.tenant, statement_timeout=limit, timezone=call.timezone
        ) as session:
            if once is None:
                return await _execute(session, statement, values, returns, call)
            mark = (call.call_sid, once.tool, once.key)
            claimed = await session.exec_driver_sql(_CLAIM, mark)
            if claimed.rowcount == 0:
                return await _kept(session, mark)
            result = await _execute(session, statement, values, returns, call)
            if result is None:
                # Nothing was done, so nothing must be repeated.
                await session.exec_driver_sql(_RELEASE, mark)
            else:
                await session.exec_driver_sql(_KEEP, (*mark, json.dumps(result)))
            return result

    async def kept(self, once: Once, call: CallState) -> object:
        """The result kept by an earlier run, or None."""
        async with self._transactions(
            call.vertical, call.tenant, statement_timeout=5, timezone=call.timezone
        ) as session:
            return await _kept(session, (call.call_sid, once.tool, once.key))

    async def keep(self, once: Once, result: object, call: CallState) -> None:
        """Keep the result of a run that was not SQL."""
        async with self._transactions(
            call.vertical, call.tenant, statement_timeout=5, timezone=call.timezone
        ) as session:
            mark = (call.call_sid, once.tool, once.key)
            await session.exec_driver_sql(_CLAIM, mark)
            await session.exec_driver_sql(_KEEP, (*mark, json.dumps(result)))


async def _kept(session: AsyncConnection, mark: tuple[str, str, str]) -> object:
    found = (await session.exec_driver_sql(_FOUND, mark)).scalar_one_or_none()
    return None if found is None else json.loads(found)


async def _execute(
    session: AsyncConnection,
    statement: CompiledSql,
    values: Mapping[str, object],
    returns: Returns,
    call: CallState,
) -> object:
    bound = tuple(values[name] for name in statement.names)
    done = await session.exec_driver_sql(statement.text, bound)
    if not done.returns_rows:
        count = done.rowcount
        return {"rows": count} if count > 0 and returns != "count" else count or None
    if returns == "count":
        return done.rowcount or None
    found = done.mappings().fetchmany(1 if returns == "one" else MOST_ROWS)
    rows = [_with_currency(dict(row), statement.currencies) for row in found]
    if not rows:
        return None
    return plain(rows[0] if returns == "one" else rows, call.zone)


def _with_currency(row: dict[str, object], currencies: Mapping[str, str]) -> dict[str, object]:
    for name, unit in currencies.items():
        amount = row.get(name)
        if isinstance(amount, Decimal):
            row[name] = f"{amount:.2f} {unit}"
    return row
