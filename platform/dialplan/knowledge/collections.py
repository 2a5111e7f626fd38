"""A vertical's collections as they are to be indexed: chunks with their keys, and an edition. Pure.

A key names a passage by everything that its row depends on, so that a passage that did not change
is not embedded again; an edition names a collection by the keys of all its passages.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from dialplan.articles.chunks import CHUNKER, Chunk, asked_of, chunks_of
from dialplan.articles.reading import read_all
from dialplan.model.knowledge import Collection, TextLanguage
from dialplan.model.vertical import Vertical

_CONFIGURATIONS: Mapping[TextLanguage, str] = {
    "en": "english",
    "de": "german",
    "es": "spanish",
    "fr": "french",
    "it": "italian",
    "nl": "dutch",
    "pt": "portuguese",
    "other": "simple",
}


@dataclass(frozen=True, slots=True)
class Edition:
    """One state of a collection.

    Attributes:
        edition: a hash of all that it holds.
        configuration: of Postgres full text.
        chunks: by key, in the order of the collection: its passages, then what callers say.
    """

    vertical: str
    collection: str
    edition: str
    embeddings: str
    configuration: str
    chunks: Mapping[bytes, Chunk]


def configuration_of(collection: Collection) -> str:
    """Return the text search configuration of Postgres for a collection's language."""
    return _CONFIGURATIONS[collection.language]


def edition_of(
    vertical: Vertical, name: str, files: Mapping[str, bytes], embeddings: str
) -> Edition:
    """Cut a collection into chunks.

    Args:
        vertical: whose collection.
        name: the collection's name.
        files: the vertical's files by their path inside its folder.
        embeddings: what the vectors will be of.

    Raises:
        Unreadable: a file holds no article.
    """
    collection = vertical.knowledge[name]
    configuration = configuration_of(collection)
    articles = read_all(collection.sources, files)
    found = [chunk for article in articles for chunk in chunks_of(article)]
    found += [line for article in articles for line in asked_of(article)]
    chunks: dict[bytes, Chunk] = {}
    for chunk in found:
        # What is written of a passage is as it was before there were lines: none is made anew.
        kind = ("asked", chunk.title) if chunk.asked else ()
        parts = (embeddings, str(CHUNKER), configuration, chunk.source, chunk.section, *kind)
        written = "\0".join((*parts, chunk.passage))
        # A passage that stands twice in one section is one passage.
        chunks.setdefault(hashlib.sha256(written.encode()).digest(), chunk)
    whole = hashlib.sha256(b"".join(chunks)).hexdigest()[:16]
    return Edition(vertical.name, name, whole, embeddings, configuration, chunks)
