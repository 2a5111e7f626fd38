"""The tables of a vertical as statements meet them."""

from __future__ import annotations

from collections.abc import Mapping

from dialplan.model.database import Table
from dialplan.sql.rules import TENANT, is_plain
from dialplan.sql.scope import Kind, TableColumns
from dialplan.sql.table_faults import column_kind


def tables_for_sql(tables: Mapping[str, Table]) -> dict[str, TableColumns]:
    """Every table with the types of its columns; unknown where a reference leads nowhere."""
    return {name: _table(table, tables) for name, table in tables.items()}


def _table(table: Table, tables: Mapping[str, Table]) -> TableColumns:
    columns: dict[str, Kind] = {TENANT: "text"}
    columns |= {one: column_kind(column, tables) for one, column in table.columns.items()}
    required = frozenset(one for one, column in table.columns.items() if column.required)
    single = [
        one
        for one, column in table.columns.items()
        if column.unique or column.type == "serial" or one == "id"
    ]
    unique = frozenset(
        {
            *(frozenset({TENANT, one}) for one in single),
            *(frozenset({TENANT, *group.columns}) for group in table.unique if is_plain(group)),
        }
    )
    computed = frozenset(one for one, column in table.columns.items() if column.computed)
    return TableColumns(columns, required, unique, computed)
