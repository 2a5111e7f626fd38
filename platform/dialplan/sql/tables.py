"""The tables of a vertical as statements meet them, and what keeps them from being made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dialplan.model.database import Table
from dialplan.sql.scope import TableColumns
from dialplan.sql.types import column_type

TENANT = "tenant"
"""The column that the platform puts first in every table."""


@dataclass(frozen=True, slots=True)
class TableFault:
    """Why a table cannot be made; `column` is empty when it is about the whole table."""

    table: str
    column: str
    message: str


def table_faults(tables: Mapping[str, Table]) -> list[TableFault]:
    """What keeps tables from being made, beyond names that lead nowhere in `unique`."""
    faults = []
    for name, table in tables.items():
        serials = [one for one, column in table.columns.items() if column.type == "serial"]
        if len(serials) > 1:
            message = f"expected at most one `serial` column, got {len(serials)}"
            faults.append(TableFault(name, "", message))
        if TENANT in table.columns:
            faults.append(TableFault(name, TENANT, "the platform has this column: rename it"))
        for one, column in table.columns.items():
            target = column.references
            if target is None:
                continue
            if target not in tables or "id" not in tables[target].columns:
                message = f"no table `{target}` with a column `id`"
                faults.append(TableFault(name, one, message))
            elif tables[target].columns["id"].references is not None:
                faults.append(TableFault(name, one, f"`{target}.id` is itself a reference"))
    return faults


def tables_for_sql(tables: Mapping[str, Table]) -> dict[str, TableColumns]:
    """Every table with the types of its columns; unknown where a reference leads nowhere."""
    broken = {(fault.table, fault.column) for fault in table_faults(tables)}
    made = {}
    for name, table in tables.items():
        columns: dict[str, str | None] = {TENANT: "text"}
        for one, column in table.columns.items():
            columns[one] = None if (name, one) in broken else column_type(column, tables)
        required = frozenset(
            one
            for one, column in table.columns.items()
            if not column.optional and column.default is None and column.type != "serial"
        )
        single = [
            one
            for one, column in table.columns.items()
            if column.unique or column.type == "serial" or one == "id"
        ]
        unique = frozenset(
            {
                *(frozenset({TENANT, one}) for one in single),
                *(frozenset({TENANT, *group}) for group in table.unique),
            }
        )
        made[name] = TableColumns(columns, required, unique)
    return made
