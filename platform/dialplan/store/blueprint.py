"""The tables of a vertical as they should be: from YAML to SQLAlchemy's description of them. Pure.

Every table carries the tenant, in its keys too, so that no row can point at another tenant's row:
the check of a foreign key is made by the system and looks past row-level security.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from postgast import scan
from postgast.pg_query_pb2 import KeywordKind
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import asyncpg

from dialplan.errors import StoreError
from dialplan.model.database import Column, ColumnType, Computed, Table
from dialplan.sql.rules import TENANT, is_plain, text_literal
from dialplan.sql.rules import quoted as quote
from dialplan.sql.table_faults import computed_default, table_faults
from dialplan.store.database import TOOLS_ROLE

_TYPES: Mapping[ColumnType, sa.types.TypeEngine[Any]] = {
    "serial": sa.BigInteger(),
    "text": sa.Text(),
    "integer": sa.BigInteger(),
    "number": sa.Double(),
    "decimal": sa.Numeric(),
    "money": sa.Numeric(14, 2),
    "boolean": sa.Boolean(),
    "date": sa.Date(),
    "time": sa.Time(),
    "timestamptz": sa.DateTime(timezone=True),
    "phone": sa.Text(),
    "email": sa.Text(),
    "json": postgresql.JSONB(),
    "uuid": sa.Uuid(),
}
# The names that Postgres gives by itself: a constraint is then found again whoever made it.
_NAMES = {
    "pk": "%(table_name)s_pkey",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
}

DIALECT = asyncpg.dialect()  # type: ignore[no-untyped-call]  # it ships without types
"""The dialect that statements run in: that of another driver would double every `%`."""


def blueprint(schema: str, tables: Mapping[str, Table]) -> sa.MetaData:
    """Return the tables that a vertical's schema should hold.

    Raises:
        StoreError: a table cannot be; every fault is in the message.
    """
    if faults := _faults(tables):
        raise StoreError("; ".join(faults))
    metadata = sa.MetaData(schema=schema, naming_convention=_NAMES)
    for name, table in tables.items():
        _add(metadata, name, table, tables)
    return metadata


def fenced(schema: str, table: str) -> list[str]:
    """Statements that hide every other tenant's rows of a table, from its owner too."""
    target = f"{quote(schema)}.{quote(table)}"
    seen = f"{quote(TENANT)} = current_setting('dialplan.tenant', true)"
    return [
        f"ALTER TABLE {target} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {target} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY tenant ON {target} USING ({seen}) WITH CHECK ({seen})",
    ]


def standing(schema: str) -> list[str]:
    """Statements that hold whatever the tables are: the schema, and what the tools may do."""
    inside = f"IN SCHEMA {quote(schema)} TO {TOOLS_ROLE}"
    return [
        f"CREATE SCHEMA IF NOT EXISTS {quote(schema)}",
        f"GRANT USAGE ON SCHEMA {quote(schema)} TO {TOOLS_ROLE}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES {inside}",
        f"GRANT USAGE ON ALL SEQUENCES {inside}",
    ]


def _type(column: Column, tables: Mapping[str, Table]) -> sa.types.TypeEngine[Any]:
    if column.references is not None:
        return _type(tables[column.references].columns["id"], tables)
    if column.precision is not None:
        return sa.Numeric(column.precision, column.scale)
    return _TYPES[column.type or "text"]


