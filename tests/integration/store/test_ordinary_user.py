"""A managed Postgres gives no superuser: a user who may create roles is enough."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from dialplan.model.database import Table
from dialplan.store.database import Database
from dialplan.store.embedded import start_embedded
from dialplan.store.tenancy import tenant_transaction
from dialplan.store.vertical_tables import create_tables


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    # A server of its own: roles belong to a server, and on the shared one the role is there.
    server = await start_embedded(tmp_path)
    owner = Database(server.url)
    async with owner.engine.connect() as connection:
        plain = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await plain.execute(text("CREATE ROLE app LOGIN CREATEROLE"))
        await plain.execute(text("CREATE DATABASE app OWNER app"))
    await owner.close()
    owner = Database(make_url(server.url).set(database="app").render_as_string(False))
    async with owner.engine.begin() as connection:
        await connection.execute(text("CREATE SCHEMA lent"))
        await connection.execute(text("GRANT ALL ON SCHEMA lent TO app WITH GRANT OPTION"))
    await owner.close()
    database = Database(
        make_url(server.url).set(username="app", database="app").render_as_string(False)
    )
    yield database
    await database.close()
    await server.stop()


async def test_tools_run_fenced_for_a_user_who_is_no_superuser(database: Database) -> None:
    await database.prepare()
    things = Table.model_validate({"columns": {"id": "serial", "name": "text"}})
    await create_tables(database, "shop", {"things": things})
    async with tenant_transaction(database, "shop", "mine") as connection:
        await connection.execute(text("INSERT INTO things (name) VALUES ('a')"))

    async with tenant_transaction(database, "shop", "other") as connection:
        found = await connection.execute(text("SELECT current_user, count(*) FROM things"))
        assert tuple(found.one()) == ("dialplan_tools", 0)


async def test_preparing_again_needs_nothing_more(database: Database) -> None:
    await database.prepare()

    await database.prepare()


async def test_tables_may_be_in_a_schema_that_belongs_to_somebody_else(database: Database) -> None:
    await database.prepare()
    things = Table.model_validate({"columns": {"id": "serial", "name": "text"}})

    for _ in range(2):
        await create_tables(database, "lent", {"things": things})

    async with tenant_transaction(database, "lent", "mine") as connection:
        await connection.execute(text("INSERT INTO things (name) VALUES ('a')"))
