"""What a vertical's schema holds now: names, and a hash that moves with every change of it."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime

from sqlalchemy import Connection, text

DROPPED = "_dropped_"
"""What was taken away is renamed with this in front and the day, and dropped for good later."""

_COLUMNS = text(
    "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,"
    " pg_get_expr(d.adbin, d.adrelid), c.relrowsecurity AND c.relforcerowsecurity"
    " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
    " JOIN pg_namespace n ON n.oid = c.relnamespace"
    " LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
    " WHERE n.nspname = :schema AND c.relkind IN ('r', 'p') AND a.attnum > 0"
    " AND NOT a.attisdropped ORDER BY 1, 2"
)
_CONSTRAINTS = text(
    "SELECT c.relname, k.conname, pg_get_constraintdef(k.oid) FROM pg_constraint k"
    " JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = :schema ORDER BY 1, 2"
)
_INDEXES = text("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = :schema ORDER BY 1")


def live_columns(connection: Connection, schema: str) -> dict[str, dict[str, bool]]:
    """Return the columns of each table by name, with whether a value must be there."""
    found: dict[str, dict[str, bool]] = {}
    for row in connection.execute(_COLUMNS, {"schema": schema}):
        found.setdefault(row[0], {})[row[1]] = row[3]
    return found


def live_hash(connection: Connection, schema: str) -> str:
    """Return a hash of columns, constraints and indexes."""
    facts = [
        [list(row) for row in connection.execute(query, {"schema": schema})]
        for query in (_COLUMNS, _CONSTRAINTS, _INDEXES)
    ]
    return hashlib.sha256(json.dumps(facts, default=str).encode()).hexdigest()[:16]


def purge_statements(connection: Connection, schema: str, *, before: date) -> list[tuple[str, str]]:
    """Return (words, SQL) for all that was taken away before a day, tables first."""
    columns = live_columns(connection, schema)
    tables = [name for name in columns if _dropped_before(name, before)]
    found = [
        (f"table {schema}.{name}", f"DROP TABLE {_quoted(schema)}.{_quoted(name)} CASCADE")
        for name in tables
    ]
    return found + [
        (
            f"column {schema}.{table}.{name}",
            f"ALTER TABLE {_quoted(schema)}.{_quoted(table)} DROP COLUMN {_quoted(name)} CASCADE",
        )
        for table, names in columns.items()
        if table not in tables
        for name in names
        if _dropped_before(name, before)
    ]


def _dropped_before(name: str, before: date) -> bool:
    day = name.removeprefix(DROPPED)[:8]
    if not name.startswith(DROPPED) or not day.isdecimal():
        return False
    try:
        return datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC).date() < before
    except ValueError:
        return False


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
