from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from dialplan.errors import StoreError
from dialplan.model.database import Database as DatabaseShape
from dialplan.model.database import Table
from dialplan.store.database import Database
from dialplan.store.steps import Step, TablePlan
from dialplan.store.vertical_tables import apply_plan, create_tables, purge, read_plan


def tables(**written: object) -> dict[str, Table]:
    return DatabaseShape.model_validate({"tables": written}).tables


def bikes(**columns: object) -> dict[str, Table]:
    return tables(bikes={"columns": {"id": "serial", **columns}})


async def planned(database: Database, schema: str, wanted: Mapping[str, Table]) -> TablePlan:
    async with database.engine.connect() as connection:
        return await read_plan(connection, schema, wanted)


async def applied(
    database: Database, schema: str, wanted: Mapping[str, Table], *, destructive: bool = False
) -> tuple[Step, ...]:
    plan = await planned(database, schema, wanted)
    async with database.engine.begin() as connection:
        await apply_plan(connection, plan, wanted, destructive=destructive)
    return plan.steps


async def run(database: Database, sql: str) -> list[tuple[object, ...]]:
    async with database.engine.begin() as connection:
        done = await connection.execute(text(sql))
        return [tuple(row) for row in done] if done.returns_rows else []


async def put_aside(database: Database, schema: str, name: str) -> tuple[str, date]:
    """Return what a table or column is called since it was taken away, and the day in it."""
    (found,) = await run(
        database,
        "SELECT name FROM (SELECT column_name AS name FROM information_schema.columns"  # noqa: S608
        f" WHERE table_schema = '{schema}' UNION SELECT table_name FROM information_schema.tables"
        f" WHERE table_schema = '{schema}') AS all_names"
        f" WHERE name LIKE '\\_dropped\\_%\\_{name}'",
    )
    kept = str(found[0])
    return kept, datetime.strptime(kept.split("_")[2], "%Y%m%d").replace(tzinfo=UTC).date()


def said(steps: tuple[Step, ...]) -> list[tuple[str, str]]:
    return [(step.risk, step.what) for step in steps]


async def test_nothing_is_due_after_the_tables_were_made(database: Database) -> None:
    wanted = tables(
        owners={"columns": {"id": "serial", "phone": {"type": "phone", "unique": True}}},
        bikes={
            "columns": {
                "id": "serial",
                "owner": {"references": "owners", "optional": True},
                "front": {"references": "bikes", "optional": True},
                "brand": {"type": "text", "default": "it's: 100%", "index": True},
                "gears": {"type": "integer", "default": 3},
                "ok": {"type": "boolean", "default": True},
                "price": {"type": "number", "default": 1.5},
                "born": {"type": "date", "optional": True},
                "opens": {"type": "time", "optional": True},
                "at": {"type": "timestamptz", "optional": True},
                "extra": {"type": "json", "optional": True},
            },
            "unique": [["brand", "gears"]],
        },
    )
    await create_tables(database, "p_empty", wanted)

    assert (await planned(database, "p_empty", wanted)).steps == ()


async def test_tables_may_point_at_each_other_in_a_circle(database: Database) -> None:
    wanted = tables(
        a={"columns": {"id": "serial", "b": {"references": "b", "optional": True}}},
        b={"columns": {"id": "serial", "a": {"references": "a", "optional": True}}},
    )
    await create_tables(database, "p_circle", wanted)

    assert (await planned(database, "p_circle", wanted)).steps == ()


async def test_planning_changes_nothing(database: Database) -> None:
    await create_tables(database, "p_look", bikes(old="text"))
    wanted = bikes(new={"type": "text", "was": "old"})

    first = await planned(database, "p_look", wanted)
    second = await planned(database, "p_look", wanted)

    assert first == second
    assert said(first.steps) == [("RISKY", "rename column bikes.old to new")]


async def test_a_column_that_may_be_empty_is_safe_and_a_required_one_is_not(
    database: Database,
) -> None:
    await create_tables(database, "p_add", bikes(brand="text"))
    await run(database, "INSERT INTO p_add.bikes (tenant, brand) VALUES ('a', 'x'), ('b', 'y')")
    wanted = bikes(brand="text", colour={"type": "text", "optional": True}, gears="integer")

    steps = (await planned(database, "p_add", wanted)).steps

    assert said(steps) == [
        ("SAFE", "add column bikes.colour TEXT"),
        ("RISKY", "add column bikes.gears BIGINT"),
    ]
    assert "2 rows have no value for it" in steps[1].note


async def test_a_rename_keeps_the_data_of_a_column_and_of_a_table(database: Database) -> None:
    await create_tables(database, "p_rename", bikes(brand="text"))
    await run(database, "INSERT INTO p_rename.bikes (tenant, brand) VALUES ('a', 'Peugeot')")
    wanted = tables(
        cycles={
            "was": "bikes",
            "columns": {"id": "serial", "make": {"type": "text", "was": "brand"}},
        }
    )

    steps = await applied(database, "p_rename", wanted)

    assert said(steps)[:2] == [
        ("RISKY", "rename table bikes to cycles"),
        ("RISKY", "rename column cycles.brand to make"),
    ]
    assert await run(database, "SELECT make FROM p_rename.cycles") == [("Peugeot",)]
    assert [s for s in (await planned(database, "p_rename", wanted)).steps if s.blocks] == []


