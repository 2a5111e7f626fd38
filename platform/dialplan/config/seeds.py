"""Seed files to rows whose values have the types of their columns, or located problems."""

from __future__ import annotations

from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from dialplan.config.problem import VerticalProblems
from dialplan.config.source import Source
from dialplan.config.values import Place, Value
from dialplan.model.database import Column, Database
from dialplan.model.seed import day_of, moment_of

SeedValue = str | int | float | bool | date | time | datetime | None
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
            columns = database.tables[table].columns
            rows[table] = _rows(source, table, value, columns, today, zone)
    if source.problems:
        raise VerticalProblems(source.problems)
    return rows


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
        needed = not column.optional and column.default is None and column.type != "serial"
        if needed and name not in row:
            source.problem(place, "E202", f"`{name}` is missing", path=path)


def _cell(
    source: Source, cell: Value, column: Column, path: str, today: date, zone: ZoneInfo
) -> SeedValue:
    if cell.broken:
        return None
    if not isinstance(cell.content, str):
        source.problem(cell.place, "E201", "expected one plain value", path=path)
        return None
    text = cell.content
    if cell.plain and text in ("", "null"):
        return None
    kind = column.type or "integer"
    try:
        match kind:
            case "integer" | "serial":
                return int(text)
            case "number":
                return float(text)
            case "boolean":
                return {"true": True, "false": False}[text]
            case "date":
                return day_of(text, today=today)
            case "time":
                return time.fromisoformat(text)
            case "timestamptz":
                return moment_of(text, today=today, zone=zone)
            case _:
                return text
    except (ValueError, KeyError, OverflowError):
        source.problem(cell.place, "E201", f"expected {_WORDS[kind]}, got `{text[:60]}`", path=path)
        return None


_WORDS = {
    "integer": "a whole number",
    "serial": "a whole number",
    "number": "a number",
    "boolean": "`true` or `false`",
    "date": "a day such as `2026-03-02` or `today+1`",
    "time": "a time such as `09:00`",
    "timestamptz": "a moment such as `2026-03-02 09:00` or `today+1 09:00`",
}
