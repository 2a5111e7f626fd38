"""Checks, enums, overlaps and computed columns: planned, made and changed on a real Postgres."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from dialplan.errors import StoreError
from dialplan.model.database import Database as DatabaseShape
from dialplan.model.database import Table
from dialplan.sql.rules import table_rules
from dialplan.store.database import Database
from dialplan.store.steps import Step, TablePlan
from dialplan.store.tenancy import tenant_transaction
from dialplan.store.vertical_tables import apply_plan, create_tables, read_plan


def tables(**written: object) -> dict[str, Table]:
    return DatabaseShape.model_validate({"tables": written}).tables


def visits(*, more: Mapping[str, object] | None = None, **columns: object) -> dict[str, Table]:
    own = {"id": "serial", "starts_at": "timestamptz", "ends_at": "timestamptz"}
    return tables(visits={"columns": {**own, **columns}, **(more or {})})


async def planned(database: Database, schema: str, wanted: Mapping[str, Table]) -> TablePlan:
    async with database.engine.connect() as connection:
        return await read_plan(connection, schema, wanted)


async def applied(database: Database, schema: str, wanted: Mapping[str, Table]) -> None:
    plan = await planned(database, schema, wanted)
    async with database.engine.begin() as connection:
        await apply_plan(connection, plan, wanted, destructive=False)


async def run(database: Database, sql: str) -> list[tuple[object, ...]]:
    async with database.engine.begin() as connection:
        done = await connection.exec_driver_sql(sql)
        return [tuple(row) for row in done] if done.returns_rows else []


def said(steps: tuple[Step, ...]) -> list[tuple[str, str, str]]:
    return [(step.risk, step.what, step.note) for step in steps]


EVERYTHING = tables(
    stylists={"columns": {"id": "uuid", "name": {"type": "text", "check": {"max_length": 80}}}},
    visits={
        "columns": {
            "id": "serial",
            "stylist": {"references": "stylists", "on_delete": "cascade"},
            "before": {"references": "visits", "optional": True, "on_delete": "set_null"},
            "starts_at": "timestamptz",
            "ends_at": "timestamptz",
            "status": {"enum": ["booked", "it's: off", "cancelled"], "default": "booked"},
            "one": {"enum": ["only"], "optional": True},
            "price": {"type": "money", "currency": "USD", "check": {"minimum": 0}, "default": 10},
            "rate": {"type": "decimal", "precision": 6, "scale": 3, "optional": True},
            "any": {"type": "decimal", "optional": True},
            "code": {"type": "text", "optional": True, "check": {"pattern": r"^\d{3}:\w+%$"}},
            "made": {"type": "timestamptz", "default": "now"},
            "day": {"type": "date", "default": "today"},
            "due": {"type": "timestamptz", "default": {"sql": "now() + interval '1 day'"}},
            "token": {"type": "uuid", "unique": True},
            "other": {"type": "uuid", "optional": True},
            "low": {"type": "text", "computed": r"lower(code) || 'a:b\c%'", "optional": True},
        },
        "check": ["ends_at > starts_at -- both", {"sql": "ends_at - starts_at < '8 h'::interval"}],
        "no_overlap": [
            {"columns": ["starts_at", "ends_at"], "per": ["stylist"], "where": "status = 'booked'"},
        ],
        "unique": [["code", "day"], {"columns": ["code"], "where": "price > 0"}],
        "indexes": [["status", "day"], {"columns": ["day"], "where": "status = 'booked'"}],
    },
    nights={
        "columns": {
            "id": "serial",
            "first": "date",
            "last": "date",
            "a": "integer",
            "b": "integer",
        },
        "no_overlap": [{"columns": ["first", "last"]}, {"columns": ["a", "b"]}],
    },
)


async def test_nothing_is_due_after_every_kind_of_column_and_rule_was_made(
    database: Database,
) -> None:
    await create_tables(database, "r_all", EVERYTHING)

    assert said((await planned(database, "r_all", EVERYTHING)).steps) == []
    assert all(len(rule.name) <= 63 for rule in table_rules(EVERYTHING))


@pytest.mark.parametrize(
    ("start", "end", "status", "code", "price", "taken"),
    [
        ("09:00", "10:00", "booked", "111:a%", 5, False),
        ("09:30", "09:45", "booked", "112:a%", 5, False),
        ("10:00", "11:00", "booked", "113:a%", 5, True),
        ("09:00", "10:00", "cancelled", "114:a%", 5, True),
        ("12:00", "11:00", "booked", "115:a%", 5, False),
        ("12:00", "23:00", "booked", "116:a%", 5, False),
        ("13:00", "14:00", "open", "117:a%", 5, False),
        ("13:00", "14:00", "booked", "no code", 5, False),
        ("13:00", "14:00", "booked", "118:a%", -1, False),
        ("13:00", "14:00", "booked", "000:a%", 5, False),
    ],
)
async def test_what_the_rules_forbid_is_refused_and_the_rest_is_taken(
    database: Database, start: str, end: str, status: str, code: str, price: int, taken: bool
) -> None:
    await create_tables(database, "r_taken", EVERYTHING)
    row = (
        "INSERT INTO visits (stylist, starts_at, ends_at, status, code, price)"
        " VALUES ((SELECT id FROM stylists), '2026-03-02 {}', '2026-03-02 {}', '{}', '{}', {})"
    )

    async with database.engine.connect() as outer:
        # In one transaction that is rolled back, so that the cases do not meet.
        await outer.exec_driver_sql("SELECT set_config('dialplan.tenant', 'a', true)")
        await outer.exec_driver_sql("SET LOCAL search_path TO r_taken")
        await outer.exec_driver_sql("INSERT INTO stylists (name) VALUES ('Ann')")
        await outer.exec_driver_sql(row.format("09:00", "10:00", "booked", "000:a%", 1))
        statement = row.format(start, end, status, code, price)
        if taken:
            await outer.exec_driver_sql(statement)
        else:
            with pytest.raises(DBAPIError):
                await outer.exec_driver_sql(statement)
        await outer.rollback()


async def test_defaults_and_computed_columns_are_filled_by_postgres(database: Database) -> None:
    await create_tables(database, "r_filled", EVERYTHING)
    async with tenant_transaction(database, "r_filled", "a", timezone="Asia/Tokyo") as session:
        await session.execute(text("INSERT INTO stylists (name) VALUES ('Ann')"))
        rows = await session.execute(
            text(
                "INSERT INTO visits (stylist, starts_at, ends_at, code)"
                " SELECT id, '2026-03-02 09:00', '2026-03-02 10:00', '123:AB%' FROM stylists"
                " RETURNING status, price, made = now(), day = current_date, low, token IS NULL"
            )
        )

        assert [str(one) for one in rows.one()] == [
            "booked", "10.00", "True", "True", "123:ab%a:b\\c%", "False",
        ]  # fmt: skip


async def test_deleting_follows_what_the_references_say_and_keeps_the_tenant(
    database: Database,
) -> None:
    await create_tables(database, "r_delete", EVERYTHING)
    async with tenant_transaction(database, "r_delete", "a") as session:
        await session.execute(text("INSERT INTO stylists (name) VALUES ('Ann')"))
        for clock, before in ((9, "NULL"), (10, "(SELECT min(id) FROM visits)")):
            await session.execute(
                text(
                    "INSERT INTO visits (stylist, starts_at, ends_at, before) SELECT id,"  # noqa: S608 - ours
                    f" '2026-03-02 {clock}:00', '2026-03-02 {clock}:30', {before} FROM stylists"
                )
            )
        await session.execute(text("DELETE FROM visits WHERE before IS NULL"))
        left = await session.execute(text("SELECT tenant, before FROM visits"))
        assert [tuple(row) for row in left] == [("a", None)]

        await session.execute(text("DELETE FROM stylists"))

        assert (await session.execute(text("SELECT count(*) FROM visits"))).scalar_one() == 0


async def test_a_check_on_rows_that_are_there_says_how_many_break_it(database: Database) -> None:
    await create_tables(database, "r_check", visits())
    await run(
        database,
        "INSERT INTO r_check.visits (tenant, starts_at, ends_at) VALUES"
        " ('a', '2026-03-02 10:00', '2026-03-02 09:00'),"
        " ('b', '2026-03-02 09:00', '2026-03-02 09:30')",
    )
    wanted = visits(more={"check": ["ends_at > starts_at"]})

    plan = await planned(database, "r_check", wanted)
    what = "let each row of visits hold `ends_at > starts_at`"
    assert said(plan.steps) == [("RISKY", what, "fails: 1 row breaks it")]
    assert "NOT VALID" in plan.steps[0].statements[0]
    assert "VALIDATE" in plan.steps[0].statements[1]
    with pytest.raises(StoreError, match="wait for `dialplan apply`"):
        await create_tables(database, "r_check", wanted)
    with pytest.raises(StoreError, match=r"let each row of visits hold .* nothing was changed"):
        await applied(database, "r_check", wanted)

    await run(database, "DELETE FROM r_check.visits WHERE tenant = 'a'")
    plan = await planned(database, "r_check", wanted)
    assert said(plan.steps) == [("RISKY", what, "no row breaks it now")]
    await applied(database, "r_check", wanted)
    assert (await planned(database, "r_check", wanted)).steps == ()


async def test_a_value_is_added_to_an_enum_at_once_and_taken_away_only_when_no_row_holds_it(
    database: Database,
) -> None:
    await create_tables(database, "r_enum", visits(status={"enum": ["booked", "it's done"]}))
    await run(
        database,
        "INSERT INTO r_enum.visits (tenant, starts_at, ends_at, status)"
        " VALUES ('a', '2026-03-02 09:00', '2026-03-02 10:00', 'it''s done')",
    )
    wider = visits(status={"enum": ["booked", "held", "it's done"]})

    plan = await planned(database, "r_enum", wider)
    what = "let visits.status be booked, held or it's done"
    assert said(plan.steps) == [("SAFE", what, "only adds values")]
    await create_tables(database, "r_enum", wider)
    assert (await planned(database, "r_enum", wider)).steps == ()
    await run(database, "UPDATE r_enum.visits SET status = 'held'")
    with pytest.raises(DBAPIError):
        await run(database, "UPDATE r_enum.visits SET status = 'gone'")

    narrower = visits(status={"enum": ["booked"]})
    steps = (await planned(database, "r_enum", narrower)).steps
    assert [step.risk for step in steps] == ["RISKY", "RISKY"]
    assert steps[1].note == "fails: 1 row breaks it"


async def test_overlaps_that_are_there_are_counted_before_they_are_forbidden(
    database: Database,
) -> None:
    await create_tables(database, "r_overlap", visits(chair="text"))
    await run(
        database,
        "INSERT INTO r_overlap.visits (tenant, starts_at, ends_at, chair) VALUES"
        " ('a', '2026-03-02 09:00', '2026-03-02 12:00', 'x'),"
        " ('a', '2026-03-02 09:10', '2026-03-02 09:20', 'x'),"
        " ('a', '2026-03-02 11:00', '2026-03-02 11:20', 'x'),"
        " ('a', '2026-03-02 12:00', '2026-03-02 13:00', 'x'),"
        " ('a', '2026-03-02 09:00', '2026-03-02 12:00', 'y'),"
        " ('b', '2026-03-02 09:00', '2026-03-02 12:00', 'x')",
    )
    rule = {"columns": ["starts_at", "ends_at"], "per": ["chair"]}
    wanted = visits(chair="text", more={"no_overlap": [rule]})

    steps = [
        one for one in (await planned(database, "r_overlap", wanted)).steps if "let" in one.what
    ]

    assert said(tuple(steps)) == [
        (
            "RISKY",
            "let no two rows of visits of the same chair overlap in starts_at to ends_at",
            "fails: 2 rows break it",
        )
    ]
    await run(database, "DELETE FROM r_overlap.visits WHERE ends_at - starts_at < '1 h'")
    await applied(database, "r_overlap", wanted)
    assert (await planned(database, "r_overlap", wanted)).steps == ()


async def test_values_shared_in_a_part_are_counted_before_they_are_forbidden(
    database: Database,
) -> None:
    await create_tables(database, "r_part", visits(code="text"))
    await run(
        database,
        "INSERT INTO r_part.visits (tenant, starts_at, ends_at, code) VALUES"
        " ('a', '2026-03-02', '2026-03-03', 'x'), ('a', '2026-03-02', '2026-03-03', 'x'),"
        " ('a', '2026-03-02', '2026-03-03', ''), ('a', '2026-03-02', '2026-03-03', '')",
    )
    wanted = visits(code="text", more={"unique": [{"columns": ["code"], "where": "code <> ''"}]})

    steps = (await planned(database, "r_part", wanted)).steps

    what = "let no two rows of visits share code in part"
    assert said(steps) == [("RISKY", what, "fails: 1 row breaks it")]


async def test_a_rule_that_the_file_has_no_longer_stays_until_it_is_applied(
    database: Database,
) -> None:
    await create_tables(database, "r_gone", visits(more={"check": ["ends_at > starts_at"]}))
    await create_tables(database, "r_gone", visits())
    await run(database, "ALTER TABLE r_gone.visits ADD CONSTRAINT by_hand CHECK (id > 0)")

    [step] = (await planned(database, "r_gone", visits())).steps

    assert (step.risk, step.blocks) == ("RISKY", False)
    assert step.what.startswith("remove visits_ends_at_starts_at_check_")
    await applied(database, "r_gone", visits())
    assert (await planned(database, "r_gone", visits())).steps == ()


async def test_a_new_column_with_its_rules_is_safe_on_rows_that_are_there(
    database: Database,
) -> None:
    await create_tables(database, "r_new", visits())
    await run(
        database,
        "INSERT INTO r_new.visits (tenant, starts_at, ends_at) VALUES ('a', now(), now())",
    )
    wanted = visits(
        status={"enum": ["open", "shut"], "default": "open"},
        price={"type": "money", "currency": "USD", "optional": True, "check": {"minimum": 0}},
        hours={"type": "decimal", "computed": "extract(epoch FROM ends_at - starts_at) / 3600"},
    )

    await create_tables(database, "r_new", wanted)

    assert (await planned(database, "r_new", wanted)).steps == ()
    assert await run(database, "SELECT status, hours FROM r_new.visits") == [("open", 0)]


async def test_what_is_computed_and_what_is_a_default_may_change(database: Database) -> None:
    before = visits(
        code={"type": "text", "default": {"sql": "upper('a')"}},
        low={"type": "text", "computed": "lower(code)"},
    )
    after = visits(
        code={"type": "text", "default": {"sql": "upper('b')"}},
        low={"type": "text", "computed": "lower(code) || 'x'"},
    )
    await create_tables(database, "r_computed", before)

    plan = await planned(database, "r_computed", after)
    assert said(plan.steps) == [
        ("SAFE", "change the default of visits.code", ""),
        ("RISKY", "compute visits.low anew", "the table is rewritten and locked"),
    ]
    await applied(database, "r_computed", after)
    assert (await planned(database, "r_computed", after)).steps == ()

    plain = visits(code="text", low="text")
    await applied(database, "r_computed", plain)
    assert (await planned(database, "r_computed", plain)).steps == ()
    with pytest.raises(StoreError, match=r"visits\.columns\.low: .* cannot become computed"):
        await planned(database, "r_computed", before)


async def test_what_becomes_of_a_row_whose_target_goes_may_change(database: Database) -> None:
    def pointing(on_delete: str) -> dict[str, Table]:
        column = {"references": "visits", "optional": True, "on_delete": on_delete}
        return visits(before=column)

    await create_tables(database, "r_ties", pointing("restrict"))
    for on_delete in ("cascade", "set_null", "restrict"):
        await applied(database, "r_ties", pointing(on_delete))

        assert (await planned(database, "r_ties", pointing(on_delete))).steps == ()
