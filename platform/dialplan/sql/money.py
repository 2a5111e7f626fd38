"""Which columns of a statement's rows are amounts of money, and in which currency."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from postgast import parse

from dialplan.model.database import Table
from dialplan.sql.analysis import analyse
from dialplan.sql.kinds import Declared, currency_of
from dialplan.sql.scope import Kind, TableColumns
from dialplan.sql.tables import tables_for_sql
from dialplan.sql.tree import inner

_Key = tuple[tuple[str, tuple[tuple[str, Kind, str], ...]], ...]


def currencies_of(text: str, tables: Mapping[str, Table]) -> Mapping[str, str]:
    """The currency of each column that a compiled statement gives an amount of money in."""
    units = (column.currency for table in tables.values() for column in table.columns.values())
    if not any(units):
        return {}
    known = tables_for_sql(tables)
    # A type is equal to the same one of another currency: the currency stands beside it.
    key = tuple(
        (name, tuple((one, kind, currency_of(kind)) for one, kind in table.columns.items()))
        for name, table in known.items()
    )
    return _currencies(text, key)


@lru_cache(maxsize=1024)
def _currencies(text: str, key: _Key) -> Mapping[str, str]:
    tables = {
        name: TableColumns(
            {one: Declared(kind, currency=unit) if kind else kind for one, kind, unit in columns}
        )
        for name, columns in key
    }
    return analyse(inner(parse(text).stmts[0].stmt), tables).currencies
