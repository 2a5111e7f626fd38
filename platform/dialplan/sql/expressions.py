"""SQL expressions in tables: checks, conditions, computed columns and defaults.

What Postgres keeps with a table must mean the same on every day and for every caller: such an
expression reads one row, and asks no clock, no setting and no other table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from google.protobuf.message import DecodeError, Message
from postgast import PgQueryError, parse
from postgast import pg_query_pb2 as pg

from dialplan.sql.analysis import analyse_expression
from dialplan.sql.scope import Columns, Kind
from dialplan.sql.tree import everything, inner, words

Use = Literal["check", "where", "computed", "default"]

MOST_CHARACTERS = 2_000
"""The longest expression."""

_LEAD = "SELECT (\n"
_TAKEN = (
    pg.ColumnRef,
    pg.A_Const,
    pg.A_Expr,
    pg.A_ArrayExpr,
    pg.BoolExpr,
    pg.BooleanTest,
    pg.NullTest,
    pg.FuncCall,
    pg.TypeCast,
    pg.TypeName,
    pg.CoalesceExpr,
    pg.MinMaxExpr,
    pg.CaseExpr,
    pg.CaseWhen,
    pg.List,
    pg.String,
    pg.Integer,
    pg.Float,
    pg.Boolean,
)
_FUNCTIONS = frozenset(
    "abs age btrim ceil ceiling char_length date_part date_trunc extract floor initcap isfinite "
    "jsonb_array_length jsonb_typeof left length like_escape lower lpad ltrim make_date make_time "
    "md5 mod num_nonnulls num_nulls overlaps overlay position power regexp_like regexp_replace "
    "replace reverse right round rpad rtrim sign similar_to_escape split_part sqrt starts_with "
    "strpos substr substring timezone trunc upper".split()
)
_FOR_DEFAULTS = frozenset(
    "clock_timestamp gen_random_uuid make_interval now random statement_timestamp "
    "transaction_timestamp uuidv7".split()
)
_ZONED = frozenset({"timestamptz", "timestamp with time zone"})
_MOMENTS = frozenset({"date", "time", "timestamp", "time without time zone"})
_TRUTHS = frozenset({"bool", "boolean", None})
"""What a check or a condition may be; of what is not known it is taken to be right."""
_COMPARES = frozenset({"=", "<>", "!=", "<", ">", "<=", ">="})


@dataclass(frozen=True, slots=True)
class ExpressionFault:
    """Why an expression cannot be taken; `start` and `end` are characters of it.

    Attributes:
        name: what was written, when it may be a slip of the keyboard for one of `known`.
    """

    message: str
    start: int = 0
    end: int = 1
    hint: str = ""
    name: str = ""
    known: tuple[str, ...] = ()


def expression_faults(text: str, columns: Columns, use: Use) -> list[ExpressionFault]:
    """What keeps an expression over `columns` from being taken; empty when nothing does."""
    if len(text) > MOST_CHARACTERS:
        return [ExpressionFault(f"expected at most {MOST_CHARACTERS} characters, got {len(text)}")]
    try:
        node = _read(text)
    except PgQueryError as error:
        message = "cannot read the SQL"
        if not error.message.startswith("syntax error"):
            message += ": " + error.message.partition(" at or near")[0].replace('"', "`")
        return [_at(text, error.cursorpos - 1, message)]
    except (DecodeError, ValueError):
        return [ExpressionFault("the SQL is no text, or nested too deep")]
    if node is None:
        hint = "write what may stand in a WHERE, such as `ends_at > starts_at`"
        return [ExpressionFault("expected one SQL expression", 0, len(text), hint)]
    refused = next(_refused(text, node, use), None)
    if refused is not None:
        return [refused]  # the parts of it would be refused once more
    findings, kind = analyse_expression(node, columns)
    found = [
        _at(text, one.location, one.message, hint=one.hint, name=one.name, known=one.known)
        for one in findings
    ]
    if not found and use in ("check", "where") and kind not in _TRUTHS:
        hint = "compare it with something, such as `ends_at > starts_at`"
        message = f"expected what is true or false, got `{kind}`"
        return [ExpressionFault(message, 0, len(text), hint)]
    return found if found or use == "default" else list(_unsteady(text, node, columns))


def columns_in(text: str) -> tuple[str, ...]:
    """The columns that an expression names, in order; none when it cannot be read."""
    try:
        node = _read(text)
    except (PgQueryError, DecodeError, ValueError):
        return ()
    parts = () if node is None else everything(node)
    names = [words(part.fields)[-1] for part in parts if isinstance(part, pg.ColumnRef)]
    return tuple(dict.fromkeys(names))


def _read(text: str) -> Message | None:
    """The expression, or nothing when the text is more than one."""
    # The line break ends a comment that the author may have left open.
    tree = parse(f"{_LEAD}{text}\n)")
    if len(tree.stmts) != 1:
        return None
    select = inner(tree.stmts[0].stmt)
    if not isinstance(select, pg.SelectStmt) or len(select.target_list) != 1:
        return None
    beyond = {field.name for field, _ in select.ListFields()}
    target = inner(select.target_list[0])
    if beyond - {"target_list", "limit_option", "op"} or not isinstance(target, pg.ResTarget):
        return None
    value = inner(target.val)
    return None if target.name or isinstance(value, pg.SelectStmt) else value


def _refused(text: str, node: Message, use: Use) -> Iterator[ExpressionFault]:
    functions = _FUNCTIONS | (_FOR_DEFAULTS if use == "default" else frozenset())
    for part in everything(node):
        place = getattr(part, "location", 0)
        match part:
            case pg.SQLValueFunction():
                if use != "default":
                    yield _at(text, place, "the clock is not asked here", hint=_ONE_ROW)
            case pg.FuncCall():
                name = words(part.funcname)[-1]
                plain = not (part.agg_star or part.agg_distinct or part.HasField("over"))
                schemas = words(part.funcname)[:-1]
                if name not in functions or not plain or schemas not in ([], ["pg_catalog"]):
                    hint = "" if use == "default" else _ONE_ROW
                    yield _at(text, place, f"`{name}` is not taken here", hint=hint)
            case pg.ColumnRef() if use == "default":
                yield _at(text, place, "a default cannot read a column", hint=_COMPUTED)
            case pg.ColumnRef() if len(part.fields) > 1 or "*" in words(part.fields):
                yield _at(text, place, "name the column alone", hint="it is one of this table")
            case pg.TypeName():
                if part.setof or part.pct_type or len(part.names) > 2:
                    yield _at(text, place, "this type is not taken here")
            case _ if isinstance(part, _TAKEN):
                continue
            case _:
                yield _at(text, place, f"{_word(part)} is not taken here", hint=_ONE_ROW)


def _unsteady(text: str, node: Message, columns: Columns) -> Iterator[ExpressionFault]:
    """What would mean something else in another time zone."""

    def kind(part: Message) -> Kind:
        return analyse_expression(inner(part), columns)[1]

    hint = "say the zone: `(starts_at AT TIME ZONE 'UTC')`"
    for part in everything(node):
        match part:
            case pg.TypeCast() if not isinstance(inner(part.arg), pg.A_Const):
                left, to = kind(part.arg), words(part.type_name.names)[-1]
                moved = left in _ZONED and (to in _MOMENTS or to in ("text", "varchar"))
                if moved or (left == "text" and to in _ZONED | _MOMENTS):
                    yield _at(text, part.location, "this cast depends on a time zone", hint=hint)
            case pg.FuncCall() if words(part.funcname)[-1] in (
                "extract",
                "date_part",
                "date_trunc",
            ):
                if any(kind(one) in _ZONED for one in part.args):
                    yield _at(text, part.location, "this depends on a time zone", hint=hint)
            case pg.A_Expr() if part.kind == pg.AEXPR_OP:
                name, left, right = words(part.name)[-1], kind(part.lexpr), kind(part.rexpr)
                if name in "+-" and left in _ZONED and right == "interval":
                    hint_of = "compare the difference: `ends_at - starts_at < interval '8 hours'`"
                    message = "a span added to a moment depends on a time zone"
                    yield _at(text, part.location, message, hint=hint_of)
                mixed = (left in _ZONED and right in _MOMENTS) or (
                    right in _ZONED and left in _MOMENTS
                )
                if name in _COMPARES and mixed:
                    message = "a moment compared with a day depends on a time zone"
                    yield _at(text, part.location, message, hint=hint)
            case _:
                continue


_ONE_ROW = "it reads one row, and means the same on every day"
_COMPUTED = "write it as `computed`"


def _at(
    text: str,
    location: int,
    message: str,
    *,
    hint: str = "",
    name: str = "",
    known: tuple[str, ...] = (),
) -> ExpressionFault:
    octets = text.encode()
    at = min(max(0, location - len(_LEAD)), max(0, len(octets) - 1))
    start = len(octets[:at].decode(errors="ignore"))
    width = next((n for n, one in enumerate(text[start:]) if not (one.isalnum() or one == "_")), 1)
    end = start + max(1, width if text[start : start + 1].isalnum() else 1)
    if text[start:].isidentifier():
        end = len(text)
    return ExpressionFault(message, start, end, hint, name, known)


def _word(part: Message) -> str:
    known = {"SubLink": "a query", "ParamRef": "a numbered value", "A_Indirection": "a part of it"}
    return known.get(type(part).__name__, f"`{type(part).__name__}`")