def _add(metadata: sa.MetaData, name: str, table: Table, tables: Mapping[str, Table]) -> None:
    # DEFAULT current_setting(...): a tool's INSERT never names the tenant.
    tenant = sa.text("current_setting('dialplan.tenant')")
    columns: list[sa.Column[Any]] = [
        sa.Column(TENANT, sa.Text(), nullable=False, server_default=tenant)
    ]
    columns += [_column(key, column, tables) for key, column in table.columns.items()]
    made = sa.Table(name, metadata, *columns)
    key = key_of(table)
    if key is not None:
        made.append_constraint(sa.PrimaryKeyConstraint(TENANT, key))
    if "id" in table.columns and key != "id":
        made.append_constraint(sa.UniqueConstraint(TENANT, "id"))
    for group in table.unique:
        if is_plain(group):
            made.append_constraint(sa.UniqueConstraint(TENANT, *group.columns))
    for listed in table.indexes:
        if is_plain(listed):
            sa.Index(None, made.c[TENANT], *(made.c[one] for one in listed.columns))
    for one, column in table.columns.items():
        if column.references is not None:
            target = f"{metadata.schema}.{column.references}"
            made.append_constraint(
                sa.ForeignKeyConstraint(
                    [TENANT, one],
                    [f"{target}.{TENANT}", f"{target}.id"],
                    ondelete=_on_delete(one, column),
                    # Made after all tables: these may point at each other in a circle.
                    use_alter=True,
                )
            )
        if column.unique or column.index or column.references is not None:
            sa.Index(None, made.c[TENANT], made.c[one], unique=column.unique)


def key_of(table: Table) -> str | None:
    """The column that is the primary key within a tenant; nothing when there is none."""
    serial = next((one for one, column in table.columns.items() if column.type == "serial"), None)
    own = "id" in table.columns and table.columns["id"].type == "uuid"
    return serial or ("id" if own else None)


def default_sql(column: Column) -> str | None:
    """The SQL of a column's default; nothing when it has none."""
    made = computed_default(column)
    if made is not None or column.default is None or isinstance(column.default, Computed):
        return made
    return literal(column.default)


def _on_delete(name: str, column: Column) -> str | None:
    match column.on_delete:
        case "restrict":
            return None
        case "cascade":
            return "CASCADE"
        case "set_null":
            # Without the column, Postgres would empty the tenant too.
            return f"SET NULL ({_as_postgres_writes(name)})"


def _as_postgres_writes(name: str) -> str:
    """A name in quotes only where Postgres puts them, to be compared with what it says."""
    word = scan(name).tokens[0].keyword_kind
    return name if word in (KeywordKind.NO_KEYWORD, KeywordKind.UNRESERVED_KEYWORD) else quote(name)


def _column(name: str, column: Column, tables: Mapping[str, Table]) -> sa.Column[Any]:
    made: list[sa.Identity | sa.Computed] = []
    if column.type == "serial":
        made.append(sa.Identity(always=False))
    if column.computed is not None:
        made.append(sa.Computed(_bare(column.computed), persisted=True))
    default = default_sql(column)
    return sa.Column(
        name,
        _type(column, tables),
        *made,
        nullable=column.optional,
        server_default=None if default is None else sa.text(_bare(default)),
    )


def _bare(sql: str) -> str:
    """SQL for SQLAlchemy's text(), where a colon would name a value."""
    return sql.replace(":", "\\:")


def literal(value: str | int | float | bool) -> str:
    """A default for DDL, which takes no bound values."""
    if isinstance(value, bool):
        return "true" if value else "false"
    written = repr(value) if isinstance(value, int | float) else value
    return text_literal(written)


def _faults(tables: Mapping[str, Table]) -> list[str]:
    faults = []
    for one in table_faults(tables):
        column = f".columns.{one.column}" if one.column else ""
        faults.append(f"database.tables.{one.table}{column}: {one.message}")
    return faults + [
        f"database.tables.{name}.{key}: no column `{one}`"
        for name, table in tables.items()
        for key, one in named_columns(table)
        if one not in table.columns
    ]


def named_columns(table: Table) -> Iterator[tuple[str, str]]:
    """Every column that is named beside the columns themselves, and under which key."""
    for group in table.unique:
        yield from (("unique", one) for one in group.columns)
    for listed in table.indexes:
        yield from (("indexes", one) for one in listed.columns)
    for span in table.no_overlap:
        yield from (("no_overlap", one) for one in (*span.columns, *span.per))