async def test_a_dropped_column_is_refused_then_put_aside_with_its_data_when_agreed_to(
    database: Database,
) -> None:
    await create_tables(database, "p_drop", bikes(brand="text", note="text"))
    await run(database, "INSERT INTO p_drop.bikes (tenant, brand, note) VALUES ('a', 'x', 'kept')")
    wanted = bikes(brand="text")

    with pytest.raises(StoreError, match=r"refused: remove column bikes\.note"):
        await applied(database, "p_drop", wanted)
    assert await run(database, "SELECT note FROM p_drop.bikes") == [("kept",)]

    steps = await applied(database, "p_drop", wanted, destructive=True)

    assert steps[0].note.startswith("1 rows have a value")
    kept, day = await put_aside(database, "p_drop", "note")
    assert abs(datetime.now(UTC).date() - day) <= timedelta(days=1)  # it may be midnight
    assert await run(database, f'SELECT "{kept}" FROM p_drop.bikes') == [("kept",)]  # noqa: S608
    await run(database, "INSERT INTO p_drop.bikes (tenant, brand) VALUES ('a', 'new')")
    assert (await planned(database, "p_drop", wanted)).steps == ()


async def test_what_was_put_aside_is_purged_only_when_it_is_old_enough(database: Database) -> None:
    await create_tables(database, "p_purge", bikes(brand="text", note="text"))
    await applied(database, "p_purge", bikes(brand="text"), destructive=True)

    kept, day = await put_aside(database, "p_purge", "note")

    async with database.engine.begin() as connection:
        early = await purge(connection, "p_purge", before=day)
    async with database.engine.begin() as connection:
        late = await purge(connection, "p_purge", before=day + timedelta(days=1))

    assert early == []
    assert late == [f"column p_purge.bikes.{kept}"]


async def test_a_dropped_table_keeps_its_rows_beside_it(database: Database) -> None:
    await create_tables(
        database, "p_table", {**bikes(brand="text"), **tables(old={"columns": {"id": "serial"}})}
    )
    await run(database, "INSERT INTO p_table.old (tenant) VALUES ('a')")

    steps = await applied(database, "p_table", bikes(brand="text"), destructive=True)

    assert said(steps) == [("DESTRUCTIVE", "remove table old")]
    kept, _day = await put_aside(database, "p_table", "old")
    assert await run(database, f'SELECT count(*) FROM p_table."{kept}"') == [(1,)]  # noqa: S608


async def test_a_new_type_converts_the_values_that_are_there(database: Database) -> None:
    await create_tables(database, "p_type", bikes(gears={"type": "text", "default": "3"}))
    await run(database, "INSERT INTO p_type.bikes (tenant, gears) VALUES ('a', '21')")
    wanted = bikes(gears={"type": "integer", "default": 4})

    steps = await applied(database, "p_type", wanted)
    await run(database, "INSERT INTO p_type.bikes (tenant) VALUES ('a')")

    assert said(steps) == [("RISKY", "change bikes.gears to BIGINT")]
    assert await run(database, "SELECT gears FROM p_type.bikes ORDER BY id") == [(21,), (4,)]
    assert (await planned(database, "p_type", wanted)).steps == ()


async def test_a_step_that_fails_takes_all_of_them_back(database: Database) -> None:
    await create_tables(database, "p_fail", bikes(brand="text"))
    await run(database, "INSERT INTO p_fail.bikes (tenant, brand) VALUES ('a', 'no number')")
    wanted = bikes(brand="integer", colour={"type": "text", "optional": True})

    with pytest.raises(StoreError, match=r"change bikes\.brand to BIGINT.*nothing was changed"):
        await applied(database, "p_fail", wanted)

    assert len((await planned(database, "p_fail", wanted)).steps) == 2


async def test_a_plan_is_refused_when_the_tables_moved_since(database: Database) -> None:
    await create_tables(database, "p_moved", bikes(brand="text"))
    wanted = bikes(brand="text", colour={"type": "text", "optional": True})
    plan = await planned(database, "p_moved", wanted)
    await run(database, "ALTER TABLE p_moved.bikes ADD COLUMN stray text")

    with pytest.raises(StoreError, match="moved since this was planned"):
        async with database.engine.begin() as connection:
            await apply_plan(connection, plan, wanted, destructive=True)


async def test_defaults_and_emptiness_and_uniqueness_are_compared(database: Database) -> None:
    await create_tables(
        database, "p_more", bikes(gears={"type": "integer", "default": 3}, brand="text", x="text")
    )
    await run(database, "INSERT INTO p_more.bikes (tenant, brand, x) VALUES ('a', 'b', 'c')")
    wanted = bikes(
        gears={"type": "integer", "default": 7},
        brand={"type": "text", "optional": True},
        x={"type": "text", "unique": True},
    )

    steps = await applied(database, "p_more", wanted)

    assert sorted(said(steps)) == [
        ("RISKY", "let no two rows of bikes share x"),
        ("SAFE", "change the default of bikes.gears"),
        ("SAFE", "let bikes.brand be empty"),
    ]
    assert (await planned(database, "p_more", wanted)).steps == ()


async def test_a_new_table_is_fenced_between_tenants_even_for_its_owner(database: Database) -> None:
    await create_tables(database, "p_fence", bikes(brand="text"))

    found = await run(
        database,
        "SELECT relrowsecurity, relforcerowsecurity FROM pg_class"
        " WHERE oid = 'p_fence.bikes'::regclass",
    )
    assert found == [(True, True)]


async def test_another_key_is_refused_with_a_way_out(database: Database) -> None:
    await create_tables(database, "p_key", bikes(brand="text"))
    wanted = tables(bikes={"columns": {"number": "serial", "brand": "text"}})

    with pytest.raises(StoreError, match="write a new table under another name"):
        await planned(database, "p_key", wanted)
