"""What columns come from: FROM items, joins, WITH, and the names that are looked up in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pg

from dialplan.sql.scope import (
    Columns,
    Finding,
    Kind,
    Outputs,
    Relation,
    Scope,
    TableColumns,
)
from dialplan.sql.tree import inner, words

_SYSTEM = frozenset({"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"})
_ONE_COLUMN = frozenset(
    {"generate_series", "unnest", "string_to_table", "regexp_split_to_table", "generate_subscripts"}
)


class Reader:
    """Looks names up and keeps what was found wrong; statements and expressions build on it.

    Attributes:
        findings: what is wrong, once each, in the order in which it was met.
        used: the vertical's tables that were named.
    """

    def __init__(self, tables: Mapping[str, TableColumns]) -> None:
        self.tables = tables
        self.findings: dict[Finding, None] = {}
        self.used: set[str] = set()

    def note(self, finding: Finding) -> None:
        """Keep a finding; a part of a statement that is read twice says it once."""
        self.findings[finding] = None

    def query(self, node: Message, scope: Scope) -> Outputs | None:
        """The columns that a query gives; nothing where they cannot be told."""
        raise NotImplementedError

    def expression(self, node: Message, scope: Scope) -> Kind:
        """The type of an expression."""
        raise NotImplementedError

    def expressions(self, nodes: Iterable[Message], scope: Scope) -> None:
        """Check expressions whose types do not matter."""
        for node in nodes:
            self.expression(inner(node), scope)

    def table(self, node: pg.RangeVar, scope: Scope) -> Columns | None:
        """The columns of a table that is named; nothing when there is none."""
        name = node.relname
        if not node.schemaname and name in scope.named:
            return scope.named[name]
        if name in self.tables:
            self.used.add(name)
            return self.tables[name].columns
        known = tuple({**self.tables, **scope.named})
        self.note(Finding("table", f"no table named `{name}`", node.location, name, known))
        return None

    def sources(self, nodes: Iterable[Message], scope: Scope) -> tuple[Relation, ...]:
        """The relations of a FROM list."""
        found: list[Relation] = []
        for node in nodes:
            found += self._source(inner(node), scope, tuple(found))
        return tuple(found)

    def _source(
        self, node: Message, scope: Scope, beside: tuple[Relation, ...]
    ) -> tuple[Relation, ...]:
        match node:
            case pg.RangeVar():
                return (self.relation(node, scope),)
            case pg.RangeSubselect():
                inside = scope.inner(beside) if node.lateral else scope
                outputs = self.query(inner(node.subquery), inside)
                return (Relation(node.alias.aliasname, _renamed(outputs, node.alias)),)
            case pg.RangeFunction():
                self.expressions(node.functions, scope.inner(beside))
                return (_of_function(node),)
            case pg.JoinExpr():
                return self._join(node, scope, beside)
            case pg.RangeTableSample():
                return self._source(inner(node.relation), scope, beside)
            case pg.RangeTableFunc() | pg.JsonTable():
                return (Relation(node.alias.aliasname, None),)
            case _:
                return (Relation("", None),)

    def relation(self, node: pg.RangeVar, scope: Scope) -> Relation:
        """A table under its own name or its alias."""
        columns = self.table(node, scope)
        name = node.alias.aliasname or node.relname
        outputs = None if columns is None else list(columns.items())
        declared = self.tables.get(node.relname)
        own = node.relname not in scope.named and declared is not None
        computed = declared.computed if own and declared is not None else frozenset()
        return Relation(name, _renamed(outputs, node.alias), computed=computed)

    def _join(
        self, node: pg.JoinExpr, scope: Scope, beside: tuple[Relation, ...]
    ) -> tuple[Relation, ...]:
        left = self._source(inner(node.larg), scope, beside)
        right = self._source(inner(node.rarg), scope, (*beside, *left))
        using = frozenset(words(node.using_clause))
        if node.is_natural:
            using = _names(left) & _names(right)
        for name in sorted(using):
            for side in (left, right):
                if all(one.columns is not None for one in side) and name not in _names(side):
                    message = f"no column named `{name}` on both sides of the join"
                    known = tuple(sorted(_names(left) & _names(right)))
                    self.note(Finding("column", message, _place(node), name, known))
        right = tuple(Relation(o.name, o.columns, o.hidden, o.merged | using) for o in right)
        both = (*left, *right)
        if node.HasField("quals"):
            self.expression(inner(node.quals), scope.inner(both))
        if not node.alias.aliasname:
            return both
        if any(one.columns is None for one in both):
            return (Relation(node.alias.aliasname, None),)
        outputs = [pair for one in both for pair in (one.columns or {}).items()]
        return (Relation(node.alias.aliasname, _renamed(outputs, node.alias)),)

    def with_named(self, clause: pg.WithClause, scope: Scope) -> Scope:
        """The scope with what a WITH clause names, each of its queries checked."""
        named = dict(scope.named)
        tables = [one for node in clause.ctes if isinstance(one := inner(node), pg.CommonTableExpr)]
        if clause.recursive:
            named |= {one.ctename: None for one in tables}
        for one in tables:
            query = inner(one.ctequery)
            aliases = pg.Alias(colnames=one.aliascolnames)
            if clause.recursive and isinstance(query, pg.SelectStmt) and query.HasField("larg"):
                first = self.query(query.larg, scope.naming(named))
                named[one.ctename] = _renamed(first, aliases)
            named[one.ctename] = _renamed(self.query(query, scope.naming(named)), aliases)
        return scope.naming(named)

    def column(self, node: pg.ColumnRef, scope: Scope) -> Kind:
        """The type of a column that is named; a name that means nothing is noted."""
        names = words(node.fields)
        if len(names) == 1:
            return self._bare(names[0], node.location, scope)
        owner, name = names[-2], names[-1]
        level: Scope | None = scope
        while level is not None:
            for one in level.relations:
                if one.name == owner:
                    return self._member(one, name, node.location)
            level = level.around
        known = tuple(sorted({one.name for one in _all(scope)} - {""}))
        message = f"no table or alias named `{owner}` here"
        self.note(Finding("table", message, node.location, owner, known))
        return None

    def _member(self, relation: Relation, name: str, location: int) -> Kind:
        if relation.columns is None or name == "*" or name in _SYSTEM:
            return None
        if name not in relation.columns:
            known = tuple(relation.columns)
            message = f"no column named `{name}` in `{relation.name}`"
            self.note(Finding("column", message, location, name, known))
        return relation.columns.get(name)

    def _bare(self, name: str, location: int, scope: Scope) -> Kind:
        level: Scope | None = scope
        while level is not None:
            seen = [one for one in level.relations if not one.hidden]
            hits = [o for o in seen if o.columns and name in o.columns and name not in o.merged]
            if len(hits) > 1:
                listed = " and in ".join(f"`{one.name}`" for one in hits)
                message = f"`{name}` is in {listed}"
                hint = f"write `{hits[0].name}.{name}` or `{hits[1].name}.{name}`"
                self.note(Finding("ambiguous", message, location, hint=hint))
            if hits:
                return (hits[0].columns or {})[name]
            unknown = any(one.columns is None for one in seen)
            if unknown or name in {one.name for one in seen} or (name in _SYSTEM and seen):
                return None
            level = level.around
        known = tuple(sorted(_names(_all(scope))))
        self.note(Finding("column", f"no column named `{name}` here", location, name, known))
        return None

    def star(self, node: pg.ColumnRef, scope: Scope) -> Outputs | None:
        """The columns of `*` or `table.*`; nothing where they cannot be told."""
        names = words(node.fields)
        chosen = [one for one in scope.relations if not one.hidden]
        if len(names) > 1:
            self.column(node, scope)
            chosen = [one for one in _all(scope) if one.name == names[-2]][:1]
            if not chosen:
                return None
        outputs: Outputs = []
        for one in chosen:
            if one.columns is None:
                return None
            merged = one.merged if len(names) == 1 else frozenset()
            outputs += [pair for pair in one.columns.items() if pair[0] not in merged]
        return outputs


def _all(scope: Scope) -> list[Relation]:
    found: list[Relation] = []
    level: Scope | None = scope
    while level is not None:
        found += level.relations
        level = level.around
    return found


def _names(relations: Iterable[Relation]) -> frozenset[str]:
    return frozenset(name for one in relations for name in (one.columns or {}))


def _renamed(outputs: Outputs | None, alias: pg.Alias) -> Columns | None:
    names = words(alias.colnames)
    if outputs is None:
        return None
    renamed = [*names[: len(outputs)], *(name for name, _ in outputs[len(names) :])]
    return dict(zip(renamed, (kind for _, kind in outputs), strict=True))


def _of_function(node: pg.RangeFunction) -> Relation:
    name = node.alias.aliasname
    if node.coldeflist:
        columns = [one for item in node.coldeflist if isinstance(one := inner(item), pg.ColumnDef)]
        return Relation(name, {one.colname: None for one in columns})
    parts = [inner(part) for item in node.functions for part in _parts(item)]
    calls = [one for one in parts if isinstance(one, pg.FuncCall)]
    if len(node.functions) != 1 or len(calls) != 1:
        return Relation(name, None)
    call = words(calls[0].funcname)[-1]
    if call not in _ONE_COLUMN:
        return Relation(name or call, None)
    outputs: Outputs = [(name or call, None)]
    if node.ordinality:
        outputs.append(("ordinality", "bigint"))
    return Relation(name or call, _renamed(outputs, node.alias))


def _parts(item: Message) -> list[Message]:
    held = inner(item)
    return list(held.items) if isinstance(held, pg.List) else [held]


def _place(node: pg.JoinExpr) -> int:
    right = inner(node.rarg)
    return right.location if isinstance(right, pg.RangeVar) else 0
