"""What Postgres refuses, as a sentence that the model can act on. Never a caller's value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from sqlalchemy.exc import DBAPIError

from dialplan.model.database import Column, Index, NoOverlap, Table, Unique
from dialplan.sql.rules import (
    check_rule,
    column_checks,
    either,
    exclusion_rule,
    is_plain,
    partial_rule,
    plain_name,
    wanted,
)

BUSY = frozenset({"40001", "40P01", "55P03"})
"""What is worth a second try: somebody else was at the same rows."""

TAKEN = "That time has just been taken. Offer another."
_MOMENTS = frozenset({"timestamptz", "date", "time"})
_BY_STATE: Mapping[str, str] = {
    "23505": "There is one like it already.",
    "23P01": TAKEN,
    "23514": "A value is not one that is allowed here.",
    "23503": "It needs something that is not there, or something else still needs it.",
    "23001": "It cannot be removed: something else still needs it.",
    "23502": "A value that is needed is missing.",
    "22000": "A value does not have the form that is needed.",
    "22001": "A text is too long.",
    "22003": "A number is too large.",
    "22007": "A date or a time cannot be read.",
    "22008": "There is no such date or time.",
    "22021": "A text holds characters that cannot be kept.",
    "22P02": "A value does not have the form that is needed.",
    "22P05": "A text holds characters that cannot be kept.",
    "40001": "Somebody else changed the same just now. Try once more.",
    "40P01": "Somebody else changed the same just now. Try once more.",
    "55P03": "Somebody else is changing the same just now. Try once more.",
}


class Refusals:
    """The sentences of one vertical's tables."""

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self._tables = tables

    @cached_property
    def _by_constraint(self) -> Mapping[str, str]:
        # Most calls are refused nothing, and names are hashes.
        return dict(_sentences(self._tables))

    def sentence(self, error: DBAPIError) -> str | None:
        """What to tell the model; nothing when it is no refusal but a failure."""
        cause = getattr(error.orig, "__cause__", None)
        if isinstance(cause, ValueError):
            # The driver could not even send it: a number beyond 64 bits, say.
            return _BY_STATE["22P02"]
        state = sqlstate(error)
        if state is None:
            return None
        if state == "22000" and str(cause).startswith("range lower bound"):
            return "It ends before it starts."
        table = str(getattr(cause, "table_name", None) or "")
        if state == "23502":
            return self._missing(table, str(getattr(cause, "column_name", None) or ""))
        name = getattr(cause, "constraint_name", None)
        if state in ("23503", "23001") and _of_target(cause):
            return f"It cannot be removed or renumbered: {_read(table)} still needs it."
        return self._by_constraint.get(str(name), _BY_STATE.get(state))

    def _missing(self, table: str, column: str) -> str:
        said = self._tables[table].columns.get(column) if table in self._tables else None
        if said is not None and said.says is not None:
            return said.says
        return f"A value for {_read(column)} is needed." if said else _BY_STATE["23502"]


def sqlstate(error: DBAPIError) -> str | None:
    """Postgres' five letters for what went wrong; nothing when it was not Postgres."""
    found = getattr(error.orig, "sqlstate", None)
    return None if found is None else str(found)


def _of_target(cause: object) -> bool:
    # The same constraint refuses a row that points at nothing and a delete of what is pointed at.
    return str(getattr(cause, "message", "") or cause).startswith("update or delete on")


def _sentences(tables: Mapping[str, Table]) -> Iterator[tuple[str, str]]:
    for name, table in tables.items():
        for key, column in table.columns.items():
            yield from _of_column(name, key, column)
        for check in table.check:
            default = f"This is not allowed here: it must hold that {check.sql}."
            yield check_rule(name, check.sql), check.says or default
        for span in table.no_overlap:
            rule = exclusion_rule(name, span, table.columns, tables)
            yield rule.name, span.says or _overlap(table, span)
        for group in table.unique:
            says = group.says or _shared(name, table, group)
            if is_plain(group):
                yield plain_name(name, group.columns, "key"), says
            else:
                yield partial_rule(name, group).name, says


def _of_column(table: str, name: str, column: Column) -> Iterator[tuple[str, str]]:
    if column.references is not None:
        default = f"There is no such entry in {_read(column.references)}. Look it up first."
        yield plain_name(table, (name,), "fkey"), column.says or default
    if column.unique:
        default = f"Another entry in {_read(table)} has the same {_read(name)}."
        yield plain_name(table, (name,), "idx"), column.says or default
    for rule in column_checks(table, name, column):
        if rule.values:
            default = f"The {_read(name)} must be {either(rule.values)}."
            yield rule.name, column.says or default
        elif column.check is not None:
            default = f"The {_read(name)} must be {wanted(column.check)}."
            yield rule.name, column.check.says or column.says or default


def _overlap(table: Table, span: NoOverlap) -> str:
    kind = table.columns[span.columns[0]].type
    return TAKEN if kind in _MOMENTS else "That overlaps one that is there already."


def _shared(name: str, table: Table, group: Unique | Index) -> str:
    if any(table.columns[one].type in _MOMENTS for one in group.columns):
        return TAKEN
    columns = " and ".join(_read(one) for one in group.columns)
    return f"Another entry in {_read(name)} has the same {columns}."


def _read(name: str) -> str:
    return name.replace("_", " ")
