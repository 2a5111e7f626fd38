"""What is in scope where a name stands in a statement, and what is found wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = str | None
"""A Postgres type, or nothing where it cannot be told."""
Columns = Mapping[str, Kind]
Outputs = list[tuple[str, Kind]]

Fault = Literal["table", "column", "ambiguous", "type", "insert", "write", "doubt"]


@dataclass(frozen=True, slots=True)
class TableColumns:
    """A table as a statement meets it.

    Attributes:
        required: columns that a new row must be given.
        unique: sets of columns that no two rows share, the tenant's among them.
        computed: columns that nobody writes.
    """

    columns: Columns
    required: frozenset[str] = frozenset()
    unique: frozenset[frozenset[str]] = frozenset()
    computed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong in a statement.

    Attributes:
        location: where in Postgres' text, in bytes.
        name: what was written, when it may be a slip of the keyboard for one of `known`.
        hint: what to do, when that can be said.
    """

    fault: Fault
    message: str
    location: int
    name: str = ""
    known: tuple[str, ...] = ()
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Relation:
    """Something that columns come from.

    Attributes:
        columns: nothing where they cannot be told, as for a function's.
        hidden: only seen with its name in front (`excluded.price`).
        merged: columns that a join has made one with those of an earlier relation.
        computed: columns that nobody writes.
    """

    name: str
    columns: Columns | None
    hidden: bool = False
    merged: frozenset[str] = frozenset()
    computed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Scope:
    """The relations of a query, those around it, and what WITH has named."""

    relations: tuple[Relation, ...] = ()
    around: Scope | None = None
    named: Mapping[str, Columns | None] = field(default_factory=dict)

    def inner(self, relations: tuple[Relation, ...]) -> Scope:
        """The scope of a query that stands in this one."""
        return Scope(relations, self, self.named)

    def naming(self, named: Mapping[str, Columns | None]) -> Scope:
        """The same scope with what WITH names."""
        return Scope(self.relations, self.around, named)
