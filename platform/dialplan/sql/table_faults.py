"""What keeps the tables of a vertical from being made, in the words of an author."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from json import loads
from uuid import UUID

from dialplan.model.database import Column, ColumnCheck, Computed, Table
from dialplan.sql.expressions import Use, expression_faults
from dialplan.sql.kinds import Declared
from dialplan.sql.rules import RANGES, TENANT
from dialplan.sql.scope import Kind
from dialplan.sql.types import column_type

Steps = tuple[str | int, ...]

_NUMBERS = frozenset({"integer", "number", "decimal", "money"})
_TEXTS = frozenset({"text", "phone", "email"})
_CLOCK: Mapping[tuple[str, str], str] = {
    ("timestamptz", "now"): "now()",
    ("time", "now"): "LOCALTIME",
    ("date", "today"): "CURRENT_DATE",
    ("date", "now"): "CURRENT_DATE",
}


@dataclass(frozen=True, slots=True)
class TableFault:
    """Why a table cannot be made; `column` is empty when it is about the whole table.

    Attributes:
        steps: the way to what is wrong, below the table or the column.
        text: the SQL that is wrong, where it is that; `span` is in characters of it.
        name: what was written, when it may be a slip of the keyboard for one of `known`.
    """

    table: str
    column: str
    message: str
    steps: Steps = ()
    hint: str = ""
    text: str = ""
    span: tuple[int, int] = (0, 1)
    name: str = ""
    known: tuple[str, ...] = ()


def table_faults(tables: Mapping[str, Table]) -> list[TableFault]:
    """What keeps tables from being made, beyond names that lead to no column."""
    return [fault for name, table in tables.items() for fault in _faults(name, table, tables)]


def misled(column: Column, tables: Mapping[str, Table]) -> str:
    """Why a column's reference leads nowhere; empty when it leads to a key, or there is none."""
    target = column.references
    if target is None:
        return ""
    if target not in tables or "id" not in tables[target].columns:
        return f"no table `{target}` with a column `id`"
    if tables[target].columns["id"].references is not None:
        return f"`{target}.id` is itself a reference"
    return ""


def column_kind(column: Column, tables: Mapping[str, Table]) -> Kind:
    """The type of a column, with what the file says of its values; unknown when it is misled."""
    if misled(column, tables):
        return None
    kind = column_type(column, tables)
    if column.enum is not None:
        return Declared(kind, values=column.enum)
    return Declared(kind, currency=column.currency) if column.currency is not None else kind


def computed_default(column: Column) -> str | None:
    """The SQL of a default that is worked out for each row; nothing for a plain value or none."""
    if isinstance(column.default, Computed):
        return column.default.sql
    if isinstance(column.default, str):
        return _CLOCK.get((column.type or "", column.default))
    if column.default is None and column.type == "uuid" and not column.optional:
        return "gen_random_uuid()"
    return None


def _faults(name: str, table: Table, tables: Mapping[str, Table]) -> Iterator[TableFault]:
    serials = [one for one, column in table.columns.items() if column.type == "serial"]
    if len(serials) > 1:
        message = f"expected at most one `serial` column, got {len(serials)}"
        yield TableFault(name, "", message)
    if TENANT in table.columns:
        yield TableFault(name, TENANT, "the platform has this column: rename it")
    for one, column in table.columns.items():
        for fault in _of_column(column, tables):
            yield replace(fault, table=name, column=one)
        yield from _of_expressions(name, one, table, tables)
    for number, check in enumerate(table.check):
        steps: Steps = ("check", number, "sql")
        yield from _of_sql(name, check.sql, "check", steps, table, tables)
    yield from _of_groups(name, table, tables)


def _of_column(column: Column, tables: Mapping[str, Table]) -> Iterator[TableFault]:
    def fault(message: str, *steps: str | int, hint: str = "") -> TableFault:
        return TableFault("", "", message, steps, hint)

    if wrong := misled(column, tables):
        yield fault(wrong)
    if column.on_delete != "restrict" and column.references is None:
        yield fault("`on_delete` is for a column that `references` a table", "on_delete")
    if column.on_delete == "set_null" and not column.optional:
        yield fault("`set_null` needs a column that may be empty", "on_delete", hint=_OPTIONAL)
    if column.type == "money" and column.currency is None:
        yield fault("`money` needs its currency", hint="write `{type: money, currency: USD}`")
    if column.currency is not None and column.type != "money":
        yield fault("`currency` is for `type: money`", "currency")
    if (column.precision is None) != (column.scale is None):
        given = "scale" if column.precision is None else "precision"
        yield fault("`precision` and `scale` go together", given, hint=_DECIMAL)
    elif column.precision is not None and column.type != "decimal":
        yield fault("`precision` is for `type: decimal`", "precision")
    elif (column.scale or 0) > (column.precision or 0):
        yield fault("`scale` is at most `precision`", "scale", hint=_DECIMAL)
    yield from _of_values(column)
    if column.computed is not None and (column.default is not None or column.type == "serial"):
        yield fault("a computed column has no other value", "computed")
    if column.check is not None:
        yield from _of_check(column, column.check)


