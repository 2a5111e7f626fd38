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
}
_SHOWN: Mapping[str, str] = {
    "int8": "bigint",
    "int4": "integer",
    "float8": "double precision",
    "bool": "boolean",
    "timestamp with time zone": "timestamptz",
    "time without time zone": "time",
}


def cast_type(name: TypeName) -> str | None:
    """The type that a cast gives; nothing for arrays."""
    return None if name.array_bounds or name.setof else words(name.names)[-1]


def shown(kind: str) -> str:
    """A type as its author would write it."""
    return _SHOWN.get(kind, kind)


def comparable(left: str | None, right: str | None) -> bool:
    """Whether `=` and its like take both; unknown types are taken to fit."""
    if left is None or right is None:
        return True
    one, other = _FAMILIES.get(left), _FAMILIES.get(right)
    return one is None or other is None or one == other


def storable(value: str | None, column: str | None) -> bool:
    """Whether a column takes a value without a cast; unknown types are taken to fit."""
    if comparable(value, column) or value is None or column is None:
        return True
    into = _FAMILIES[column]
    return into == "text" or (into == "time" and value.startswith("timestamp"))
