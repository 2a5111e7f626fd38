"""Reads a statement against the tables of a vertical: which names mean nothing, what it gives.

It errs on the quiet side: what cannot be told (a function's columns, the type of a CASE) is taken
to be right. The integration tests hold it against a real Postgres.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pg

from dialplan.sql.kinds import cast_type, comparable, currency_of, shown
from dialplan.sql.outputs import output_name
from dialplan.sql.scope import Columns, Finding, Kind, Outputs, Relation, Scope, TableColumns
from dialplan.sql.sources import Reader
from dialplan.sql.tree import children, inner, words
from dialplan.sql.worth import united, unknown_value
from dialplan.sql.writing import delete, insert, merge, update

_COMPARES = frozenset({"=", "<>", "!=", "<", ">", "<=", ">="})
_GIVES: Mapping[str, str] = {"count": "bigint", "lower": "text", "upper": "text", "length": "int4"}
# Of an amount these give an amount of the same money.
_KEEPS = frozenset({"sum", "min", "max", "avg", "abs", "round", "ceil", "floor", "trunc"})
_SUMS = frozenset({"+", "-"})


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a statement means.

    Attributes:
        outputs: the columns of its rows, empty when it gives none; nothing where not known.
        currencies: the currency of each of these columns that holds amounts of money.
        tables: the vertical's tables that it names.
    """

    findings: tuple[Finding, ...]
    outputs: tuple[str, ...] | None
    tables: frozenset[str]
    currencies: Mapping[str, str] = field(default_factory=dict)


def analyse(statement: Message, tables: Mapping[str, TableColumns]) -> Analysis:
    """Check the names and the plainest types of a statement."""
    reader = _Reader(tables)
    outputs = reader.query(statement, Scope())
    names = None if outputs is None else tuple(name for name, _ in outputs)
    money = {name: unit for name, kind in outputs or () if (unit := currency_of(kind))}
    return Analysis(tuple(reader.findings), names, frozenset(reader.used), money)


def analyse_expression(node: Message, columns: Columns) -> tuple[tuple[Finding, ...], Kind]:
    """Check an expression over the columns of one row; what is wrong, and its type."""
    reader = _Reader({})
    kind = reader.expression(node, Scope((Relation("", columns),)))
    return tuple(reader.findings), kind


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
            case pg.MinMaxExpr():
                kinds_of = [self.expression(inner(one), scope) for one in node.args]
                return next((kind for kind in kinds_of if currency_of(kind)), None)
            case pg.CaseExpr():
                return self._case(node, scope)
            case pg.FuncCall():
                kinds_of = [self.expression(child, scope) for child in children(node)]
                name = words(node.funcname)[-1]
                if name in _KEEPS and len(node.args) > 0:
                    return next((kind for kind in kinds_of if currency_of(kind)), None)
                return _GIVES.get(name)
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
                value = inner(item)
                self._compare(left, self.expression(value, scope), node.location, name)
                self._of_its_values(left, value)
            return "bool"
        other = self.expression(right, scope)
        distinct = node.kind in (pg.AEXPR_DISTINCT, pg.AEXPR_NOT_DISTINCT)
        if distinct or (node.kind == pg.AEXPR_OP and name in _COMPARES):
            self._compare(left, other, node.location, name)
            self._of_its_values(left, right)
            self._of_its_values(other, inner(node.lexpr))
            return "bool"
        if (
            node.kind == pg.AEXPR_OP_ANY
            and name in ("=", "<>")
            and isinstance(right, pg.A_ArrayExpr)
        ):
            for item in right.elements:
                self._of_its_values(left, inner(item))
        if node.kind == pg.AEXPR_OP and name in "+-*/":
            self._same_money(left, other, node.location, name, _SUMS)
            return united(left, other, name)
        return "bool" if node.kind in (pg.AEXPR_LIKE, pg.AEXPR_ILIKE) else None

    def _case(self, node: pg.CaseExpr, scope: Scope) -> Kind:
        about = self.expression(inner(node.arg), scope)
        given: list[Kind] = []
        for one in node.args:
            branch = inner(one)
            if isinstance(branch, pg.CaseWhen):
                self.expression(inner(branch.expr), scope)
                self._of_its_values(about, inner(branch.expr))
                given.append(self.expression(inner(branch.result), scope))
        given.append(self.expression(inner(node.defresult), scope))
        return next((kind for kind in given if currency_of(kind)), None)

    def _of_its_values(self, kind: Kind, value: Message) -> None:
        found = unknown_value(kind, value)
        if found is not None:
            self.note(found)

    def _same_money(
        self, left: Kind, right: Kind, location: int, operator: str, operators: frozenset[str]
    ) -> None:
        one, other = currency_of(left), currency_of(right)
        if one and other and one != other and operator in operators:
            message = f"`{operator}` of amounts in {one} and in {other}"
            self.note(Finding("doubt", message, location, hint="exchange one of them first"))

    def _compare(self, left: Kind, right: Kind, location: int, operator: str) -> None:
        self._same_money(left, right, location, operator, _COMPARES)
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
