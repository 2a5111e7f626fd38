"""Seed files to rows whose values have the types of their columns, or located problems."""

from __future__ import annotations

import json
import re
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from dialplan.config.contract import plain
from dialplan.config.problem import VerticalProblems, listed
from dialplan.config.source import Source
from dialplan.config.values import Place, Value
from dialplan.model.database import Column, Database
from dialplan.model.seed import day_of, moment_of
from dialplan.model.shape import PHONE

SeedValue = str | int | float | bool | Decimal | UUID | date | time | datetime | None
Rows = dict[str, list[dict[str, SeedValue]]]
"""Table to rows, in the order in which they are written."""


def load_seed(folder: Path, name: str, database: Database, *, today: date, zone: ZoneInfo) -> Rows:
    """Load rows for the tables of a vertical; `today+1 09:00` counts from `today` in `zone`."""
    source = Source(folder)
    root = source.load(name)
    rows: Rows = {}
    if root is not None and not isinstance(root.content, dict):
        source.problem(root.place, "E201", "expected a mapping of tables to rows")
    elif root is not None and isinstance(root.content, dict):
        for table, value in root.content.items():
            if value.broken:
                continue
            if table not in database.tables:
                hint = source.hint(table, database.tables)
                source.problem(root.keys[table], "E310", f"no table named `{table}`", hint, table)
                continue
            columns = _resolved(database, table)
            rows[table] = _rows(source, table, value, columns, today, zone)
    if source.problems:
        raise VerticalProblems(source.problems)
    return rows


def _resolved(database: Database, table: str) -> dict[str, Column]:
    """The columns of a table; one that references another has the type of its key."""
    columns = dict(database.tables[table].columns)
    for name, column in columns.items():
        if column.references is None or column.references not in database.tables:
            continue
        key = database.tables[column.references].columns.get("id")
        if key is not None and key.type is not None:
            kind = "integer" if key.type == "serial" else key.type
            columns[name] = Column(type=kind, optional=column.optional, default=column.default)
    return columns


def _rows(
    source: Source,
    table: str,
    value: Value,
    columns: dict[str, Column],
    today: date,
    zone: ZoneInfo,
) -> list[dict[str, SeedValue]]:
    rows: list[dict[str, SeedValue]] = []
    if not isinstance(value.content, list):
        source.problem(value.place, "E201", "expected a list of rows", path=table)
        return rows
    for index, row in enumerate(value.content):
        path = f"{table}[{index}]"
        if not isinstance(row.content, dict):
            source.problem(row.place, "E201", "expected a mapping of columns to values", path=path)
            continue
        made: dict[str, SeedValue] = {}
        for name, cell in row.content.items():
            if name not in columns:
                hint = source.hint(name, columns)
                source.problem(
                    row.keys[name], "E310", f"no column named `{name}`", hint, f"{path}.{name}"
                )
            elif columns[name].computed is not None:
                message = f"`{name}` is computed: leave it out"
                source.problem(row.keys[name], "E207", message, path=f"{path}.{name}")
            else:
                made[name] = _cell(source, cell, columns[name], f"{path}.{name}", today, zone)
        _missing(source, row.place, path, made, columns)
        rows.append(made)
    return rows


def _missing(
    source: Source,
    place: Place,
    path: str,
    row: dict[str, SeedValue],
    columns: dict[str, Column],
) -> None:
    for name, column in columns.items():
        if column.required and name not in row:
            source.problem(place, "E202", f"`{name}` is missing", path=path)


def _cell(
    source: Source, cell: Value, column: Column, path: str, today: date, zone: ZoneInfo
) -> SeedValue:
    if cell.broken:
        return None
    if column.type == "json" and not isinstance(cell.content, str):
        return json.dumps(plain(cell, {}), default=str)  # what is broken is told already
    if not isinstance(cell.content, str):
        source.problem(cell.place, "E201", "expected one plain value", path=path)
        return None
    text = cell.content
    if cell.plain and text in ("", "null"):
        return None
    if column.enum is not None and text not in column.enum:
        hint = source.hint(text, column.enum)
        source.problem(
            cell.place, "E204", f"expected {listed(column.enum)}, got `{text[:60]}`", hint, path
        )
        return None
    # One that points nowhere is said elsewhere.
    kind = column.type or ("text" if column.enum is not None else "integer")
    try:
        return _read(kind, text, column.currency, today, zone)
    except (ValueError, KeyError, OverflowError, InvalidOperation):
        words = _WORDS[kind].replace("USD", column.currency or "USD")
        source.problem(cell.place, "E201", f"expected {words}, got `{text[:60]}`", path=path)
        return None


def _read(kind: str, text: str, currency: str | None, today: date, zone: ZoneInfo) -> SeedValue:
    match kind:
        case "integer" | "serial":
            return int(text)
        case "number":
            return float(text)
        case "decimal":
            return _decimal(text)
        case "money":
            amount, _, named = text.partition(" ")
            return _decimal(amount if named in ("", currency) else text)
        case "uuid":
            return UUID(text)
        case "boolean":
            return {"true": True, "false": False}[text]
        case "date":
            return day_of(text, today=today)
        case "time":
            return time.fromisoformat(text)
        case "timestamptz":
            return moment_of(text, today=today, zone=zone)
        case "phone" if re.fullmatch(PHONE.strip("^$"), text) is None:
            raise ValueError("no caller's number is written like this")
        case "json":
            json.loads(text)
            return text
        case _:
            return text


def _decimal(text: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite():
        raise ValueError("no amount")
    return number


_WORDS = {
    "integer": "a whole number",
    "serial": "a whole number",
    "number": "a number",
    "decimal": "a number",
    "money": "an amount such as `45.00` or `45.00 USD`",
    "uuid": "a UUID such as `6f1d0c3e-0d0b-4f7e-9a51-3c1c6a1f2b10`",
    "phone": "a phone number such as `+15550100001`",
    "json": "JSON in quotes, or a mapping or list",
    "boolean": "`true` or `false`",
    "date": "a day such as `2026-03-02` or `today+1`",
    "time": "a time such as `09:00`",
    "timestamptz": "a moment such as `2026-03-02 09:00` or `today+1 09:00`",
}
