"""The passages of an edition that may answer a question, read as one tenant of one vertical.

With pgvector it compares the vectors; without it the same sums are made in plain SQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from dialplan.knowledge.index import ABOUT, CODE
from dialplan.knowledge.ranking import Candidate, codes_in

MOST_CANDIDATES = 60
"""How many passages each way of looking puts forward."""
MOST_CHARACTERS = 1_000
"""How much of a question counts, in characters."""

_WHERE_VECTOR = text(
    "SELECT quote_ident(nspname) FROM pg_extension JOIN pg_namespace ON pg_namespace.oid ="
    " extnamespace WHERE extname = 'vector' AND has_schema_privilege(nspname, 'USAGE')"
)

# A lexeme as a query of its own: quotes and backslashes are doubled inside its quotes.
_LEXEME = r"""CAST('''' || replace(replace(word, '\', '\\'), '''', '''''') || '''' AS tsquery)"""
_SQL = f"""
WITH asked AS MATERIALIZED (SELECT %s AS vector),  -- read once, and not once a row
entry AS MATERIALIZED (
  SELECT position, source, title, section, body, search, asked, %s AS similarity
  FROM asked CROSS JOIN dialplan.knowledge_entries
    JOIN dialplan.knowledge_passages USING (vertical, tenant, key)
  WHERE vertical = :vertical AND collection = :collection AND edition = :edition
),
passage AS (SELECT * FROM entry WHERE NOT entry.asked),
-- What callers say, the nearest for each article: it leads to the article's passages.
line AS (
  SELECT DISTINCT ON (source) source, body AS line, similarity AS asked
  FROM entry WHERE entry.asked ORDER BY source, similarity DESC, position
),
word AS (
  SELECT word, {_LEXEME} AS query
  FROM unnest(tsvector_to_array(
    to_tsvector(CAST(CAST(:configuration AS text) AS regconfig), CAST(:question AS text)))) AS word
),
found AS (
  SELECT word, position FROM word JOIN passage ON search @@ query
),
-- A word that few passages have says most; one that none has still is a word that is missing.
weight AS (
  SELECT word, ln(1 + (SELECT count(*) FROM passage) / greatest(count(position), 0.5)) AS weight
  FROM word LEFT JOIN found USING (word) GROUP BY word
),
words AS (
  SELECT position, sum(weight) / (SELECT sum(weight) FROM weight) AS words
  FROM found JOIN weight USING (word) GROUP BY position
),
scored AS (
  SELECT position, source, title, section, body, similarity,
    avg(similarity) OVER (PARTITION BY source) AS article,
    coalesce(words, 0) AS words, line.asked, coalesce(line, '') AS line,
    -- An article that names a code in its title is about it; others only mention it.
    coalesce((SELECT avg(CASE
                WHEN '{ABOUT}' || code = ANY(tsvector_to_array(search)) THEN 1.0
                WHEN '{CODE}' || code = ANY(tsvector_to_array(search)) THEN 0.5 ELSE 0.0 END)
              FROM unnest(string_to_array(CAST(:codes AS text), ' ')) AS code), 0) AS codes
  FROM passage LEFT JOIN words USING (position) LEFT JOIN line USING (source)
),
placed AS (
  SELECT *, row_number() OVER (ORDER BY similarity DESC) AS by_meaning,
    row_number() OVER (ORDER BY words DESC) AS by_words,
    row_number() OVER (ORDER BY codes DESC, similarity DESC) AS by_codes,
    row_number() OVER (ORDER BY article DESC, similarity DESC) AS by_article,
    row_number() OVER (ORDER BY asked DESC NULLS LAST, similarity DESC) AS by_asked
  FROM scored
)
SELECT position, source, title, section, body, similarity, article, words, codes, asked, line
FROM placed
WHERE least(by_meaning, by_words, by_codes, by_article, by_asked) <= :most ORDER BY position
"""  # noqa: S608 - constants only
_ASKED = "CAST(CAST(:vector AS text) AS real[])"
# Products of two small numbers are too small for `real`.
_PLAIN = (
    "(SELECT sum(CAST(mine AS double precision) * theirs)"
    " FROM unnest(embedding, asked.vector) AS pair (mine, theirs))"
)


async def vector_schema(connection: AsyncConnection) -> str | None:
    """Return the schema that holds pgvector, quoted; nothing where this role cannot use it."""
    return (await connection.execute(_WHERE_VECTOR)).scalar_one_or_none()


async def candidates(
    connection: AsyncConnection,
    *,
    vertical: str,
    collection: str,
    edition: str,
    configuration: str,
    question: str,
    vector: Sequence[float],
    with_vector: str | None,
) -> list[Candidate]:
    """Return the passages that meaning, words or codes put forward.

    Args:
        connection: a transaction as a tenant of the vertical.
        vertical: whose articles.
        collection: which of its collections.
        edition: which state of it.
        configuration: the text search configuration of its language.
        question: in the caller's words.
        vector: the question's, of unit length.
        with_vector: the schema that holds pgvector, None to do without.
    """
    asked = question[:MOST_CHARACTERS].replace("\0", " ")
    rows = await connection.execute(
        _statement(with_vector),
        {
            "vertical": vertical,
            "collection": collection,
            "edition": edition,
            "configuration": configuration,
            "question": asked,
            # Arrays as text: asyncpg looks types up with a function that this role may not call.
            "codes": " ".join(codes_in(asked)),
            "vector": f"{{{','.join(map(repr, vector))}}}",
            "most": MOST_CANDIDATES,
        },
    )
    return [
        Candidate(
            position=row.position,
            source=row.source,
            title=row.title,
            section=row.section,
            text=row.body,
            similarity=float(row.similarity),
            article=float(row.article),
            words=float(row.words),
            codes=float(row.codes),
            asked=None if row.asked is None else float(row.asked),
            line=row.line,
        )
        for row in rows
    ]


@lru_cache(maxsize=8)
def _statement(schema: str | None) -> TextClause:
    if schema is None:
        return text(_SQL % (_ASKED, _PLAIN))
    # `<#>` is the negative inner product, which is the cosine of vectors of unit length.
    near = f"-(CAST(embedding AS {schema}.vector) OPERATOR({schema}.<#>) asked.vector)"
    return text(_SQL % (f"CAST({_ASKED} AS {schema}.vector)", near))
