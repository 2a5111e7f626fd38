"""Defaults and computed columns: what of their SQL differs from what the file says.

Postgres keeps SQL in words of its own. What the file says is therefore shown to it on an empty
table that lives for a moment, and what it keeps of both is compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy import Connection

from dialplan.errors import StoreError
from dialplan.sql.rules import TENANT
from dialplan.sql.rules import quoted as quote
from dialplan.store.blueprint import DIALECT
from dialplan.store.steps import Step

_CAST = re.compile(r"::[a-z ]+(\([0-9,]+\))?$")
_TRIAL = "dialplan_trial"
_SET_EXPRESSION = 170000
"""The first Postgres that changes what is computed without a new column."""


def default_text(clause: sa.DefaultClause) -> str:
    """The SQL of a default."""
    return str(
        clause.arg.compile(dialect=DIALECT) if not isinstance(clause.arg, str) else clause.arg
    )


def expression_steps(connection: Connection, schema: str, table: sa.Table) -> Iterator[Step]:
    """Yield the steps for columns of a table that is there.

    Raises:
        StoreError: a column that holds values cannot become computed.
    """
    inspector = sa.inspect(connection)
    live = {one["name"]: one for one in inspector.get_columns(table.name, schema)}
    for column in table.columns:
        present = live.get(column.name)
        if present is None or column.name == TENANT or column.identity is not None:
            continue
        was = present.get("computed")
        wanted = column.server_default
        where = f"{table.name}.{column.name}"
        target = f"ALTER TABLE {quote(schema)}.{quote(table.name)}"
        target = f"{target} ALTER COLUMN {quote(column.name)}"
        kind = column.type.compile(dialect=DIALECT)
        if column.computed is not None:
            sql = str(column.computed.sqltext.compile(dialect=DIALECT))
            if was is None:
                raise StoreError(
                    f"database.tables.{table.name}.columns.{column.name}: it is there and holds "
                    "values, so it cannot become computed: write a new column under another name"
                )
            kept = _kept(
                connection,
                schema,
                table.name,
                column.name,
                kind,
                f"GENERATED ALWAYS AS ({sql}) STORED",
            )
            if kept != was["sqltext"]:
                yield _recompute(connection, table.name, column.name, target, sql)
        elif was is not None:
            what = f"compute {where} no longer"
            note = "the values that it has stay"
            yield Step("RISKY", what, table.name, (f"{target} DROP EXPRESSION",), note)
        elif str(present["type"].compile(dialect=DIALECT)) == kind:  # else set with the new type
            sql = default_text(wanted) if isinstance(wanted, sa.DefaultClause) else ""
            if _differs(connection, schema, table.name, column.name, kind, present["default"], sql):
                change = f"SET DEFAULT {sql}" if sql else "DROP DEFAULT"
                what = f"change the default of {where}"
                yield Step("SAFE", what, table.name, (f"{target} {change}",), blocks=False)


def _differs(
    connection: Connection,
    schema: str,
    table: str,
    column: str,
    kind: str,
    live: str | None,
    wanted: str,
) -> bool:
    if live is None or not wanted:
        return bool(live or wanted)
    # What Postgres adds to a plain value is its type; most defaults are told by that alone.
    if live == wanted or _CAST.sub("", live) == wanted:
        return False
    return live != _kept(connection, schema, table, column, kind, f"DEFAULT {wanted}")


def _recompute(connection: Connection, table: str, column: str, target: str, sql: str) -> Step:
    version = connection.exec_driver_sql("SHOW server_version_num").scalar_one()
    if int(version) < _SET_EXPRESSION:
        raise StoreError(
            f"database.tables.{table}.columns.{column}: what is computed changes from Postgres 17 "
            "on only: write a new column under another name"
        )
    note = "the table is rewritten and locked"
    statement = f"{target} SET EXPRESSION AS ({sql})"
    return Step("RISKY", f"compute {table}.{column} anew", table, (statement,), note)


def _kept(
    connection: Connection, schema: str, table: str, column: str, kind: str, clause: str
) -> str | None:
    """What Postgres keeps of a clause, on a table like this one; nothing when it refuses it."""
    name = quote(column)
    try:
        with connection.begin_nested() as trial:
            connection.exec_driver_sql(
                f"CREATE TEMP TABLE {_TRIAL} (LIKE {quote(schema)}.{quote(table)})"
            )
            connection.exec_driver_sql(f"ALTER TABLE {_TRIAL} DROP COLUMN {name}")
            connection.exec_driver_sql(f"ALTER TABLE {_TRIAL} ADD COLUMN {name} {kind} {clause}")
            found = connection.execute(
                sa.text(
                    "SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d JOIN pg_attribute a"
                    " ON a.attrelid = d.adrelid AND a.attnum = d.adnum"
                    " WHERE d.adrelid = to_regclass(:table) AND a.attname = :column"
                ),
                {"table": f"pg_temp.{_TRIAL}", "column": column},
            ).scalar_one_or_none()
            trial.rollback()
            return None if found is None else str(found)
    except sa.exc.DBAPIError:
        return None
