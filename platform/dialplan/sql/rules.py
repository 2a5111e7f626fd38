"""What Postgres must refuse in the tables of a vertical: each rule with its name, SQL and words.

A rule's name ends in a hash of its SQL. Two rules are the same when their names are, whatever
Postgres makes of the SQL, and a refusal leads from the name back to the words of the file.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from dialplan.model.database import Column, ColumnCheck, Index, NoOverlap, Table, Unique
from dialplan.sql.expressions import columns_in
from dialplan.sql.types import column_type

TENANT = "tenant"
"""The column that the platform puts first in every table."""

MOST_NAME_BYTES = 63
"""Postgres cuts longer identifiers."""

RANGES: Mapping[str, str] = {
    "timestamp with time zone": "tstzrange",
    "date": "daterange",
    "bigint": "int8range",
}
"""The range that two columns of a type make; others make none."""

OWN_NAME = re.compile(r"_(check|excl|part)_[0-9a-f]{8}$")
"""What the name of a rule ends in, and no other's."""

HERE = "\x00"
"""Stands for the table, with its schema, in `Rule.broken`: no SQL holds this character."""

_BEFORE = " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"

Kind = Literal["check", "exclusion", "unique", "index"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a table.

    Attributes:
        name: of the constraint or index, at most 63 bytes.
        body: the SQL behind the name: `CHECK (...)`, `EXCLUDE ...`, `(columns) WHERE ...`.
        columns: those it reads.
        what: what it asks, in words.
        broken: a query for how many rows break it, of the table that `HERE` stands for.
        values: of an enum.
    """

    table: str
    name: str
    kind: Kind
    body: str
    columns: tuple[str, ...]
    what: str
    broken: str = ""
    values: tuple[str, ...] = ()


def table_rules(tables: Mapping[str, Table]) -> list[Rule]:
    """The rules of all tables that no plain constraint of a column says."""
    return [rule for name, table in tables.items() for rule in _rules(name, table, tables)]


def is_plain(rule: Unique | Index) -> bool:
    """Whether it is a constraint or index over all rows, which is no rule of its own here."""
    return rule.where is None


def quoted(name: str) -> str:
    """An identifier for SQL."""
    return '"' + name.replace('"', '""') + '"'


def text_literal(value: str) -> str:
    """A text for SQL (standard_conforming_strings is on since 9.1)."""
    return "'" + value.replace("'", "''") + "'"


def own_name(table: str, columns: tuple[str, ...], kind: str, body: str) -> str:
    """A name that says what it is about and moves with every change of the SQL."""
    tail = f"_{kind}_{hashlib.sha256(body.encode()).hexdigest()[:8]}"
    head = "_".join((table, *columns)).encode()[: MOST_NAME_BYTES - len(tail)]
    return head.decode(errors="ignore") + tail


def plain_name(table: str, columns: tuple[str, ...], suffix: str) -> str:
    """The name of a plain constraint or index, as the platform has always made it.

    It is Postgres' own (`slots_tenant_doctor_key`); one that is too long is cut as SQLAlchemy does.
    """
    name = "_".join((table, TENANT, *columns, suffix))
    if len(name) <= MOST_NAME_BYTES:
        return name
    mark = hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()[-4:]
    return f"{name[: MOST_NAME_BYTES - 8]}_{mark}"


def check_rule(table: str, sql: str) -> str:
    """The name of a check of a table."""
    return own_name(table, columns_in(sql), "check", _check(sql))


def column_checks(table: str, name: str, column: Column) -> list[Rule]:
    """The rules of one column: the words of an enum, and its `check`."""
    found = []
    if column.enum is not None:
        listed = ", ".join(text_literal(one) for one in column.enum)
        condition = f"{quoted(name)} IN ({listed})"
        what = f"let {table}.{name} be {either(column.enum)}"
        found.append(_checking(table, name, condition, what, column.enum))
    if column.check is not None:
        condition = " AND ".join(_conditions(name, column.check))
        if condition:
            what = f"let {table}.{name} be {wanted(column.check)}"
            found.append(_checking(table, name, condition, what))
    return found


def exclusion_rule(
    table: str, span: NoOverlap, columns: Mapping[str, Column], tables: Mapping[str, Table]
) -> Rule:
    """The rule that no two rows overlap.

    Raises:
        KeyError: the columns are none, or of a type that makes no range.
    """
    start, end = span.columns
    kind = column_type(columns[start], tables)
    per = (TENANT, *span.per)
    equal = "".join(f"{quoted(one)} WITH =, " for one in per)
    made = f"{RANGES[kind]}({quoted(start)}, {quoted(end)})"
    where = f" WHERE ({span.where}\n)" if span.where else ""
    body = f"EXCLUDE USING gist ({equal}{made} WITH &&){where}"
    groups = ", ".join(quoted(one) for one in per)
    filled = "".join(f" AND {quoted(one)} IS NOT NULL" for one in span.per)
    # One pass over the sorted rows: one that begins before all earlier ones have ended overlaps.
    sorted_by = f"(PARTITION BY {groups} ORDER BY lower(_made){_BEFORE})"
    spans = f"(SELECT *, {made} AS _made FROM {HERE}) AS spans"  # noqa: S608 - quoted names
    kept = f"NOT isempty(_made){filled}" + (f" AND ({span.where}\n)" if span.where else "")
    broken = (
        f"SELECT count(*) FROM (SELECT _made, max(upper(_made)) OVER {sorted_by} AS _busy,"  # noqa: S608 - quoted names
        f" bool_or(upper_inf(_made)) OVER {sorted_by} AS _open FROM {spans} WHERE {kept}) AS sorted"
        " WHERE _open OR lower(_made) < _busy"
    )
    of = f" of the same {' and '.join(span.per)}" if span.per else ""
    return Rule(
        table,
        own_name(table, (*span.columns, *span.per), "excl", body),
        "exclusion",
        body,
        (*span.columns, *span.per, *columns_in(span.where or "true")),
        f"let no two rows of {table}{of} overlap in {start} to {end}",
        broken,
    )


def partial_rule(table: str, rule: Unique | Index) -> Rule:
    """A unique set or an index over the rows for which a condition holds."""
    names = ", ".join(quoted(one) for one in (TENANT, *rule.columns))
    body = f"({names}) WHERE ({rule.where}\n)"
    listed = ", ".join(rule.columns)
    columns = (*rule.columns, *columns_in(rule.where or "true"))
    if isinstance(rule, Index):
        name = own_name(table, rule.columns, "part", f"index {body}")
        return Rule(table, name, "index", body, columns, f"index {table}.{listed} in part")
    name = own_name(table, rule.columns, "part", f"unique {body}")
    filled = "".join(f" AND {quoted(one)} IS NOT NULL" for one in rule.columns)
    broken = (
        f"SELECT count(*) FROM (SELECT FROM {HERE} WHERE ({rule.where}\n){filled}"  # noqa: S608 - quoted names
        f" GROUP BY {names} HAVING count(*) > 1) AS shared"
    )
    what = f"let no two rows of {table} share {listed} in part"
    return Rule(table, name, "unique", body, columns, what, broken)


def _rules(name: str, table: Table, tables: Mapping[str, Table]) -> Iterator[Rule]:
    for key, column in table.columns.items():
        yield from column_checks(name, key, column)
    for check in table.check:
        broken = f"SELECT count(*) FROM {HERE} WHERE NOT ({check.sql}\n)"  # noqa: S608 - checked to be one expression
        columns, body = columns_in(check.sql), _check(check.sql)
        what = f"let each row of {name} hold `{check.sql}`"
        yield Rule(name, check_rule(name, check.sql), "check", body, columns, what, broken)
    for span in table.no_overlap:
        yield exclusion_rule(name, span, table.columns, tables)
    parts: list[Unique | Index] = [*table.unique, *table.indexes]
    yield from (partial_rule(name, one) for one in parts if not is_plain(one))


def _checking(
    table: str, name: str, condition: str, what: str, values: tuple[str, ...] = ()
) -> Rule:
    body = _check(condition)
    broken = f"SELECT count(*) FROM {HERE} WHERE NOT ({condition})"  # noqa: S608 - quoted names
    made = own_name(table, (name,), "check", body)
    return Rule(table, made, "check", body, (name,), what, broken, values)


def _check(condition: str) -> str:
    # The line break ends a comment that the author may have left open.
    return f"CHECK ({condition}\n)"


def _conditions(name: str, check: ColumnCheck) -> Iterator[str]:
    column = quoted(name)
    if check.minimum is not None:
        yield f"{column} >= {number(check.minimum)}"
    if check.maximum is not None:
        yield f"{column} <= {number(check.maximum)}"
    if check.min_length is not None:
        yield f"char_length({column}) >= {check.min_length}"
    if check.max_length is not None:
        yield f"char_length({column}) <= {check.max_length}"
    if check.pattern is not None:
        yield f"{column} ~ {text_literal(check.pattern)}"


def number(value: float) -> str:
    """A number as its author wrote it: no point where there was none."""
    return str(int(value)) if float(value).is_integer() else repr(value)


def wanted(check: ColumnCheck) -> str:
    """What a check asks, in words: `at least 0 and at most 10`."""
    parts = []
    if check.minimum is not None:
        parts.append(f"at least {number(check.minimum)}")
    if check.maximum is not None:
        parts.append(f"at most {number(check.maximum)}")
    if check.min_length is not None:
        parts.append(f"at least {check.min_length} characters long")
    if check.max_length is not None:
        parts.append(f"at most {check.max_length} characters long")
    if check.pattern is not None:
        parts.append("of the right form")
    return " and ".join(parts)


def either(values: tuple[str, ...]) -> str:
    """A list in words: `open, held or closed`."""
    return f"{', '.join(values[:-1])} or {values[-1]}" if len(values) > 1 else values[0]
