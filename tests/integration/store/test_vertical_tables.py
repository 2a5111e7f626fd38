import pytest
from sqlalchemy import text

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
