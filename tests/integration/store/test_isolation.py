"""Five hundred statements that forget whose rows they are about, as tools run them.

They are drawn with a fixed seed: the same in every run. Two tenants of one vertical hold rows that
tell whose they are; whatever a statement reads or writes, the other tenant's stay unread and whole.
"""

# ruff: noqa: S608  # the statements are what is tested

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from dialplan.errors import ToolError
from dialplan.model.database import Database as DatabaseShape
from dialplan.sql.statement import compile_sql
from dialplan.store.database import Database
from dialplan.store.tenancy import tenant_transaction
from dialplan.store.vertical_tables import create_tables

SEED = 20260302
MANY = 500
VERTICAL = "isolated"
MINE, OTHER = "mine", "other"
TABLES = DatabaseShape.model_validate(
    {
        "tables": {
            "people": {
                "columns": {
                    "id": "serial",
                    "name": "text",
                    "kind": {"enum": ["new", "known"], "default": "new"},
                    "token": "uuid",
                    "owed": {"type": "money", "currency": "USD", "default": 5},
                },
            },
            "visits": {
                "columns": {
                    "id": "serial",
                    "person": {"references": "people", "on_delete": "cascade"},
                    "starts_at": "timestamptz",
                    "ends_at": "timestamptz",
                    "note": "text",
                    "low": {"type": "text", "computed": "lower(note)"},
                },
                "no_overlap": [{"columns": ["starts_at", "ends_at"], "per": ["person"]}],
            },
        }
    }
).tables
COLUMNS = {
    "people": ("id", "name", "kind", "token", "owed", "tenant"),
    "visits": ("id", "person", "starts_at", "ends_at", "note", "low", "tenant"),
}


