"""Small verticals with articles, and a library over a real Postgres and the real embeddings."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import pytest
from tests.integration.articles import write_help

from dialplan.config.load import LoadedVertical, load_vertical
from dialplan.knowledge.library import Library
from dialplan.knowledge.minilm import Embedder
from dialplan.knowledge.providers import LocalEmbeddings, Providers
from dialplan.model.knowledge import Embeddings
from dialplan.store.database import Database
from dialplan.store.tenancy import tenant_transaction

Make = Callable[[Mapping[str, str]], LoadedVertical]


class Counting(LocalEmbeddings):
    """The local embeddings, which note what they were given."""

    def __init__(self, embedder: Embedder) -> None:
        super().__init__(embedder)
        self.embedded: list[str] = []

    async def passages(self, texts: Sequence[str]) -> list[Sequence[float]]:
        self.embedded += texts
        return await super().passages(texts)


class OwnProviders(Providers):
    """Gives embeddings that a test can look at."""

    def __init__(self, embeds: Counting) -> None:
        super().__init__()
        self.embeds = embeds

    def of(self, wanted: Embeddings) -> Counting:
        assert wanted.provider == "local"
        return self.embeds


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    return Embedder()


@pytest.fixture
async def providers(embedder: Embedder) -> AsyncIterator[OwnProviders]:
    made = OwnProviders(Counting(embedder))
    yield made
    made.embeds.close()


@pytest.fixture
def library(database: Database, providers: OwnProviders) -> Library:
    return Library(database, providers, partial(tenant_transaction, database))


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Writes a vertical with these articles and loads it; the same one for each test."""
    name = f"help_{uuid.uuid4().hex[:8]}"

    def write(articles: Mapping[str, str]) -> LoadedVertical:
        folder = tmp_path / name
        write_help(folder, articles)
        return load_vertical(folder)

    return write
