"""A tool's SQL: one statement whose named values become typed, bound parameters.

What stands here decides for `dialplan check` and for the call alike: both refuse the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from google.protobuf.message import DecodeError, Message
from postgast import PgQueryError, parse
from postgast.pg_query_pb2 import (
    CommonTableExpr,
    DeleteStmt,
    FuncCall,
    InsertStmt,
    IntoClause,
    MergeStmt,
    RangeVar,
    SelectStmt,
    UpdateStmt,
)

from dialplan.sql.tree import everything, inner, words
from dialplan.sql.written import SqlProblem, Written, write_sql

_WRITES = (InsertStmt, UpdateStmt, DeleteStmt, MergeStmt)
# Functions that would let a statement change whom it speaks for, run text as SQL, reach files or
# other sessions, or hold what other calls wait for.
_FORBIDDEN = frozenset(
    {
        "set_config",
        "query_to_xml",
        "query_to_xmlschema",
        "query_to_xml_and_xmlschema",
        "cursor_to_xml",
        "cursor_to_xmlschema",
        "ts_stat",
        "ts_rewrite",
        "dblink",
        "dblink_exec",
        "lo_import",
        "lo_export",
        "pg_cancel_backend",
        "pg_terminate_backend",
    }
)


@dataclass(frozen=True, slots=True)
class CompiledSql:
    """A statement for asyncpg.

    Attributes:
        text: with `CAST($1 AS type)` where a value was named.
        names: what to bind to `$1`, `$2`, ...: `phone`, `state.patient_id`, ...
        writes: whether it changes rows.
        currencies: of its columns that hold amounts of money.
    """

    text: str
    names: tuple[str, ...]
    writes: bool
    currencies: Mapping[str, str] = field(default_factory=dict)


def compile_sql(source: str, types: Mapping[str, str], schema: str = "") -> CompiledSql:
    """Compile one statement; `types` gives the Postgres type of every name that may be bound.

    Raises:
        SqlProblem: it is not one SELECT, INSERT, UPDATE, DELETE, MERGE, VALUES or WITH statement
            on the tables of `schema`, or it names a value that is not there.
    """
    return _compile(source, frozenset(types.items()), schema)


@lru_cache(maxsize=1024)
def _compile(source: str, pairs: frozenset[tuple[str, str]], schema: str) -> CompiledSql:
    types = dict(pairs)
    written = write_sql(source, types)
    for bind in written.binds:
        if bind.name not in types:
            known = ", ".join(f"`:{one}`" for one in sorted(types)) or "none"
            raise SqlProblem(
                f"`:{bind.name}` is not a value of this tool: expected one of {known}",
                bind.start,
                bind.end,
                "unbound",
            )
    statement = read_statement(written, schema)
    return CompiledSql(written.text, written.names, writes(statement))


def read_statement(written: Written, schema: str = "") -> Message:
    """The one statement, as Postgres' parser reads it.

    Raises:
        SqlProblem: it cannot be read, there is not just one, or it is not allowed in a tool.
    """
    try:
        tree = parse(written.text)
    except PgQueryError as error:
        raise _unreadable(written, error) from error
    except DecodeError as error:
        raise SqlProblem("the SQL is nested too deep: split it", fault="unreadable") from error
    if not tree.stmts:
        raise SqlProblem("the SQL is empty: expected one statement", fault="unreadable")
    if len(tree.stmts) > 1:
        start = tree.stmts[1].stmt_location
        raise SqlProblem(
            "expected one SQL statement, got more after `;`",
            *written.place(start + _blank(written.text.encode()[start:])),
        )
    statement = inner(tree.stmts[0].stmt)
    _check(written, statement, schema)
    return statement


def writes(statement: Message) -> bool:
    """Whether a statement changes rows."""
    return any(isinstance(one, _WRITES) for one in everything(statement))


def _blank(text: bytes) -> int:
    return len(text) - len(text.lstrip())


def _unreadable(written: Written, error: PgQueryError) -> SqlProblem:
    octets = written.text.encode()
    at = error.cursorpos - 1
    if at < 0 or at >= len(octets):
        end = len(written.source.rstrip())
        return SqlProblem(
            "the SQL ends too early", max(0, end - 1), max(1, end), fault="unreadable"
        )
    start, end = written.place(at)
    message = "cannot read the SQL"
    if not error.message.startswith("syntax error"):
        message += ": " + error.message.partition(" at or near")[0].replace('"', "`")
    shown = written.source[start:end]
    return SqlProblem(f"{message} at `{shown[:40]}`", start, end, fault="unreadable")


def _check(written: Written, statement: Message, schema: str) -> None:
    if not isinstance(statement, SelectStmt | InsertStmt | UpdateStmt | DeleteStmt | MergeStmt):
        start, end = written.place(0)
        raise SqlProblem(
            f"SQL starts with `{written.source[start:end].lower()}`: expected SELECT, INSERT, "
            "UPDATE, DELETE, MERGE or WITH",
            start,
            end,
        )
    parts = list(everything(statement))
    named = {one.ctename for one in parts if isinstance(one, CommonTableExpr)}
    for part in parts:
        match part:
            case FuncCall():
                name = words(part.funcname)[-1]
                if name in _FORBIDDEN or "advisory" in name:
                    raise SqlProblem(
                        f"`{name}` is not taken in a tool's SQL", *written.place(part.location)
                    )
            case IntoClause():
                raise SqlProblem(
                    "SELECT INTO makes a table: write tables under `database`",
                    *written.place(part.rel.location),
                )
            case RangeVar():
                _check_table(written, part, schema, named)
            case _:
                pass


def _check_table(written: Written, table: RangeVar, schema: str, named: set[str]) -> None:
    owner = table.schemaname
    catalogue = table.relname.startswith("pg_") and table.relname not in named
    if table.catalogname or (owner and owner != schema) or (not owner and catalogue):
        name = f"{owner}.{table.relname}" if owner else table.relname
        raise SqlProblem(
            f"`{name}` is not taken in a tool's SQL: it reaches the vertical's own tables",
            *written.place(table.location),
        )
