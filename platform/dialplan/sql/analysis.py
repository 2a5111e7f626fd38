"""Reads a statement against the tables of a vertical: which names mean nothing, what it gives.

It errs on the quiet side: what cannot be told (a function's columns, the type of a CASE) is taken
to be right. The integration tests hold it against a real Postgres.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pg

from dialplan.sql.kinds import cast_type, comparable, shown
from dialplan.sql.outputs import output_name
from dialplan.sql.scope import Finding, Kind, Outputs, Relation, Scope, TableColumns
from dialplan.sql.sources import Reader
from dialplan.sql.tree import children, inner, words
from dialplan.sql.writing import delete, insert, merge, update

_COMPARES = frozenset({"=", "<>", "!=", "<", ">", "<=", ">="})
_GIVES: Mapping[str, str] = {"count": "bigint", "lower": "text", "upper": "text", "length": "int4"}


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a statement means.

    Attributes:
        outputs: the columns of its rows, empty when it gives none; nothing where not known.
        tables: the vertical's tables that it names.
    """

    findings: tuple[Finding, ...]
    outputs: tuple[str, ...] | None
    tables: frozenset[str]


def analyse(statement: Message, tables: Mapping[str, TableColumns]) -> Analysis:
    """Check the names and the plainest types of a statement."""
    reader = _Reader(tables)
    outputs = reader.query(statement, Scope())
    names = None if outputs is None else tuple(name for name, _ in outputs)
    return Analysis(tuple(reader.findings), names, frozenset(reader.used))


