"""The jobs themselves, on a real Postgres: what is taken, taken over and forgotten."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from dialplan.engines.text.extraction import TextModel
from dialplan.jobs.deeds import Deeds
from dialplan.jobs.lines import PastLines
from dialplan.jobs.reading import Reader
from dialplan.jobs.work import Work, open_work
from dialplan.store.database import Database
from dialplan.tools.http import HttpCaller


@pytest.fixture
async def own(database: Database) -> AsyncIterator[Database]:
    """A database of its own: what other tests began must not be done here."""
    name = f"work_{secrets.token_hex(4)}"
    async with database.engine.connect() as connection:
        plain = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await plain.execute(text(f'CREATE DATABASE "{name}"'))
    url = make_url(database.url.set(drivername="postgresql").set(database=name))
    own = Database(url.render_as_string(hide_password=False))
    await own.prepare()
    yield own
    await own.close()


@asynccontextmanager
async def working(database: Database, name: str) -> AsyncIterator[Work]:
    model, http = TextModel(api_key="none", base_url="http://127.0.0.1:1/v1"), HttpCaller()
    lines = PastLines(database, Path("none"), {}, {})
    try:
        deeds = Deeds(database, lines, Reader(model), http)
        async with open_work(deeds, database.url, name=name, at_once=2) as work:
            yield work
    finally:
        await model.close()
        await http.close()


async def statuses(database: Database) -> dict[str, str]:
    async with database.engine.connect() as connection:
        found = await connection.execute(
            text("SELECT workflow_uuid, status FROM dialplan_jobs.workflow_status")
        )
        return {str(name): str(status) for name, status in found}


async def until(database: Database, wanted: dict[str, str]) -> None:
    async with asyncio.timeout(60):
        while await statuses(database) != wanted:  # noqa: ASYNC110  another thread writes it
            await asyncio.sleep(0.05)


async def test_a_call_that_is_taken_twice_is_one_job(own: Database) -> None:
    async with working(own, "one") as work:
        await work.take("CA1")
        await until(own, {"CA1": "SUCCESS"})
        await work.take("CA1")
        await asyncio.sleep(2.5)

        assert await statuses(own) == {"CA1": "SUCCESS"}


async def test_what_ended_long_ago_is_forgotten_and_nothing_else(own: Database) -> None:
    now = datetime.now(UTC)
    async with working(own, "one") as work:
        await work.take("CA1")
        await until(own, {"CA1": "SUCCESS"})

        assert await work.forget(now - timedelta(days=7), 10) == 0
        assert await statuses(own) == {"CA1": "SUCCESS"}
        assert await work.forget(now + timedelta(minutes=1), 10) == 1
        assert await statuses(own) == {}


async def test_the_jobs_of_one_that_is_gone_are_done_by_another(own: Database) -> None:
    async with working(own, "one") as work:
        await work.take("CA1")
        await until(own, {"CA1": "SUCCESS"})
        async with own.engine.begin() as connection:
            # As a process that was killed leaves it.
            await connection.execute(
                text(
                    "UPDATE dialplan_jobs.workflow_status SET status = 'PENDING',"
                    " executor_id = 'gone', completed_at = NULL"
                )
            )
            await connection.execute(text("DELETE FROM dialplan_jobs.operation_outputs"))

        assert await work.abandoned({"one", "gone"}) == {}
        abandoned = await work.abandoned({"one"})
        assert abandoned == {"after_call": ["CA1"]}
        for queue, jobs in abandoned.items():
            await work.resume(queue, jobs)
        await until(own, {"CA1": "SUCCESS"})