def _of_values(column: Column) -> Iterator[TableFault]:
    if column.enum is None:
        if wanted := _unfit(column):
            got = column.default
            got = str(got).lower() if isinstance(got, bool) else got
            message = f"the default is no `{column.type}`: expected {wanted}, got `{got}`"
            yield TableFault("", "", message, ("default",))
        return
    if len(set(column.enum)) < len(column.enum):
        yield TableFault("", "", "a value stands twice", ("enum",))
    plain = computed_default(column) is None and column.default is not None
    if plain and column.default not in column.enum:
        listed = ", ".join(f"`{one}`" for one in column.enum[:12])
        yield TableFault("", "", f"the default is none of {listed}", ("default",))


def _unfit(column: Column) -> str:
    """What a plain default would have to be; empty where it is that, or none is written."""
    value, kind = column.default, column.type or ""
    if value is None or isinstance(value, Computed) or computed_default(column) is not None:
        return ""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    match kind:
        case "boolean":
            return "" if isinstance(value, bool) else "`true` or `false`"
        case "integer":
            return "" if isinstance(value, int) and number else "a whole number"
        case "number":
            return "" if number else "a number"
        case "decimal" | "money":
            return "" if number or _reads(Decimal, value) else "an amount such as `45.00`"
        case "uuid":
            return "" if _reads(UUID, value) else "a UUID, or leave it out: Postgres makes one"
        case "date":
            return "" if _reads(date.fromisoformat, value) else "`today`, or a day"
        case "time":
            return "" if _reads(time.fromisoformat, value) else "`now`, or a time such as `09:00`"
        case "timestamptz":
            return "" if _reads(datetime.fromisoformat, value) else "`now`, or a moment"
        case "json":
            return "" if not isinstance(value, str) or _reads(loads, value) else "JSON"
        case "serial":
            return "none: Postgres counts"
    return ""


def _reads(read: Callable[[str], object], value: object) -> bool:
    try:
        read(str(value))
    except (ValueError, ArithmeticError):
        return False
    return True


def _of_check(column: Column, check: ColumnCheck) -> Iterator[TableFault]:
    kind = column.type or "enum"
    for keys, kinds, word in (
        (("minimum", "maximum"), _NUMBERS, "numbers"),
        (("min_length", "max_length", "pattern"), _TEXTS, "texts"),
    ):
        for key in keys:
            if getattr(check, key) is not None and kind not in kinds:
                message = f"`{key}` is for {word}"
                hint = 'write a check of the table, such as `check: ["ends_at > starts_at"]`'
                yield TableFault("", "", message, ("check", key), hint)
    for low, high in (("minimum", "maximum"), ("min_length", "max_length")):
        least, most = getattr(check, low), getattr(check, high)
        if least is not None and most is not None and least > most:
            yield TableFault("", "", f"`{low}` is at most `{high}`", ("check", low))
    if not (check.model_fields_set - {"says"}):
        yield TableFault("", "", "this check asks nothing", ("check",))


def _of_expressions(
    name: str, one: str, table: Table, tables: Mapping[str, Table]
) -> Iterator[TableFault]:
    column = table.columns[one]
    at: Steps = ("columns", one)
    if isinstance(column.default, Computed):
        steps: Steps = (*at, "default", "sql")
        yield from _of_sql(name, column.default.sql, "default", steps, table, tables)
    if column.computed is not None:
        steps = (*at, "computed")
        yield from _of_sql(name, column.computed, "computed", steps, table, tables, but=one)


def _of_groups(name: str, table: Table, tables: Mapping[str, Table]) -> Iterator[TableFault]:
    wheres: list[tuple[str, int, str | None]] = [
        *(("unique", number, one.where) for number, one in enumerate(table.unique)),
        *(("indexes", number, one.where) for number, one in enumerate(table.indexes)),
        *(("no_overlap", number, one.where) for number, one in enumerate(table.no_overlap)),
    ]
    for key, number, where in wheres:
        if where is not None:
            yield from _of_sql(name, where, "where", (key, number, "where"), table, tables)
    for number, span in enumerate(table.no_overlap):
        if not {*span.columns, *span.per} <= table.columns.keys():
            continue
        steps: Steps = ("no_overlap", number)
        ends = [table.columns[one] for one in span.columns]
        if any(misled(one, tables) for one in ends):
            continue
        kinds = {column_type(one, tables) for one in ends}
        if len(kinds) > 1 or not kinds <= RANGES.keys():
            message = "a span has two columns of one type: `timestamptz`, `date` or `integer`"
            yield TableFault(name, "", message, (*steps, "columns"))
        if any(table.columns[one].type == "json" for one in span.per):
            yield TableFault(name, "", "`json` cannot be compared", (*steps, "per"))


def _of_sql(
    name: str,
    text: str,
    use: Use,
    steps: Steps,
    table: Table,
    tables: Mapping[str, Table],
    *,
    but: str = "",
) -> Iterator[TableFault]:
    # A computed column may read none that is computed, itself included.
    columns = {
        one: column_kind(column, tables)
        for one, column in table.columns.items()
        if not (but and column.computed is not None)
    }
    for one in expression_faults(text, columns, use):
        span = (one.start, one.end)
        yield TableFault(name, "", one.message, steps, one.hint, text, span, one.name, one.known)


_OPTIONAL = "write `optional: true`"
_DECIMAL = "write `{type: decimal, precision: 12, scale: 2}`"
