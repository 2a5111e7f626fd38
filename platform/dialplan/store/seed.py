"""Loads the rows of a seed file into one tenant's tables. Never run unless somebody asked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from dialplan.errors import StoreError
from dialplan.model.database import Table
from dialplan.model.seed import day_of, moment_of
from dialplan.sql.rules import quoted as quote
from dialplan.sql.types import column_type
from dialplan.store.database import Database, reason
from dialplan.store.tenancy import tenant_transaction

Row = Mapping[str, object]


async def load_seed(
    database: Database,
    vertical: str,
    tenant: str,
    tables: Mapping[str, Table],
    rows: Mapping[str, Sequence[Row]],
    *,
    today: date,
    timezone: str = "UTC",
) -> int:
    """Insert `rows` (table name -> list of rows) and return how many were new.

    A row whose key is there already is left as it is. Values are sent as text and read by Postgres
    as the column's type, so a file may write `2026-03-02 09:00`; times
    without an offset are in `timezone`. Texts such as `today+1 09:00` count from `today`.

    Raises:
        StoreError: an unknown table or column, or a row that Postgres refuses, with its place.
    """
    added = 0
    place = "seed"
    try:
        async with database.engine.begin() as connection:
            for name in _order(tables, rows):
                top = _highest(tables[name], rows[name])
                if top is not None:
                    await _advance(connection, vertical, name, top[1], top[0])
        async with tenant_transaction(
            database, vertical, tenant, statement_timeout=30, timezone=timezone
        ) as session:
            for name in _order(tables, rows):
                for number, row in enumerate(rows[name]):
                    place = f"seed.{name}[{number}]"
                    statement, values = _insert(place, name, tables, row, today, ZoneInfo(timezone))
                    done = await session.exec_driver_sql(statement, values)
                    added += done.rowcount
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        raise StoreError(f"{place}: {reason(error)}") from error
    return added


def _order(tables: Mapping[str, Table], rows: Mapping[str, Sequence[Row]]) -> list[str]:
    """Tables that have rows, those that others point at first."""
    for name in rows:
        if name not in tables:
            raise StoreError(f"seed.{name}: no such table: expected one of {_names(tables)}")
    ordered: list[str] = []

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in ordered or name in above:
            return
        for column in tables[name].columns.values():
            if column.references is not None:
                visit(column.references, (*above, name))
        ordered.append(name)

    for name in tables:
        visit(name, ())
    return [name for name in ordered if name in rows]


def _insert(
    place: str,
    name: str,
    tables: Mapping[str, Table],
    row: Row,
    today: date,
    zone: ZoneInfo,
) -> tuple[str, tuple[object, ...]]:
    table = tables[name]
    for column in row:
        if column not in table.columns:
            raise StoreError(
                f"{place}.{column}: no such column: expected one of {_names(table.columns)}"
            )
    columns = ", ".join(quote(column) for column in row)
    # The source cast keeps asyncpg from asking for Python types that YAML has not.
    kinds = [column_type(table.columns[column], tables) for column in row]
    marks = ", ".join(f"CAST(${n}::text AS {kind})" for n, kind in enumerate(kinds, 1))
    body = f"({columns}) VALUES ({marks})" if row else "DEFAULT VALUES"
    statement = f"INSERT INTO {quote(name)} {body} ON CONFLICT DO NOTHING"
    return statement, tuple(
        _text(_moment(place, kind, value, today, zone))
        for kind, value in zip(kinds, row.values(), strict=True)
    )


def _highest(table: Table, rows: Sequence[Row]) -> tuple[str, int] | None:
    for name, column in table.columns.items():
        if column.type == "serial":
            numbers = [value for row in rows if isinstance(value := row.get(name), int)]
            return (name, max(numbers)) if numbers else None
    return None


async def _advance(
    connection: AsyncConnection, vertical: str, name: str, top: int, key: str
) -> None:
    # The next number must lie past those that the file chose. The tools' role may not set it.
    table = f"{quote(vertical)}.{quote(name)}"
    await connection.execute(
        text(
            "SELECT setval(s, greatest(:top, coalesce(pg_sequence_last_value(s), 1)))"
            " FROM CAST(pg_get_serial_sequence(:table, :key) AS regclass) AS s"
        ),
        {"table": table, "key": key, "top": top},
    )


def _moment(place: str, kind: str, value: object, today: date, zone: ZoneInfo) -> object:
    if not isinstance(value, str):
        return value
    try:
        if kind == "date":
            return day_of(value, today=today)
        if kind == "timestamp with time zone":
            return moment_of(value, today=today, zone=zone)
    except ValueError as error:
        raise StoreError(
            f"{place}: expected a date or moment such as `2026-03-02 09:00` or `today+1 09:00`, "
            f"got `{value}`"
        ) from error
    return value


def _text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, dict | list):
        return json.dumps(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _names(names: Mapping[str, object]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names)) or "none"
