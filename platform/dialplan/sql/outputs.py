"""The name that Postgres gives to a column of a select list (its `FigureColname`)."""

from __future__ import annotations

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pg

from dialplan.sql.tree import inner, words

UNNAMED = "?column?"

_CLOCK = {
    pg.SVFOP_CURRENT_DATE: "current_date",
    pg.SVFOP_CURRENT_TIME: "current_time",
    pg.SVFOP_CURRENT_TIME_N: "current_time",
    pg.SVFOP_CURRENT_TIMESTAMP: "current_timestamp",
    pg.SVFOP_CURRENT_TIMESTAMP_N: "current_timestamp",
    pg.SVFOP_LOCALTIME: "localtime",
    pg.SVFOP_LOCALTIMESTAMP: "localtimestamp",
    pg.SVFOP_CURRENT_USER: "current_user",
}


def output_name(target: pg.ResTarget) -> str:
    """The name of a column of a select list."""
    return target.name or _figure(inner(target.val))[0]


def _figure(node: Message) -> tuple[str, int]:
    """A name, and how good it is: 2 stands, 1 gives way to the name of a cast's operand."""
    match node:
        case pg.ColumnRef():
            return words(node.fields)[-1], 2
        case pg.A_Indirection():
            names = [one for one in words(node.indirection) if one != "*"]
            return (names[-1], 2) if names else _figure(inner(node.arg))
        case pg.FuncCall():
            return words(node.funcname)[-1], 2
        case pg.TypeCast():
            name, weight = _figure(inner(node.arg))
            return (name, weight) if weight > 1 else (words(node.type_name.names)[-1], 1)
        case pg.CollateClause():
            return _figure(inner(node.arg))
        case pg.CaseExpr():
            name, weight = _figure(inner(node.defresult))
            return (name, weight) if weight > 1 else ("case", 1)
        case pg.CoalesceExpr():
            return "coalesce", 2
        case pg.MinMaxExpr():
            return ("greatest" if node.op == pg.IS_GREATEST else "least"), 2
        case pg.SQLValueFunction():
            return _CLOCK.get(node.op, UNNAMED), 2
        case pg.A_ArrayExpr():
            return "array", 2
        case pg.RowExpr():
            return "row", 2
        case pg.A_Expr() if node.kind == pg.AEXPR_NULLIF:
            return "nullif", 2
        case pg.SubLink():
            return _sublink(node)
        case _:
            return UNNAMED, 0


def _sublink(node: pg.SubLink) -> tuple[str, int]:
    if node.sub_link_type == pg.EXISTS_SUBLINK:
        return "exists", 2
    if node.sub_link_type == pg.ARRAY_SUBLINK:
        return "array", 2
    query = inner(node.subselect)
    if node.sub_link_type == pg.EXPR_SUBLINK and isinstance(query, pg.SelectStmt):
        while query.HasField("larg"):
            query = query.larg
        first = inner(query.target_list[0]) if query.target_list else None
        if isinstance(first, pg.ResTarget):
            return output_name(first), 2
    return UNNAMED, 0
