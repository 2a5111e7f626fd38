"""The tables of a vertical as they should be: from YAML to SQLAlchemy's description of them. Pure.

Every table carries the tenant, in its keys too, so that no row can point at another tenant's row:
the check of a foreign key is made by the system and looks past row-level security.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from dialplan.errors import StoreError
from dialplan.model.database import Column, ColumnType, Table
from dialplan.sql.tables import TENANT, table_faults
from dialplan.store.database import TOOLS_ROLE

_TYPES: Mapping[ColumnType, sa.types.TypeEngine[Any]] = {
    "serial": sa.BigInteger(),
    "text": sa.Text(),
    "integer": sa.BigInteger(),
    "number": sa.Double(),
    "boolean": sa.Boolean(),
    "date": sa.Date(),
    "time": sa.Time(),
    "timestamptz": sa.DateTime(timezone=True),
    "phone": sa.Text(),
    "email": sa.Text(),
    "json": postgresql.JSONB(),
}
# The names that Postgres gives by itself: a constraint is then found again whoever made it.
_NAMES = {
    "pk": "%(table_name)s_pkey",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
}

DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # it ships without types


def quote(name: str) -> str:
    """An identifier for SQL."""
    return '"' + name.replace('"', '""') + '"'


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


def granted(schema: str) -> list[str]:
    """Statements that let the tools' role work in a vertical's schema."""
    inside = f"IN SCHEMA {quote(schema)} TO {TOOLS_ROLE}"
    return [
        f"GRANT USAGE ON SCHEMA {quote(schema)} TO {TOOLS_ROLE}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES {inside}",
        f"GRANT USAGE ON ALL SEQUENCES {inside}",
    ]


def _type(column: Column, tables: Mapping[str, Table]) -> sa.types.TypeEngine[Any]:
    if column.references is not None:
        return _type(tables[column.references].columns["id"], tables)
    return _TYPES[column.type or "text"]


def _add(metadata: sa.MetaData, name: str, table: Table, tables: Mapping[str, Table]) -> None:
    # DEFAULT current_setting(...): a tool's INSERT never names the tenant.
    tenant = sa.text("current_setting('dialplan.tenant')")
    columns: list[sa.Column[Any]] = [
        sa.Column(TENANT, sa.Text(), nullable=False, server_default=tenant)
    ]
    columns += [_column(key, column, tables) for key, column in table.columns.items()]
    made = sa.Table(name, metadata, *columns)
    key = next((one for one, column in table.columns.items() if column.type == "serial"), None)
    if key is not None:
        made.append_constraint(sa.PrimaryKeyConstraint(TENANT, key))
    if "id" in table.columns and key != "id":
        made.append_constraint(sa.UniqueConstraint(TENANT, "id"))
    for names in table.unique:
        made.append_constraint(sa.UniqueConstraint(TENANT, *names))
    for one, column in table.columns.items():
        if column.references is not None:
            target = f"{metadata.schema}.{column.references}"
            made.append_constraint(
                sa.ForeignKeyConstraint(
                    [TENANT, one],
                    [f"{target}.{TENANT}", f"{target}.id"],
                    # Made after all tables: these may point at each other in a circle.
                    use_alter=True,
                )
            )
        if column.unique or column.index or column.references is not None:
            sa.Index(None, made.c[TENANT], made.c[one], unique=column.unique)


def _column(name: str, column: Column, tables: Mapping[str, Table]) -> sa.Column[Any]:
    identity = [sa.Identity(always=False)] if column.type == "serial" else []
    default = None if column.default is None else sa.text(literal(column.default))
    return sa.Column(
        name,
        _type(column, tables),
        *identity,
        nullable=column.optional,
        server_default=default,
    )


def literal(value: str | int | float | bool) -> str:
    """A default for DDL, which takes no bound values."""
    # Text in an E-less literal needs its quotes doubled and nothing else
    # (standard_conforming_strings, on since 9.1); a colon would be a bind of SQLAlchemy's text().
    if isinstance(value, bool):
        return "true" if value else "false"
    written = repr(value) if isinstance(value, int | float) else value
    return "'" + written.replace("'", "''").replace(":", "\\:") + "'"


def _faults(tables: Mapping[str, Table]) -> list[str]:
    faults = []
    for one in table_faults(tables):
        column = f".columns.{one.column}" if one.column else ""
        faults.append(f"database.tables.{one.table}{column}: {one.message}")
    return faults + [
        f"database.tables.{name}.unique: no column `{one}`"
        for name, table in tables.items()
        for names in table.unique
        for one in names
        if one not in table.columns
    ]
