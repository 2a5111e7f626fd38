"""Families of Postgres types: what may be compared with what, and stored in what."""

from __future__ import annotations

from collections.abc import Mapping

from postgast.pg_query_pb2 import TypeName

from dialplan.sql.tree import words

_FAMILIES: Mapping[str, str] = {
    "bigint": "number",
    "int8": "number",
    "integer": "number",
    "int4": "number",
    "int2": "number",
    "numeric": "number",
    "double precision": "number",
    "float8": "number",
    "float4": "number",
    "text": "text",
    "varchar": "text",
    "bpchar": "text",
    "boolean": "boolean",
    "bool": "boolean",
    "date": "moment",
    "timestamptz": "moment",
    "timestamp": "moment",
    "timestamp with time zone": "moment",
    "time": "time",
    "time without time zone": "time",
    "jsonb": "json",
    "uuid": "uuid",
}
_SHOWN: Mapping[str, str] = {
    "int8": "bigint",
    "int4": "integer",
    "float8": "double precision",
    "bool": "boolean",
    "timestamp with time zone": "timestamptz",
    "time without time zone": "time",
}


class Declared(str):
    """A Postgres type with what a vertical says of a column of it.

    Attributes:
        values: the only texts that it holds; empty for any.
        currency: of which it holds amounts; empty for none.
    """

    values: tuple[str, ...]
    currency: str

    def __new__(cls, kind: str, values: tuple[str, ...] = (), currency: str = "") -> Declared:
        """A type, and what is said of it."""
        made = super().__new__(cls, kind)
        made.values = values
        made.currency = currency
        return made


def values_of(kind: str | None) -> tuple[str, ...]:
    """The only texts that an expression of this type holds; empty for any."""
    return kind.values if isinstance(kind, Declared) else ()


def currency_of(kind: str | None) -> str:
    """The currency of an expression of this type; empty for none."""
    return kind.currency if isinstance(kind, Declared) else ""


def cast_type(name: TypeName) -> str | None:
    """The type that a cast gives; nothing for arrays."""
    return None if name.array_bounds or name.setof else words(name.names)[-1]


def shown(kind: str) -> str:
    """A type as its author would write it."""
    return "money" if currency_of(kind) else _SHOWN.get(kind, str(kind))


def family(kind: str | None) -> str | None:
    """What a type is one of, whatever its length; nothing for those that are not known here."""
    return None if kind is None else _FAMILIES.get(kind.partition("(")[0])


def comparable(left: str | None, right: str | None) -> bool:
    """Whether `=` and its like take both; unknown types are taken to fit."""
    one, other = family(left), family(right)
    return one is None or other is None or one == other


def storable(value: str | None, column: str | None) -> bool:
    """Whether a column takes a value without a cast; unknown types are taken to fit."""
    if comparable(value, column) or value is None:
        return True
    into = family(column)
    return into == "text" or (into == "time" and value.startswith("timestamp"))
