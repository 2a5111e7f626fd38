import time
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from dialplan.store.database import Database
from dialplan.store.embedded import start_embedded
from dialplan.store.throwaway import PREFIX, STALE_S, open_throwaway


@pytest.fixture
async def url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    embedded = await start_embedded(tmp_path_factory.mktemp("throwaway"))
    yield embedded.url
    await embedded.stop()


async def _names(url: str) -> list[str]:
    server = Database(url)
    async with server.engine.connect() as connection:
        found = await connection.execute(text("SELECT datname FROM pg_database"))
        names = [str(name) for name in found.scalars() if name.startswith(PREFIX)]
    await server.close()
    return names


async def test_each_is_prepared_and_empty_and_gone_after_use(url: str) -> None:
    async with open_throwaway(url) as throwaway:
        for _ in range(2):
            async with throwaway.database() as one:
                database = Database(one)
                async with database.engine.begin() as connection:
                    count = "SELECT count(*) FROM dialplan.handoffs"
                    assert await connection.scalar(text(count)) == 0
                    insert = "INSERT INTO dialplan.handoffs VALUES ('CA1', 1, now(), 'a', 'b')"
                    await connection.execute(text(insert))
                # A connection left open does not keep it.
                async with database.engine.connect() as connection:
                    await connection.execute(text("SELECT 1"))
        await database.close()

    assert await _names(url) == []


async def test_an_error_inside_leaves_nothing_behind(url: str) -> None:
    with pytest.raises(LookupError):
        async with open_throwaway(url) as throwaway, throwaway.database():
            raise LookupError

    assert await _names(url) == []


async def test_what_a_killed_run_left_is_dropped_once_it_is_a_day_old(url: str) -> None:
    old, young = (f"{PREFIX}{int(time.time() - age)}_x_1" for age in (STALE_S + 60, 60))
    server = Database(url)
    async with server.engine.connect() as connection:
        alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
        for name in (old, young):
            await alone.exec_driver_sql(f'CREATE DATABASE "{name}"')
    await server.close()

    async with open_throwaway(url):
        pass

    assert await _names(url) == [young]