class _Reader(Reader):
    def query(self, node: Message, scope: Scope) -> Outputs | None:
        if not isinstance(
            node, pg.SelectStmt | pg.InsertStmt | pg.UpdateStmt | pg.DeleteStmt | pg.MergeStmt
        ):
            return None
        if node.HasField("with_clause"):
            scope = self.with_named(node.with_clause, scope)
        match node:
            case pg.InsertStmt():
                here = insert(self, node, scope)
            case pg.UpdateStmt():
                here = update(self, node, scope)
            case pg.DeleteStmt():
                here = delete(self, node, scope)
            case pg.MergeStmt():
                here = merge(self, node, scope)
            case _:
                return self._select(node, scope)
        for option in node.returning_clause.options:
            held = inner(option)
            if isinstance(held, pg.ReturningOption):
                row = Relation(held.value, here.relations[0].columns, hidden=True)
                here = Scope((*here.relations, row), here.around, here.named)
        return self._targets(node.returning_clause.exprs, here)

    def _select(self, node: pg.SelectStmt, scope: Scope) -> Outputs | None:
        if node.HasField("larg"):
            left, right = self.query(node.larg, scope), self.query(node.rarg, scope)
            self._counts(node, left, right)
            united = Relation("", None if left is None else dict(left))
            self.expressions(node.sort_clause, Scope((united,), None, scope.named))
            return left
        if node.values_lists:
            return self._values(node, scope)
        here = scope.inner(self.sources(node.from_clause, scope))
        outputs = self._targets(node.target_list, here)
        for part in (node.where_clause, node.having_clause, node.limit_count, node.limit_offset):
            self.expression(inner(part), here)
        self.expressions(node.window_clause, here)
        names = {name for name, _ in outputs or ()}
        self._ordered(node.sort_clause, here, names)
        self._ordered(node.group_clause, here, names)
        self._ordered(node.distinct_clause, here, names)
        return outputs

    def _counts(self, node: pg.SelectStmt, left: Outputs | None, right: Outputs | None) -> None:
        if left is not None and right is not None and len(left) != len(right):
            first = next(iter(node.rarg.target_list), None)
            target = inner(first) if first is not None else None
            place = target.location if isinstance(target, pg.ResTarget) else 0
            message = f"expected {len(left)} columns on both sides, got {len(right)}"
            self.note(Finding("column", message, place))

    def _values(self, node: pg.SelectStmt, scope: Scope) -> Outputs:
        width = 0
        for row in node.values_lists:
            held = inner(row)
            if isinstance(held, pg.List):
                width = len(held.items)
                self.expressions(held.items, scope)
        return [(f"column{number}", None) for number in range(1, width + 1)]

    def _targets(self, nodes: Sequence[Message], scope: Scope) -> Outputs | None:
        outputs: Outputs | None = []
        for node in nodes:
            target = inner(node)
            if not isinstance(target, pg.ResTarget):
                continue
            value = inner(target.val)
            if isinstance(value, pg.ColumnRef) and words(value.fields)[-1] == "*":
                added = self.star(value, scope)
            else:
                added = [(output_name(target), self.expression(value, scope))]
            outputs = None if outputs is None or added is None else outputs + added
        return outputs

    def _ordered(self, nodes: Sequence[Message], scope: Scope, outputs: set[str]) -> None:
        for node in nodes:
            held = inner(node)
            what = inner(held.node) if isinstance(held, pg.SortBy) else held
            if isinstance(what, pg.ColumnRef) and len(what.fields) == 1:
                if words(what.fields)[0] in outputs:
                    continue  # the name of an output stands for it
            self.expression(what, scope)

    def expression(self, node: Message, scope: Scope) -> Kind:
        match node:
            case pg.ColumnRef():
                return self.column(node, scope)
            case pg.TypeCast():
                self.expression(inner(node.arg), scope)
                return cast_type(node.type_name)
            case pg.A_Const():
                kinds = {"ival": "int4", "fval": "numeric", "boolval": "bool"}
                return None if node.isnull else kinds.get(node.WhichOneof("val") or "")
            case pg.A_Expr():
                return self._operator(node, scope)
            case pg.SubLink():
                return self._sublink(node, scope)
            case pg.SelectStmt():
                self.query(node, scope)
                return None
            case pg.CoalesceExpr():
                kinds_of = [self.expression(inner(one), scope) for one in node.args]
                return next((kind for kind in kinds_of if kind is not None), None)
            case pg.FuncCall():
                for child in children(node):
                    self.expression(child, scope)
                return _GIVES.get(words(node.funcname)[-1])
            case _:
                for child in children(node):
                    self.expression(child, scope)
                return "bool" if isinstance(node, pg.BoolExpr | pg.NullTest) else None

    def _operator(self, node: pg.A_Expr, scope: Scope) -> Kind:
        left = self.expression(inner(node.lexpr), scope)
        right = inner(node.rexpr)
        name = words(node.name)[-1]
        if node.kind == pg.AEXPR_IN and isinstance(right, pg.List):
            for item in right.items:
                self._compare(left, self.expression(inner(item), scope), node.location, name)
            return "bool"
        other = self.expression(right, scope)
        distinct = node.kind in (pg.AEXPR_DISTINCT, pg.AEXPR_NOT_DISTINCT)
        if distinct or (node.kind == pg.AEXPR_OP and name in _COMPARES):
            self._compare(left, other, node.location, name)
            return "bool"
        return "bool" if node.kind in (pg.AEXPR_LIKE, pg.AEXPR_ILIKE) else None

    def _compare(self, left: Kind, right: Kind, location: int, operator: str) -> None:
        if left is not None and right is not None and not comparable(left, right):
            message = f"`{shown(left)} {operator} {shown(right)}` does not exist"
            hint = "give both the same type, or cast one: `CAST(x AS type)`"
            self.note(Finding("type", message, location, hint=hint))

    def _sublink(self, node: pg.SubLink, scope: Scope) -> Kind:
        left = self.expression(inner(node.testexpr), scope)
        outputs = self.query(inner(node.subselect), scope)
        if node.sub_link_type == pg.EXISTS_SUBLINK:
            return "bool"
        if not outputs or len(outputs) != 1:
            return None
        if node.sub_link_type == pg.ANY_SUBLINK:
            self._compare(left, outputs[0][1], node.location, "=")
            return "bool"
        return outputs[0][1] if node.sub_link_type == pg.EXPR_SUBLINK else None
