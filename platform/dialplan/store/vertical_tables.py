"""The tables of a vertical: planned from YAML, created in its schema, fenced by tenant.

Only adds: a missing table or column. Anything else that differs is an error naming it; what is
there is never changed or dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from dialplan.errors import StoreError
from dialplan.model.database import Column, Table
from dialplan.sql.tables import TENANT, table_faults
from dialplan.sql.types import column_type
from dialplan.store.database import TOOLS_ROLE, Database, lock, reason

_LIVE = text(
    "SELECT c.relname, a.attname, format_type(a.atttypid, NULL), a.attnotnull"
    " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
    " JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = :schema AND c.relkind IN ('r', 'p') AND a.attnum > 0"
    " AND NOT a.attisdropped"
)


@dataclass(frozen=True, slots=True)
class LiveColumn:
    """A column as it is in the database."""

    type: str
    required: bool


Live = Mapping[str, Mapping[str, LiveColumn]]


def quote(name: str) -> str:
    """An identifier for SQL."""
    return '"' + name.replace('"', '""') + '"'


def plan_tables(schema: str, tables: Mapping[str, Table], live: Live) -> list[str]:
    """The statements that add what is missing, in an order that works.

    Raises:
        StoreError: a table cannot be reached by adding only; every difference is in the message.
    """
    problems = _shape_problems(tables)
    if problems:
        raise StoreError("; ".join(problems))
    statements = [f"CREATE SCHEMA IF NOT EXISTS {quote(schema)}"]
    references: list[str] = []
    for name, table in tables.items():
        where = f"database.tables.{name}"
        present = live.get(name)
        if present is None:
            statements += _create(schema, name, table, tables)
            added = dict(table.columns)
        else:
            problems += _differences(where, table, present, tables)
            added = {key: col for key, col in table.columns.items() if key not in present}
            statements += [
                f"ALTER TABLE {quote(schema)}.{quote(name)} "
                f"ADD COLUMN {_column(column, col, tables)}"
                for column, col in added.items()
            ]
        statements += _indexes(schema, name, added)
        references += _foreign_keys(schema, name, added)
    if problems:
        raise StoreError("; ".join(problems))
    return [*statements, *references, *_grants(schema)]


async def create_tables(database: Database, vertical: str, tables: Mapping[str, Table]) -> None:
    """Create what `tables` has and the vertical's schema has not, in one transaction.

    Raises:
        StoreError: a difference that adding cannot settle, or the server refused.
    """
    if vertical == "dialplan":
        raise StoreError("a vertical cannot be named `dialplan`: the platform's tables are there")
    try:
        async with database.engine.begin() as connection:
            await lock(connection)
            live = await _read(connection, vertical)
            for statement in plan_tables(vertical, tables, live):
                await connection.exec_driver_sql(statement)
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        raise StoreError(f"the tables of `{vertical}` cannot be created: {reason(error)}") from (
            error
        )


async def _read(connection: AsyncConnection, schema: str) -> Live:
    live: dict[str, dict[str, LiveColumn]] = {}
    for table, column, kind, required in await connection.execute(_LIVE, {"schema": schema}):
        live.setdefault(table, {})[column] = LiveColumn(kind, required)
    return live


def _key(table: Table) -> str | None:
    return next((name for name, col in table.columns.items() if col.type == "serial"), None)


def _shape_problems(tables: Mapping[str, Table]) -> list[str]:
    problems = [
        f"database.tables.{fault.table}{f'.columns.{fault.column}' if fault.column else ''}: "
        f"{fault.message}"
        for fault in table_faults(tables)
    ]
    for name, table in tables.items():
        problems += [
            f"database.tables.{name}.unique: no column `{column}`"
            for names in table.unique
            for column in names
            if column not in table.columns
        ]
    return problems


def _differences(
    where: str, table: Table, present: Mapping[str, LiveColumn], tables: Mapping[str, Table]
) -> list[str]:
    problems = []
    if TENANT not in present:
        problems.append(f"{where}: the table exists without a `{TENANT}` column: not made here")
    for name, column in table.columns.items():
        live = present.get(name)
        at = f"{where}.columns.{name}"
        required = not column.optional
        if live is None:
            if column.type == "serial" or (required and column.default is None):
                problems.append(
                    f"{at}: a new column of a table that exists must be `optional` "
                    "or have a `default`"
                )
        elif live.type != column_type(column, tables):
            problems.append(
                f"{at}: expected type `{column_type(column, tables)}`, "
                f"the database has `{live.type}`: change the database by hand or name a new column"
            )
        elif live.required != required:
            problems.append(
                f"{at}: expected {'required' if required else 'optional'}, the database has it "
                f"{'required' if live.required else 'optional'}: change one of them by hand"
            )
    for name in present:
        if name not in table.columns and name != TENANT:
            problems.append(
                f"{where}: the database has a column `{name}` that the file has not: "
                "write it again or drop it by hand"
            )
    return problems


def _column(name: str, column: Column, tables: Mapping[str, Table]) -> str:
    parts = [quote(name), column_type(column, tables)]
    if column.type == "serial":
        parts.append("GENERATED BY DEFAULT AS IDENTITY")
    if column.default is not None:
        parts.append(f"DEFAULT {_literal(column.default)}")
    if not column.optional:
        parts.append("NOT NULL")
    return " ".join(parts)


def _literal(value: str | int | float | bool) -> str:
    # DDL takes no bound values. Text in an E-less literal needs its quotes doubled and nothing else
    # (standard_conforming_strings, on since 9.1).
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"'{value!r}'"
    return "'" + value.replace("'", "''") + "'"


def _create(schema: str, name: str, table: Table, tables: Mapping[str, Table]) -> list[str]:
    target = f"{quote(schema)}.{quote(name)}"
    lines = [f"{quote(TENANT)} text NOT NULL DEFAULT current_setting('dialplan.tenant')"]
    lines += [_column(column, col, tables) for column, col in table.columns.items()]
    key = _key(table)
    if key is not None:
        lines.append(f"PRIMARY KEY ({quote(TENANT)}, {quote(key)})")
    if "id" in table.columns and key != "id":
        lines.append(f"UNIQUE ({quote(TENANT)}, {quote('id')})")
    for names in table.unique:
        lines.append(f"UNIQUE ({', '.join(quote(column) for column in (TENANT, *names))})")
    seen = f"{quote(TENANT)} = current_setting('dialplan.tenant', true)"
    return [
        f"CREATE TABLE {target} (\n  " + ",\n  ".join(lines) + "\n)",
        f"ALTER TABLE {target} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {target} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY tenant ON {target} USING ({seen}) WITH CHECK ({seen})",
    ]


def _indexes(schema: str, name: str, columns: Mapping[str, Column]) -> list[str]:
    target = f"{quote(schema)}.{quote(name)}"
    statements = []
    for column, col in columns.items():
        fields = f"({quote(TENANT)}, {quote(column)})"
        if col.unique:
            statements.append(f"CREATE UNIQUE INDEX ON {target} {fields}")
        elif col.index or col.references is not None:
            statements.append(f"CREATE INDEX ON {target} {fields}")
    return statements


def _foreign_keys(schema: str, name: str, columns: Mapping[str, Column]) -> list[str]:
    # With the tenant in the key a row cannot point at another tenant's row: the check of a foreign
    # key is made by the system and looks past row-level security.
    return [
        f"ALTER TABLE {quote(schema)}.{quote(name)} "
        f"ADD FOREIGN KEY ({quote(TENANT)}, {quote(column)}) "
        f"REFERENCES {quote(schema)}.{quote(col.references)} ({quote(TENANT)}, {quote('id')})"
        for column, col in columns.items()
        if col.references is not None
    ]


def _grants(schema: str) -> list[str]:
    return [
        f"GRANT USAGE ON SCHEMA {quote(schema)} TO {TOOLS_ROLE}",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "
        f"{quote(schema)} TO {TOOLS_ROLE}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {quote(schema)} TO {TOOLS_ROLE}",
    ]
