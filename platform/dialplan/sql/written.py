"""SQL with named values, rewritten for Postgres; every place in it leads back to what was written.

The tokens are those of Postgres' own lexer, so nothing in a text or a comment is taken for a value.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from postgast import PgQueryError, scan
from postgast.pg_query_pb2 import ScanToken, Token

from dialplan.errors import ToolError

OWNERS = ("state", "call", "variables")
"""What a value may belong to: `:state.patient_id`."""

_COMMENTS = (Token.SQL_COMMENT, Token.C_COMMENT)

Fault = Literal["unreadable", "refused", "unbound"]


class SqlProblem(ToolError):
    """SQL that cannot be taken.

    Attributes:
        start: where in the SQL, in characters from 0.
        end: where that ends.
        fault: it cannot be read, it is not allowed, or it names a value that is not there.
    """

    def __init__(
        self, message: str, start: int = 0, end: int = 0, fault: Fault = "refused"
    ) -> None:
        super().__init__(message)
        self.start = start
        self.end = max(end, start + 1)
        self.fault: Fault = fault


@dataclass(frozen=True, slots=True)
class Bind:
    """A value that is named in SQL, and where, in characters from 0."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Written:
    """A statement in Postgres' words.

    Attributes:
        text: with `CAST($1 AS type)` where a value was named; `$1` where its type is not known.
        names: what `$1`, `$2`, ... are.
        binds: every naming of a value, in order.
        source: what the author wrote.
        edges: offsets in `text`, in bytes, of tokens, ascending.
        origins: where each of these tokens stands in `source`, in bytes.
    """

    text: str
    names: tuple[str, ...]
    binds: tuple[Bind, ...]
    source: str
    edges: tuple[int, ...]
    origins: tuple[tuple[int, int], ...]

    def place(self, location: int) -> tuple[int, int]:
        """Start and end in `source`, in characters, of what stands at a byte of `text`."""
        at = bisect_right(self.edges, max(0, location)) - 1
        if at < 0:
            return 0, 1
        start, end = self.origins[at]
        octets = self.source.encode()
        return len(octets[:start].decode()), len(octets[:end].decode())


MOST_CHARACTERS = 20_000
"""The longest statement: a call waits for it, and so does whoever checks it."""


def write_sql(source: str, types: Mapping[str, str]) -> Written:
    """Rewrite SQL; `types` gives the Postgres type of every name that may be bound.

    Raises:
        SqlProblem: it has no end, or numbers its values.
    """
    if len(source) > MOST_CHARACTERS:
        raise SqlProblem(f"expected at most {MOST_CHARACTERS} characters, got {len(source)}")
    octets, tokens = _tokens(source)
    written: list[bytes] = []
    names: dict[str, int] = {}
    binds: list[Bind] = []
    edges: list[int] = []
    origins: list[tuple[int, int]] = []
    length = place = 0
    for name, start, end, token in _words(octets, tokens):
        gap = octets[place:start]
        if name is not None:
            number = f"${names.setdefault(name, len(names) + 1)}"
            kind = types.get(name)
            word = (f"CAST({number} AS {kind})" if kind else number).encode()
            binds.append(Bind(name, len(octets[:start].decode()), len(octets[:end].decode())))
        elif token in _COMMENTS:
            word = b" "
        else:
            word = octets[start:end]
        length += len(gap)
        edges.append(length)
        origins.append((start, end))
        length += len(word)
        written += [gap, word]
        place = end
    text = b"".join(written).decode().strip()
    lead = length - len(b"".join(written).lstrip()) if written else 0
    return Written(
        text,
        tuple(names),
        tuple(binds),
        source,
        tuple(edge - lead for edge in edges),
        tuple(origins),
    )


def _tokens(source: str) -> tuple[bytes, list[ScanToken]]:
    try:
        octets = source.encode()
    except UnicodeEncodeError as error:
        raise SqlProblem("the SQL is not text", fault="unreadable") from error
    if b"\0" in octets:
        raise SqlProblem("the SQL holds a character that no text has", fault="unreadable")
    try:
        tokens = list(scan(source).tokens)
    except PgQueryError as error:
        raise _unreadable(octets, error) from error
    while tokens and tokens[-1].token in (*_COMMENTS, Token.ASCII_59):
        tokens.pop()
    for token in tokens:
        if token.token == Token.PARAM:
            start = len(octets[: token.start].decode())
            number = octets[token.start : token.end].decode()
            raise SqlProblem(
                f"`{number}` is not taken in SQL: name the value, such as `:phone`",
                start,
                start + len(number),
            )
    return octets, tokens


def _unreadable(octets: bytes, error: PgQueryError) -> SqlProblem:
    start = len(octets[: max(0, error.cursorpos - 1)].decode(errors="ignore"))
    openings = {
        "unterminated quoted string": "a ' is opened in the SQL and never closed",
        "unterminated quoted identifier": 'a " is opened in the SQL and never closed',
        "unterminated dollar-quoted": "a $$ is opened in the SQL and never closed",
        "unterminated /* comment": "a /* is opened in the SQL and never closed",
    }
    for beginning, message in openings.items():
        if error.message.startswith(beginning):
            return SqlProblem(message, start, fault="unreadable")
    plain = error.message.partition(" at or near")[0].replace('"', "`")
    return SqlProblem(f"cannot read the SQL: {plain}", start, fault="unreadable")


def _words(
    octets: bytes, tokens: Sequence[ScanToken]
) -> Iterator[tuple[str | None, int, int, int]]:
    """Every token with its bytes; the two or four tokens of a named value come as one."""
    at = 0
    while at < len(tokens):
        token = tokens[at]
        name, used = _bind(octets, tokens, at)
        yield name, token.start, tokens[at + used - 1].end, token.token
        at += used


def _bind(octets: bytes, tokens: Sequence[ScanToken], at: int) -> tuple[str | None, int]:
    if tokens[at].token != Token.ASCII_58 or not _name_follows(octets, tokens, at):
        return None, 1
    name = octets[tokens[at + 1].start : tokens[at + 1].end].decode()
    if (
        name in OWNERS
        and at + 3 < len(tokens)
        and tokens[at + 2].token == Token.ASCII_46
        and tokens[at + 2].start == tokens[at + 1].end
        and _name_follows(octets, tokens, at + 2)
    ):
        member = octets[tokens[at + 3].start : tokens[at + 3].end].decode()
        return f"{name}.{member}", 4
    return name, 2


def _name_follows(octets: bytes, tokens: Sequence[ScanToken], at: int) -> bool:
    if at + 1 >= len(tokens) or tokens[at + 1].start != tokens[at].end:
        return False
    following = tokens[at + 1]
    first = octets[following.start : following.start + 1]
    word = following.token == Token.IDENT or following.keyword_kind != 0
    return word and (first.isalpha() or first == b"_")
