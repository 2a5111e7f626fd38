from collections.abc import Mapping
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from dialplan.errors import StoreError
from dialplan.model.database import Database as DatabaseShape
from dialplan.model.database import Table
from dialplan.store.database import Database
from dialplan.store.seed import load_seed
from dialplan.store.tenancy import tenant_transaction
from dialplan.store.vertical_tables import create_tables

TABLES: Mapping[str, Table] = DatabaseShape.model_validate(
    {
        "tables": {
            "slots": {
                "columns": {
                    "id": "serial",
                    "starts_at": "timestamptz",
                    "patient_id": {"references": "patients", "optional": True},
                },
                "unique": [["starts_at"]],
            },
            "patients": {
                "columns": {
                    "id": "serial",
                    "name": "text",
                    "phone": {"type": "phone", "index": True, "unique": True},
                    "notes": {"type": "json", "optional": True},
                    "kind": {"type": "text", "default": "o'clock"},
                }
            },
        }
    }
).tables
TODAY = date(2026, 3, 2)
PATIENTS = [
    {"id": 1, "name": "Maria", "phone": "+15550107788", "notes": {"a": [1]}},
    {"id": 7, "name": "O'Neil", "phone": "+15550107789"},
]


async def fill(database: Database, vertical: str) -> None:
    await create_tables(database, vertical, TABLES)
    slots = [{"starts_at": "2026-03-02 09:00", "patient_id": 1}]
    for tenant in ("lakeside", "northside"):
        await load_seed(
            database,
            vertical,
            tenant,
            TABLES,
            {"slots": slots, "patients": PATIENTS},
            today=TODAY,
            timezone="America/Chicago",
        )


async def test_another_tenants_rows_are_never_seen_even_by_sql_that_does_not_ask(
    database: Database,
) -> None:
    await fill(database, "clinic")

    async with tenant_transaction(database, "clinic", "northside") as session:
        await session.execute(text("UPDATE patients SET name = 'gone'"))
        await session.execute(text("DELETE FROM slots"))

    async with tenant_transaction(database, "clinic", "lakeside") as session:
        names = (await session.execute(text("SELECT name FROM patients ORDER BY id"))).scalars()
        assert list(names) == ["Maria", "O'Neil"]
        assert (await session.execute(text("SELECT count(*) FROM slots"))).scalar_one() == 1
    async with tenant_transaction(database, "clinic", "nobody") as session:
        assert (await session.execute(text("SELECT count(*) FROM patients"))).scalar_one() == 0


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO patients (tenant, name, phone) VALUES ('northside', 'x', '+1')",
        "UPDATE patients SET tenant = 'northside'",
        "SELECT set_config('dialplan.tenant', 'northside', true)",
        "SELECT set_config('role', 'postgres', true)",
        "SELECT * FROM dialplan.calls",
        "CREATE TABLE mine (x int)",
        "SELECT pg_read_file('/etc/passwd')",
        "ALTER TABLE patients DISABLE ROW LEVEL SECURITY",
    ],
)
async def test_a_tools_sql_cannot_leave_its_tenant(database: Database, statement: str) -> None:
    await fill(database, "fenced")

    with pytest.raises(DBAPIError):
        async with tenant_transaction(database, "fenced", "lakeside") as session:
            await session.execute(text(statement))


async def test_a_row_cannot_point_at_another_tenants_row(database: Database) -> None:
    await create_tables(database, "pointing", TABLES)
    await load_seed(database, "pointing", "lakeside", TABLES, {"patients": PATIENTS}, today=TODAY)

    with pytest.raises(StoreError, match=r"seed.slots\[0\]: .*foreign key"):
        await load_seed(
            database,
            "pointing",
            "northside",
            TABLES,
            {"slots": [{"starts_at": "2026-03-02 09:00", "patient_id": 1}]},
            today=TODAY,
        )


async def test_nothing_of_the_tenant_stays_on_a_pooled_connection(database: Database) -> None:
    await fill(database, "pooled")
    async with tenant_transaction(database, "pooled", "lakeside") as session:
        await session.execute(text("SELECT 1"))

    async with database.engine.connect() as connection:
        row = await connection.execute(
            text("SELECT current_user, coalesce(current_setting('dialplan.tenant', true), '')")
        )
        assert tuple(row.one()) == ("postgres", "")


async def test_a_slow_statement_ends_at_its_limit(database: Database) -> None:
    with pytest.raises(DBAPIError, match="statement timeout"):
        async with tenant_transaction(database, "x", "y", statement_timeout=0.05) as session:
            await session.execute(text("SELECT pg_sleep(5)"))


async def test_seeding_twice_adds_nothing_and_new_rows_get_free_numbers(
    database: Database,
) -> None:
    await create_tables(database, "seeded", TABLES)
    rows = {"patients": PATIENTS}

    first = await load_seed(database, "seeded", "lakeside", TABLES, rows, today=TODAY)
    second = await load_seed(database, "seeded", "lakeside", TABLES, rows, today=TODAY)

    assert (first, second) == (2, 0)
    async with tenant_transaction(database, "seeded", "lakeside") as session:
        new = await session.execute(
            text("INSERT INTO patients (name, phone) VALUES ('New', '+1') RETURNING id, kind")
        )
        assert tuple(new.one()) == (8, "o'clock")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"patient": []}, "seed.patient: no such table: expected one of `patients`, `slots`"),
        ({"patients": [{"nam": 1}]}, r"seed.patients\[0\].nam: no such column"),
        ({"slots": [{"starts_at": "soon"}]}, r"seed.slots\[0\]: .*soon"),
    ],
)
async def test_a_wrong_seed_row_is_named(
    database: Database, rows: dict[str, list[dict[str, object]]], message: str
) -> None:
    await create_tables(database, "wrong", TABLES)

    with pytest.raises(StoreError, match=message):
        await load_seed(database, "wrong", "lakeside", TABLES, rows, today=TODAY)


async def test_seeded_moments_count_from_today_by_the_clock_of_the_business(
    database: Database,
) -> None:
    await create_tables(database, "moments", TABLES)

    await load_seed(
        database,
        "moments",
        "lakeside",
        TABLES,
        {"slots": [{"starts_at": "today+1 09:00"}]},
        today=TODAY,
        timezone="America/Chicago",
    )

    async with tenant_transaction(database, "moments", "lakeside") as session:
        at = (await session.execute(text("SELECT starts_at FROM slots"))).scalar_one()
    assert at == datetime(2026, 3, 3, 15, 0, tzinfo=UTC)
