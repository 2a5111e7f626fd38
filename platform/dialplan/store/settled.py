"""Whether a vertical's tables were compared with its file before, and neither moved since.

To compare takes Alembic and some 40 ms a vertical; most starts and reloads have nothing new for it.
What was found is kept as the schema's comment, so that it goes where the schema goes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import AddConstraint, CreateIndex, CreateTable, ExecutableDDLElement

from dialplan.model.database import Table
from dialplan.sql.rules import quoted as quote
from dialplan.sql.rules import table_rules
from dialplan.store.blueprint import DIALECT, blueprint
from dialplan.store.live import live_hash
from dialplan.store.rules import rule_sql

PLANNER = 1
"""Raised with each change of `changes.plan_tables` that sees differences in the same tables."""
_OURS = "dialplan: compared "

_COMMENT = text(
    "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = :schema"
)


def is_settled(connection: Connection, schema: str, tables: Mapping[str, Table]) -> bool:
    """Whether nothing is to be done for these tables.

    Raises:
        StoreError: tables that cannot be.
    """
    found = connection.execute(_COMMENT, {"schema": schema}).scalar_one_or_none()
    return found == _mark(connection, schema, tables)


def note_settled(connection: Connection, schema: str, tables: Mapping[str, Table]) -> None:
    """Note that nothing is to be done for these tables, as they are now."""
    found = connection.execute(_COMMENT, {"schema": schema}).scalar_one_or_none()
    if found is not None and not found.startswith(_OURS):
        return  # somebody else's words
    mark = _mark(connection, schema, tables)
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(f"COMMENT ON SCHEMA {quote(schema)} IS '{mark}'")
    except DBAPIError:
        return  # a schema of another owner's: it is compared each time


def _mark(connection: Connection, schema: str, tables: Mapping[str, Table]) -> str:
    facts = [PLANNER, _described(schema, tables), live_hash(connection, schema)]
    return _OURS + hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def _described(schema: str, tables: Mapping[str, Table]) -> list[object]:
    """Everything that the file says of tables: the SQL that would make them, and former names."""
    described: list[object] = [
        [
            _sql(CreateTable(table)),
            sorted(_sql(CreateIndex(index)) for index in table.indexes),
            sorted(_sql(AddConstraint(tie)) for tie in table.foreign_key_constraints),
        ]
        for table in blueprint(schema, tables).tables.values()
    ]
    described += [rule_sql(schema, rule) for rule in table_rules(tables)]
    described += [
        [name, table.was, {key: column.was for key, column in table.columns.items()}]
        for name, table in tables.items()
    ]
    return described


def _sql(element: ExecutableDDLElement) -> str:
    return str(element.compile(dialect=DIALECT))
