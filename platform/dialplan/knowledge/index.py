"""Editions of collections in Postgres: only what is new is embedded, what nobody holds leaves.

Each edition is complete or not there at all, so that a call never searches half of one.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from dialplan.articles.chunks import Chunk
from dialplan.errors import StoreError
from dialplan.knowledge.collections import Edition
from dialplan.knowledge.providers import Embeds
from dialplan.knowledge.ranking import codes_in
from dialplan.store.database import Database, reason

KEPT = 5
"""How many editions of a collection are kept: calls in progress may hold an earlier one, and a
rollback then needs no embedding."""
_ROWS = 200
CODE, ABOUT = "code:", "about:"
"""What codes begin with among the words of a passage; `about:` in its title and headings."""

_ENTER = text(
    "SELECT set_config('dialplan.vertical', :vertical, true),"
    " set_config('dialplan.tenant', '', true),"
    # Another process that embeds the same edition is waited for.
    " pg_advisory_xact_lock(:key)"
)
_NAMED = "vertical = :vertical AND tenant = '' AND collection = :collection"
_KNOWN = text(
    f"UPDATE dialplan.knowledge_editions SET at = now() WHERE {_NAMED} AND edition = :edition"  # noqa: S608 - constants
)
_THERE = text(
    "SELECT key FROM dialplan.knowledge_passages"
    " WHERE vertical = :vertical AND tenant = '' AND key = ANY(:keys)"
)
_PASSAGE = text(
    "INSERT INTO dialplan.knowledge_passages"
    " (vertical, key, source, title, section, body, asked, embedding, search)"
    " VALUES (:vertical, :key, :source, :title, :section, :body, :asked, :embedding,"
    " to_tsvector(CAST(:configuration AS regconfig), :passage)"
    " || array_to_tsvector(CAST(:codes AS text[])))"
    " ON CONFLICT DO NOTHING"
)
_EDITION = text(
    "INSERT INTO dialplan.knowledge_editions (vertical, collection, edition, embeddings)"
    " VALUES (:vertical, :collection, :edition, :embeddings)"
)
_ENTRY = text(
    "INSERT INTO dialplan.knowledge_entries (vertical, collection, edition, position, key)"
    " SELECT :vertical, :collection, :edition, ordinality - 1, key"
    " FROM unnest(CAST(:keys AS bytea[])) WITH ORDINALITY AS entry (key, ordinality)"
)
_FORGET = text(
    f"DELETE FROM dialplan.knowledge_editions WHERE {_NAMED} AND edition NOT IN ("  # noqa: S608 - constants
    f"SELECT edition FROM dialplan.knowledge_editions WHERE {_NAMED}"
    " ORDER BY at DESC, edition LIMIT :kept)"
)
_SWEEP = text(
    "DELETE FROM dialplan.knowledge_passages AS passage"
    " WHERE vertical = :vertical AND tenant = '' AND NOT EXISTS ("
    "SELECT 1 FROM dialplan.knowledge_entries AS entry WHERE entry.vertical = passage.vertical"
    " AND entry.tenant = passage.tenant AND entry.key = passage.key)"
)


@dataclass(frozen=True, slots=True)
class Indexed:
    """What indexing a collection came to.

    Attributes:
        passages: how many the edition has.
        asked: how many ways of asking for an article it has.
        embedded: how many of both were new.
        left: how many old ones nobody holds any more.
    """

    collection: str
    edition: str
    passages: int
    asked: int
    embedded: int
    left: int


async def is_indexed(database: Database, edition: Edition) -> bool:
    """Whether an edition can be searched; it then counts as used now."""
    async with _transaction(database, edition) as connection:
        return await _known(connection, edition)


async def index(
    database: Database, edition: Edition, embeds: Embeds, *, kept: int = KEPT
) -> Indexed:
    """Bring an edition into the database; one that is there costs one statement.

    Raises:
        StoreError: the database does not do it.
        ConfigError, ToolError: the passages cannot be embedded.
    """
    keys = list(edition.chunks)
    asked = sum(chunk.asked for chunk in edition.chunks.values())
    sizes = len(keys) - asked, asked
    async with _transaction(database, edition) as connection:
        if await _known(connection, edition):
            return Indexed(edition.collection, edition.edition, *sizes, 0, 0)
        there = await connection.execute(_THERE, {"vertical": edition.vertical, "keys": keys})
        new = sorted(set(keys) - set(there.scalars()), key=keys.index)
        for start in range(0, len(new), _ROWS):
            some = new[start : start + _ROWS]
            vectors = await embeds.passages([edition.chunks[key].passage for key in some])
            await connection.execute(
                _PASSAGE,
                [_row(edition, key, vector) for key, vector in zip(some, vectors, strict=True)],
            )
        named = {
            "vertical": edition.vertical,
            "collection": edition.collection,
            "edition": edition.edition,
        }
        await connection.execute(_EDITION, {**named, "embeddings": edition.embeddings})
        await connection.execute(_ENTRY, {**named, "keys": keys})
        await connection.execute(_FORGET, {**named, "kept": kept})
        left = await connection.execute(_SWEEP, {"vertical": edition.vertical})
    return Indexed(edition.collection, edition.edition, *sizes, len(new), left.rowcount)


async def _known(connection: AsyncConnection, edition: Edition) -> bool:
    named = {
        "vertical": edition.vertical,
        "collection": edition.collection,
        "edition": edition.edition,
    }
    return (await connection.execute(_KNOWN, named)).rowcount == 1


def _row(edition: Edition, key: bytes, vector: Sequence[float]) -> dict[str, object]:
    chunk = edition.chunks[key]
    return {
        "vertical": edition.vertical,
        "key": key,
        "source": chunk.source,
        "title": chunk.title,
        "section": chunk.section,
        "body": chunk.text,
        "asked": chunk.asked,
        "embedding": list(vector),
        "configuration": edition.configuration,
        # What callers say is met by meaning alone: words in common added nothing (see the figures).
        "passage": "" if chunk.asked else chunk.passage,
        "codes": [] if chunk.asked else _codes(chunk),
    }


def _codes(chunk: Chunk) -> list[str]:
    about = codes_in(f"{chunk.title} {chunk.section}")
    return [CODE + code for code in codes_in(chunk.passage)] + [ABOUT + code for code in about]


@asynccontextmanager
async def _transaction(database: Database, edition: Edition) -> AsyncIterator[AsyncConnection]:
    name = f"{edition.vertical}\0{edition.collection}"
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
    try:
        async with database.engine.begin() as connection:
            await connection.execute(_ENTER, {"vertical": edition.vertical, "key": key})
            yield connection
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        raise StoreError(
            f"the articles of `{edition.vertical}` cannot be indexed: {reason(error)}"
        ) from error