class Forgetful:
    """Writes statements of tools whose author never thought of tenants."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)

    def statement(self) -> str:
        kinds = (self._insert, self._update, self._delete, self._merge)
        if self._draw.random() < 0.6:
            return self._query(2)
        return self._draw.choice(kinds)()

    def _table(self) -> str:
        return self._draw.choice(sorted(COLUMNS))

    def _condition(self, table: str, alias: str, depth: int) -> str:
        column = self._draw.choice(COLUMNS[table])
        choices = [
            "true",
            f"{alias}.id > {self._draw.randint(0, 4)}",
            f"{alias}.{column} IS NOT NULL",
            f"{alias}.tenant <> 'mine'",
            f"{alias}.tenant = 'other' OR true",
            f"{alias}.tenant = 'other'",
        ]
        if depth > 0:
            other = self._table()
            choices += [
                f"{alias}.id IN (SELECT id FROM {other})",
                f"EXISTS (SELECT FROM {other} x WHERE {self._condition(other, 'x', 0)})",
                f"{alias}.id = (SELECT max(id) FROM {other})",
                f"NOT {alias}.id = ALL (SELECT id FROM {other})",
            ]
        return self._draw.choice(choices)

    def _query(self, depth: int) -> str:
        table, other = self._table(), self._table()
        simple = f"SELECT a.* FROM {table} a WHERE {self._condition(table, 'a', depth)}"
        shapes = [
            simple,
            f"SELECT row_to_json(a)::text FROM {table} a",
            f"SELECT array_agg(a.tenant) FROM {table} a",
            f"SELECT a.tenant, b.tenant AS whose FROM {table} a CROSS JOIN {other} b",
            f"SELECT b.* FROM {table} a LEFT JOIN {other} b ON a.tenant <> b.tenant",
            f"SELECT b.* FROM {table} a FULL JOIN {other} b ON a.id = b.id",
            "SELECT p.*, v.note FROM people p JOIN visits v ON v.person = p.id",
            f"SELECT * FROM {table} NATURAL JOIN (SELECT id FROM {other}) s",
            f"SELECT l.* FROM {table} a, LATERAL (SELECT * FROM {other} o WHERE o.id >= a.id) l",
            f"SELECT tenant FROM {table} UNION SELECT tenant FROM {other}",
            f"SELECT tenant FROM {table} UNION ALL (SELECT tenant FROM {other} LIMIT 9)",
            f"SELECT tenant FROM {table} EXCEPT SELECT 'mine'",
            f"SELECT tenant FROM {table} INTERSECT SELECT 'other'",
            f"SELECT tenant, rank() OVER (ORDER BY id) FROM {table}",
            f"SELECT (SELECT string_agg(tenant, ',') FROM {other}) FROM {table}",
            f"SELECT tenant, count(*) FROM {table} GROUP BY ROLLUP (tenant)",
            f"SELECT * FROM {table} FOR UPDATE SKIP LOCKED",
            f"SELECT * FROM {table} TABLESAMPLE bernoulli (100)",
            f"SELECT * FROM {VERTICAL}.{table}",
            f"WITH RECURSIVE n AS (SELECT id, tenant FROM {table} UNION SELECT o.id, o.tenant"
            f" FROM {other} o JOIN n ON o.id = n.id + 1) SELECT * FROM n",
        ]
        if depth > 0:
            inner = self._query(depth - 1)
            shapes += [
                f"WITH q AS ({inner}) SELECT q::text FROM q",
                f"SELECT s::text FROM ({inner}) s",
                f"WITH q AS MATERIALIZED (SELECT * FROM {table}) SELECT q.* FROM q, {other} b",
                f"WITH d AS (DELETE FROM {table} a WHERE {self._condition(table, 'a', 1)}"
                " RETURNING *) SELECT * FROM d",
                f"WITH u AS (UPDATE visits SET note = 'x' RETURNING *) SELECT * FROM u, {other} b",
            ]
        return self._draw.choice(shapes)

    def _insert(self) -> str:
        return self._draw.choice(
            [
                "INSERT INTO people (name) VALUES ('mine-new') RETURNING *",
                "INSERT INTO people (name, kind) SELECT name, kind FROM people RETURNING *",
                "INSERT INTO people (tenant, name) VALUES ('other', 'smuggled')",
                "INSERT INTO people (tenant, name) SELECT 'other', name FROM people",
                "INSERT INTO people (id, name) VALUES (1, 'mine') ON CONFLICT (tenant, id)"
                " DO UPDATE SET name = excluded.name, tenant = 'other' RETURNING *",
                "INSERT INTO people (tenant, id, name) VALUES ('other', 1, 'x')"
                " ON CONFLICT DO NOTHING",
                "INSERT INTO visits (person, starts_at, ends_at, note) SELECT id, now(),"
                " now() + interval '1 hour', name FROM people RETURNING *",
                "INSERT INTO visits (person, starts_at, ends_at, note) VALUES"
                f" ({self._draw.randint(1, 8)}, now(), now() + interval '1 hour', 'mine')",
            ]
        )

    def _update(self) -> str:
        table = self._table()
        value = "name = 'gone'" if table == "people" else "note = 'gone'"
        other = self._table()
        return self._draw.choice(
            [
                f"UPDATE {table} a SET {value} WHERE {self._condition(table, 'a', 1)} RETURNING *",
                f"UPDATE {table} SET tenant = 'other'",
                f"UPDATE {table} a SET {value} FROM {other} b WHERE a.id = b.id RETURNING a.*, b.*",
                f"UPDATE {table} SET {value} WHERE id IN (SELECT id FROM {other})",
            ]
        )

    def _delete(self) -> str:
        table, other = self._table(), self._table()
        return self._draw.choice(
            [
                f"DELETE FROM {table} a WHERE {self._condition(table, 'a', 1)} RETURNING *",
                f"DELETE FROM {table}",
                f"DELETE FROM {table} a USING {other} b WHERE a.id >= b.id RETURNING b.*",
            ]
        )

    def _merge(self) -> str:
        return (
            "MERGE INTO people p USING (SELECT * FROM visits) v ON p.id = v.person"
            f" WHEN MATCHED THEN {self._draw.choice(['DELETE', 'UPDATE SET owed = 0'])}"
            " WHEN NOT MATCHED THEN INSERT (name) VALUES ('mine')"
        )


@pytest.fixture
async def filled(database: Database) -> AsyncIterator[Database]:
    await create_tables(database, VERTICAL, TABLES)
    for tenant in (MINE, OTHER):
        async with tenant_transaction(database, VERTICAL, tenant) as session:
            # A person whom only the other tenant has, and whom a row of mine may not point at.
            for number in (1, 2, 3) if tenant == MINE else (1, 2, 7):
                await session.execute(
                    text("INSERT INTO people (id, name) VALUES (:id, :name)"),
                    {"id": number, "name": f"{tenant}-{number}"},
                )
                await session.execute(
                    text(
                        "INSERT INTO visits (person, starts_at, ends_at, note) VALUES"
                        " (:id, '2026-03-02', '2026-03-03', :note)"
                    ),
                    {"id": number, "note": f"{tenant}-{number}"},
                )
    async with database.engine.begin() as connection:
        for table in COLUMNS:
            sequence = f"pg_get_serial_sequence('{VERTICAL}.{table}', 'id')"
            await connection.execute(text(f"SELECT setval({sequence}, 100)"))
    yield database
    async with database.engine.begin() as connection:
        await connection.execute(text(f"DROP SCHEMA {VERTICAL} CASCADE"))


async def contents(database: Database, tenant: str) -> list[str]:
    """All rows of a tenant, read as the owner of the tables with row-level security off."""
    async with database.engine.connect() as connection:
        await connection.execute(text("SET row_security = off"))
        found: list[str] = []
        for table in COLUMNS:
            rows = await connection.execute(
                text(f"SELECT t::text FROM {VERTICAL}.{table} t WHERE tenant = :t ORDER BY id"),
                {"t": tenant},
            )
            found += [str(row[0]) for row in rows]
        return found


async def rows_of(session: AsyncConnection, statement: str) -> list[str]:
    compiled = compile_sql(statement, {}, VERTICAL)
    done = await session.exec_driver_sql(compiled.text)
    return [str(tuple(row)) for row in done] if done.returns_rows else []


async def test_no_statement_that_forgets_its_tenant_sees_or_changes_another_ones_rows(
    filled: Database,
) -> None:
    forgetful = Forgetful(SEED)
    theirs = await contents(filled, OTHER)
    states: dict[str, list[str]] = defaultdict(list)
    ran = rows = 0

    for _ in range(MANY):
        statement = forgetful.statement()
        try:
            async with tenant_transaction(filled, VERTICAL, MINE) as session:
                shown = await rows_of(session, statement)
                # As after a tool that answered: what it wrote is seen by whoever comes next.
                inner = await session.exec_driver_sql("SELECT p.tenant FROM people p")
                assert {row[0] for row in inner} <= {MINE}, statement
                ran += 1
                rows += len(shown)
                # The word may be written in the statement itself; no row of theirs may hold it.
                leaked = [row for row in shown if f"{OTHER}-" in row]
                assert leaked == [], statement
                raise LookupError  # undone, so that there is something for the next one
        except LookupError:
            continue
        except DBAPIError as error:
            states[str(getattr(error.orig, "sqlstate", ""))].append(statement)

    assert await contents(filled, OTHER) == theirs
    # Only what the fence or a rule refuses: no statement is merely wrong.
    assert states.keys() == {"42501", "23503"}, dict(states)
    assert ran + sum(map(len, states.values())) == MANY
    assert ran > 400
    assert rows > 500


async def test_what_is_committed_for_one_tenant_leaves_the_other_whole(filled: Database) -> None:
    forgetful = Forgetful(SEED + 1)
    theirs = await contents(filled, OTHER)

    for _ in range(60):
        statement = forgetful.statement()
        try:
            async with tenant_transaction(filled, VERTICAL, MINE) as session:
                await rows_of(session, statement)
        except DBAPIError:
            continue

    assert await contents(filled, OTHER) == theirs
    assert await contents(filled, MINE) != [one.replace(OTHER, MINE) for one in theirs]


ESCAPES = [
    "SET ROLE postgres",
    "RESET ROLE",
    "RESET ALL",
    "SET dialplan.tenant = 'other'",
    "SET LOCAL dialplan.tenant = 'other'",
    "SELECT set_config('dialplan.tenant', 'other', true)",
    "SELECT pg_catalog.set_config('dialplan.tenant', 'other', false)",
    "SELECT set_config('role', 'none', true), count(*) FROM people",
    "WITH s AS MATERIALIZED (SELECT set_config('dialplan.tenant', 'other', true) AS t)"
    " SELECT p.* FROM s, people p",
    "UPDATE people SET name = set_config('dialplan.tenant', 'other', true)",
    "SELECT 1; SET ROLE postgres",
    "DO $$ BEGIN PERFORM set_config('dialplan.tenant', 'other', true); END $$",
    "SET SESSION AUTHORIZATION DEFAULT",
    "DISCARD ALL",
    "COMMIT",
    "ALTER TABLE people NO FORCE ROW LEVEL SECURITY",
    "SELECT query_to_xml('SET ROLE postgres', true, true, '')",
]


@pytest.mark.parametrize("statement", ESCAPES)
async def test_a_way_out_of_the_tenant_is_refused_by_the_check(statement: str) -> None:
    with pytest.raises(ToolError):
        compile_sql(statement, {}, VERTICAL)


@pytest.mark.parametrize("statement", ESCAPES)
async def test_a_way_out_that_the_check_had_missed_leads_to_no_row_of_another_tenant(
    filled: Database, statement: str
) -> None:
    theirs = await contents(filled, OTHER)
    try:
        async with tenant_transaction(filled, VERTICAL, MINE) as session:
            done = await session.exec_driver_sql(statement)
            shown = [str(tuple(row)) for row in done] if done.returns_rows else []
            assert [row for row in shown if f"{OTHER}-" in row] == []
    except DBAPIError:
        pass

    assert await contents(filled, OTHER) == theirs
    async with tenant_transaction(filled, VERTICAL, MINE) as session:
        left = await session.exec_driver_sql("SELECT DISTINCT tenant FROM people")
        assert [row[0] for row in left] == [MINE]
