"""A real Postgres for all integration tests, and a prepared database on it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from dialplan.store.database import Database
from dialplan.store.embedded import start_embedded


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("data")
    server = asyncio.run(start_embedded(folder))
    yield server.url
    asyncio.run(server.stop())


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    database = Database(postgres_url)
    await database.prepare()
    yield database
    await database.close()
