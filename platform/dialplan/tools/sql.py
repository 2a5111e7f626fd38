"""A tool's SQL: one statement whose named values become typed, bound parameters. Pure.

Text, comments and quoted names are passed over, so nothing in them is taken for a value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from dialplan.errors import ToolError

_TOKEN = re.compile(
    r"""
      (?P<comment>  --[^\n]* )
    | (?P<block>    /\* )
    | (?P<escaped>  [eE]'(?:\\.|''|[^'\\])*' )
    | (?P<unicode>  [uU]&['"] )
    | (?P<text>     [bBxXnN]?'(?:''|[^'])*' )
    | (?P<quoted>   "(?:""|[^"])*" )
    | (?P<dollar>   \$(?P<tag>[A-Za-z_]\w*)?\$.*?\$(?(tag)(?P=tag))\$ )
    | (?P<number>   \$\d+ )
    | (?P<cast>     ::|:= )
    | (?P<value>    :(?P<name>(?:state|call|variables)\.[A-Za-z_]\w*|[A-Za-z_]\w*) )
    | (?P<word>     [A-Za-z_\x80-\uffff][\w$\x80-\uffff]* )
    | (?P<digits>   \d[\w.]* )
    | (?P<open>     ['"] )
    | (?P<other>    . )
    """,
    re.VERBOSE | re.DOTALL,
)
_END = ";"
_READS = frozenset({"select", "with", "values"})
_WRITES = frozenset({"insert", "update", "delete", "merge"})
# Functions that would let a statement change whom it speaks for, or run text as SQL.
_FORBIDDEN = frozenset(
    {
        "set_config",
        "query_to_xml",
        "query_to_xmlschema",
        "query_to_xml_and_xmlschema",
        "cursor_to_xml",
        "dblink",
        "dblink_exec",
        "lo_import",
        "lo_export",
        "pg_advisory_lock",
        "pg_advisory_lock_shared",
        "pg_try_advisory_lock",
        "pg_try_advisory_lock_shared",
    }
)


@dataclass(frozen=True, slots=True)
class CompiledSql:
    """A statement for asyncpg.

    Attributes:
        text: with `CAST($1 AS type)` where a value was named.
        names: what to bind to `$1`, `$2`, ...: `phone`, `state.patient_id`, ...
        writes: whether it changes rows.
    """

    text: str
    names: tuple[str, ...]
    writes: bool


def compile_sql(source: str, types: Mapping[str, str]) -> CompiledSql:
    """Compile one statement; `types` gives the Postgres type of every name that may be bound.

    Raises:
        ToolError: it is not one SELECT, INSERT, UPDATE, DELETE, MERGE, VALUES or WITH statement, or
            it names a value that is not there.
    """
    return _compile(source, frozenset(types.items()))


@lru_cache(maxsize=1024)
def _compile(source: str, pairs: frozenset[tuple[str, str]]) -> CompiledSql:
    types = dict(pairs)
    written: list[str] = []
    names: list[str] = []
    words: list[str] = []
    ended = False
    place = 0
    while place < len(source):
        match = _TOKEN.match(source, place)
        assert match is not None  # noqa: S101 - the last alternative takes any character
        kind, token = str(match.lastgroup), match[0]
        place = match.end()
        if kind == "comment":
            written.append(" ")
            continue
        if kind == "block":
            place = _block_end(source, match.start())
            written.append(" ")
            continue
        if ended and not token.isspace():
            raise ToolError("expected one SQL statement, got more after `;`")
        if kind == "value":
            token = _bind(match["name"], types, names)
        elif kind == "other" and token in _END:
            ended, token = True, ""
        else:
            _refuse(kind, token)
        if kind in ("word", "quoted"):
            words.append(token.strip('"').lower())
        written.append(token)
    _check_words(words)
    writes = not _WRITES.isdisjoint(words)
    return CompiledSql("".join(written).strip(), tuple(names), writes)


def _bind(name: str, types: Mapping[str, str], names: list[str]) -> str:
    if name not in types:
        known = ", ".join(f"`:{one}`" for one in sorted(types)) or "none"
        raise ToolError(f"`:{name}` is not a value of this tool: expected one of {known}")
    if name not in names:
        names.append(name)
    return f"CAST(${names.index(name) + 1} AS {types[name]})"


def _refuse(kind: str, token: str) -> None:
    if kind == "open":
        raise ToolError(f"a {token} is opened in the SQL and never closed")
    if kind == "unicode":
        raise ToolError(f"`{token[:2]}` texts and names are not taken in SQL: write them plainly")
    if kind == "number":
        raise ToolError(f"`{token}` is not taken in SQL: name the value, such as `:phone`")


def _check_words(words: list[str]) -> None:
    first = words[0] if words else "nothing"
    if first not in _READS | _WRITES:
        raise ToolError(
            f"SQL starts with `{first}`: expected SELECT, INSERT, UPDATE, DELETE, MERGE or WITH"
        )
    for word in words:
        if word in _FORBIDDEN:
            raise ToolError(f"`{word}` is not taken in a tool's SQL")


def _block_end(source: str, start: int) -> int:
    # Block comments nest in Postgres (4.1.5), which a regular expression cannot follow.
    depth = 0
    for edge in re.finditer(r"/\*|\*/", source[start:]):
        depth += 1 if edge[0] == "/*" else -1
        if depth == 0:
            return start + edge.end()
    raise ToolError("a /* is opened in the SQL and never closed")
