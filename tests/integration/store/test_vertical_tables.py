import subprocess
import sys

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from dialplan.errors import StoreError
from dialplan.model.database import Database as DatabaseShape
from dialplan.model.database import Table
from dialplan.store.database import Database
from dialplan.store.vertical_tables import create_tables


def tables(**columns: object) -> dict[str, Table]:
    return DatabaseShape.model_validate({"tables": {"bikes": {"columns": columns}}}).tables


async def test_a_missing_column_is_added_and_rows_are_kept(database: Database) -> None:
    await create_tables(database, "shop", tables(id="serial", brand="text"))
    async with database.engine.begin() as connection:
        await connection.execute(
            text("INSERT INTO shop.bikes (tenant, brand) VALUES ('a', 'Peugeot')")
        )

    await create_tables(
        database,
        "shop",
        tables(id="serial", brand="text", gears={"type": "integer", "default": 3}),
    )

    async with database.engine.connect() as connection:
        rows = await connection.execute(text("SELECT brand, gears FROM shop.bikes"))
        assert [tuple(row) for row in rows] == [("Peugeot", 3)]


async def test_a_changed_type_is_refused_naming_the_column_and_nothing_changes(
    database: Database,
) -> None:
    await create_tables(database, "shop2", tables(id="serial", brand="text"))

    with pytest.raises(StoreError) as caught:
        await create_tables(
            database,
            "shop2",
            tables(id="serial", brand="integer", colour={"type": "text", "optional": True}),
        )

    assert str(caught.value) == (
        "the tables of `shop2` wait for `dialplan apply`: change bikes.brand to BIGINT (RISKY)"
    )
    async with database.engine.connect() as connection:
        found = await connection.execute(
            text("SELECT count(*) FROM information_schema.columns WHERE column_name = 'colour'")
        )
        assert found.scalar_one() == 0


async def test_creating_twice_changes_nothing(database: Database) -> None:
    shape = tables(
        id="serial", at="timestamptz", day="date", hour="time", n="number", ok="boolean", j="json"
    )

    await create_tables(database, "shop3", shape)
    await create_tables(database, "shop3", shape)


COMPARES = """
import asyncio, sys
from dialplan.model.database import Database as Shape
from dialplan.store.database import Database
from dialplan.store.vertical_tables import create_tables

async def main(url, schema, shape):
    database = Database(url)
    await create_tables(database, schema, Shape.model_validate_json(shape).tables)
    await database.close()
    print("alembic" in sys.modules)

asyncio.run(main(*sys.argv[1:]))
"""


def compares(url: str, schema: str, shape: dict[str, Table]) -> bool:
    """Create tables in a new process; whether it had to compare them with those there."""
    given = DatabaseShape(tables=shape).model_dump_json(exclude_unset=True)
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", COMPARES, url, schema, given],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout == "True\n"


async def columns(database: Database, schema: str) -> list[str]:
    async with database.engine.connect() as connection:
        found = await connection.execute(
            text(
                "SELECT column_name FROM information_schema.columns"
                " WHERE table_schema = :schema ORDER BY ordinal_position"
            ),
            {"schema": schema},
        )
        return list(found.scalars())


async def test_tables_are_compared_again_only_when_they_or_the_file_moved(
    database: Database, postgres_url: str
) -> None:
    rules = {"type": "integer", "default": 3, "check": {"minimum": 0}}
    shape = tables(id="serial", brand="text", gears=rules)

    assert compares(postgres_url, "shop4", shape)
    assert not compares(postgres_url, "shop4", shape)

    more = tables(id="serial", brand={"type": "text", "optional": True}, gears=rules)
    async with database.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE shop4.bikes ALTER brand DROP NOT NULL"))
    assert compares(postgres_url, "shop4", more)
    assert not compares(postgres_url, "shop4", more)

    async with database.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE shop4.bikes DROP COLUMN brand"))
    assert compares(postgres_url, "shop4", more), "somebody else changed the table"
    assert sorted(await columns(database, "shop4")) == ["brand", "gears", "id", "tenant"]


async def test_a_new_rule_of_tables_that_were_compared_is_brought_in(database: Database) -> None:
    await create_tables(database, "shop5", tables(id="serial", n="integer"))

    await create_tables(
        database, "shop5", tables(id="serial", n={"type": "integer", "check": {"minimum": 1}})
    )

    with pytest.raises(IntegrityError, match="bikes_n_check"):
        async with database.engine.begin() as connection:
            await connection.execute(text("INSERT INTO shop5.bikes (tenant, n) VALUES ('a', 0)"))


async def test_what_waits_for_apply_is_refused_every_time(database: Database) -> None:
    await create_tables(database, "shop6", tables(id="serial", brand="text"))

    for _ in range(2):
        with pytest.raises(StoreError, match="wait for `dialplan apply`"):
            await create_tables(database, "shop6", tables(id="serial", brand="integer"))


async def test_somebodys_comment_on_the_schema_stays(database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(text("CREATE SCHEMA shop7"))
        await connection.execute(text("COMMENT ON SCHEMA shop7 IS 'ask Ann first'"))

    await create_tables(database, "shop7", tables(id="serial"))

    async with database.engine.connect() as connection:
        said = await connection.execute(
            text("SELECT obj_description('shop7'::regnamespace, 'pg_namespace')")
        )
        assert said.scalar_one() == "ask Ann first"
