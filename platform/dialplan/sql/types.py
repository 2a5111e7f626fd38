"""One table of types for each crossing into Postgres: values of a tool, columns of a table."""

from __future__ import annotations

from collections.abc import Mapping

from dialplan.model.database import Column, ColumnType, Table
from dialplan.model.tool import Tool
from dialplan.model.vertical import Vertical

POSTGRES: Mapping[str, str] = {
    "string": "text",
    "integer": "bigint",
    "number": "double precision",
    "boolean": "boolean",
    "date": "date",
    "time": "time",
    "datetime": "timestamptz",
    "phone": "text",
    "email": "text",
    "timezone": "text",
}
"""The Postgres type that a value of the language is bound as."""

COLUMNS: Mapping[ColumnType, str] = {
    "serial": "bigint",
    "text": "text",
    "integer": "bigint",
    "number": "double precision",
    "decimal": "numeric",
    "money": "numeric(14,2)",
    "boolean": "boolean",
    "date": "date",
    "time": "time without time zone",
    "timestamptz": "timestamp with time zone",
    "phone": "text",
    "email": "text",
    "json": "jsonb",
    "uuid": "uuid",
}
"""The Postgres type of a column, as `format_type` spells it."""


def column_type(column: Column, tables: Mapping[str, Table]) -> str:
    """The Postgres type of a column; one that references a table has the type of its key."""
    if column.references is not None:
        return column_type(tables[column.references].columns["id"], tables)
    if column.precision is not None and column.scale is not None:
        return f"numeric({column.precision},{column.scale})"
    return COLUMNS[column.type or "text"]


def bind_types(vertical: Vertical, tool: Tool) -> dict[str, str]:
    """The Postgres type of every name that a tool's SQL may bind."""
    types = {name: POSTGRES[one.type] for name, one in tool.parameters.items()}
    types |= {f"state.{name}": POSTGRES[one.type] for name, one in vertical.state.items()}
    types |= {f"variables.{name}": POSTGRES[one.type] for name, one in vertical.variables.items()}
    return types | {
        "call.id": "text",
        "call.from": "text",
        "call.to": "text",
        "call.now": "timestamptz",
        "call.digits": "text",
        "call.open": "boolean",
        "call.hours_today": "text",
        "call.next_opening": "text",
    }
