"""The check's verdict on SQL against that of a real Postgres, on tables made from the YAML."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]  # ships no types
import pytest
from sqlalchemy import text

from dialplan.config.load import LoadedVertical, load_vertical
from dialplan.model.database import Database as Shape
from dialplan.sql.analysis import analyse
from dialplan.sql.statement import read_statement
from dialplan.sql.tables import tables_for_sql
from dialplan.sql.types import bind_types
from dialplan.sql.written import write_sql
from dialplan.store.database import Database
from dialplan.store.vertical_tables import create_tables

ROOT = Path(__file__).parents[3]
FOLDERS = [
    *sorted(file.parent for file in (ROOT / "verticals").glob("*/vertical.yaml")),
    *sorted((ROOT / "tests/unit/config/lint/quiet").iterdir()),
]

SHAPE = Shape.model_validate(
    {
        "tables": {
            "bikes": {
                "columns": {
                    "id": "serial",
                    "brand": {"type": "text", "unique": True},
                    "price": {"type": "number", "optional": True},
                    "sold_on": {"type": "date", "optional": True},
                    "extras": {"type": "json", "optional": True},
                    "new": {"type": "boolean", "default": True},
                    "state": {"enum": ["open", "sold"], "default": "open"},
                    "cost": {"type": "money", "currency": "USD", "default": 1},
                    "abroad": {"type": "money", "currency": "EUR", "default": 1},
                    "rate": {"type": "decimal", "precision": 6, "scale": 3, "optional": True},
                    "low": {"type": "text", "computed": "lower(brand)"},
                    "token": "uuid",
                }
            },
            "rides": {
                "columns": {
                    "id": "serial",
                    "bike_id": {"references": "bikes"},
                    "starts_at": "timestamptz",
                    "hour": {"type": "time", "optional": True},
                }
            },
        }
    }
)
TYPES = {"x": "text", "n": "bigint", "d": "date", "b": "boolean", "call.now": "timestamptz"}

TAKEN = """
SELECT id, brand FROM bikes WHERE brand = :x OR id = :n
SELECT b.* FROM bikes b
SELECT b, bikes.id FROM bikes AS b(tenant2, key), bikes
SELECT key FROM bikes AS b(tenant2, key)
SELECT * FROM bikes b JOIN rides r ON r.bike_id = b.id
SELECT id, brand, starts_at FROM bikes JOIN rides USING (id)
SELECT id FROM bikes NATURAL LEFT JOIN rides
SELECT j.id FROM (bikes JOIN rides USING (id)) AS j
SELECT r.id FROM bikes b, LATERAL (SELECT id FROM rides WHERE bike_id = b.id) r
SELECT (SELECT max(starts_at) FROM rides WHERE bike_id = bikes.id) FROM bikes
SELECT id FROM bikes WHERE id IN (SELECT bike_id FROM rides WHERE price > 2)
SELECT EXISTS (SELECT FROM rides WHERE bike_id = b.id), ARRAY(SELECT 1) FROM bikes b
SELECT brand AS name, count(*) FROM bikes GROUP BY name ORDER BY count DESC
SELECT upper(brand) AS brand FROM bikes GROUP BY brand HAVING count(*) > 1 ORDER BY 1
SELECT DISTINCT ON (brand) brand, price FROM bikes ORDER BY brand, price DESC NULLS LAST
SELECT brand, rank() OVER w FROM bikes WINDOW w AS (PARTITION BY brand ORDER BY price)
WITH a AS (SELECT id AS k FROM bikes), b(z) AS (SELECT k FROM a) SELECT z, a.k FROM a, b
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT i FROM n
WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT i FROM n
WITH bikes AS (SELECT 1 AS one) SELECT one FROM bikes
WITH d AS (DELETE FROM rides RETURNING *) SELECT starts_at FROM d
WITH u AS (UPDATE bikes SET price = 1 RETURNING id AS k) SELECT k, price FROM u JOIN bikes ON k = id
SELECT id FROM bikes UNION SELECT bike_id FROM rides ORDER BY id LIMIT 3
(SELECT id, brand FROM bikes LIMIT 1) UNION ALL (SELECT bike_id, 'x' FROM rides) ORDER BY brand
SELECT column1, column2 FROM (VALUES (1, 'a'), (2, 'b')) v
SELECT a FROM (VALUES (1, 'a')) v(a, b)
VALUES (1, :x)
SELECT n, ordinality FROM generate_series(1, 3) WITH ORDINALITY AS n
SELECT g FROM generate_series(1, 3) g
SELECT day FROM bikes, unnest(ARRAY[sold_on]) AS t(day)
SELECT key, value FROM bikes, jsonb_each(extras)
SELECT r.a FROM jsonb_to_recordset('[]') AS r(a int, b text)
SELECT extras ->> 'colour', extras #>> '{a,b}' FROM bikes WHERE extras @> '{"a": 1}'
SELECT CASE WHEN new THEN brand ELSE 'old' END, coalesce(brand, :x), nullif(brand, '') FROM bikes
SELECT CASE WHEN price > 1 THEN 1 END, CAST(price AS text), price::int, brand || 'x' FROM bikes
SELECT greatest(price, 1), current_date, now(), (SELECT brand FROM bikes LIMIT 1) FROM bikes
SELECT sold_on = :call.now, sold_on + 1, starts_at - now() FROM bikes, rides
SELECT starts_at::date, starts_at AT TIME ZONE 'UTC', extract(hour FROM starts_at) FROM rides
SELECT id FROM bikes WHERE (brand, price) = ('a', 1) AND price BETWEEN 1 AND 2 AND brand LIKE 'a%'
SELECT id FROM bikes WHERE price IS DISTINCT FROM 3 AND sold_on > '2026-01-01' AND new IS TRUE
SELECT id FROM bikes WHERE id = ANY (ARRAY[1, 2]) AND price = 3 AND new AND NOT new
SELECT bikes.ctid, xmin, tableoid FROM bikes
SELECT id FROM bikes FOR UPDATE SKIP LOCKED
SELECT id FROM bikes TABLESAMPLE bernoulli (10)
SELECT count(*) FILTER (WHERE new), string_agg(brand, ',' ORDER BY price) FROM bikes
INSERT INTO bikes (brand, price) VALUES (:x, 1), ('b', DEFAULT) RETURNING id, brand
INSERT INTO bikes (brand) SELECT brand || 'x' FROM bikes WHERE id = :n RETURNING *
INSERT INTO bikes AS t (brand) VALUES (:x) ON CONFLICT (tenant, brand) DO UPDATE
  SET price = excluded.price + t.price WHERE t.new RETURNING t.id, old.price, new.price
INSERT INTO bikes (brand) VALUES (1) ON CONFLICT DO NOTHING
INSERT INTO rides (bike_id, starts_at, hour) VALUES (1, :d, :call.now)
UPDATE bikes SET price = 1, brand = price WHERE id = :n
UPDATE bikes b SET price = r.id FROM rides r WHERE r.bike_id = b.id RETURNING b.id, r.starts_at
UPDATE bikes SET (brand, price) = (SELECT 'a', 2), new = DEFAULT
UPDATE bikes SET price = 1 RETURNING WITH (OLD AS o, NEW AS n) o.price, n.price
SELECT id FROM bikes WHERE state IN ('open', 'sold') AND state <> :x AND low = 'a'
SELECT CASE state WHEN 'open' THEN cost ELSE 0 END AS due FROM bikes
  WHERE state = ANY (ARRAY['sold'])
SELECT sum(cost), max(cost) * 2, cost + 1, cost / 2, cost / cost, cost * rate AS part
  FROM bikes GROUP BY 3, 4, 5, 6
SELECT id FROM bikes WHERE cost > :n AND rate < 1.5 AND cost BETWEEN 1 AND 20
  AND token = gen_random_uuid()
SELECT id FROM bikes WHERE token = CAST(:x AS uuid) AND cost > rate
INSERT INTO bikes (brand, cost, rate, state) VALUES (:x, :n, 1.5, 'sold') RETURNING low, token, cost
INSERT INTO bikes (brand, low) VALUES (:x, DEFAULT)
UPDATE bikes SET state = :x, cost = cost * 2, rate = cost, low = DEFAULT
DELETE FROM rides r USING bikes b WHERE b.id = r.bike_id RETURNING r.*, b.brand
MERGE INTO bikes b USING rides r ON r.bike_id = b.id WHEN MATCHED AND b.new THEN
  UPDATE SET price = r.id WHEN NOT MATCHED THEN INSERT (brand) VALUES ('x')
"""

REFUSED = [
    ("SELECT brnd FROM bikes", "column"),
    ("SELECT brand FROM bike", "table"),
    ("SELECT bikes.id FROM bikes b", "table"),
    ("SELECT c.id FROM bikes b", "table"),
    ("SELECT b.name FROM bikes b", "column"),
    ("SELECT id FROM bikes, rides", "ambiguous"),
    ("SELECT id FROM bikes a JOIN bikes b USING (brand)", "ambiguous"),
    ("SELECT brand FROM bikes JOIN rides USING (brand)", "column"),
    ("SELECT b.brand FROM bikes b JOIN rides r ON r.bike = b.id", "column"),
    ("SELECT 1 FROM bikes b, (SELECT id FROM rides WHERE bike_id = b.id) r", "table"),
    ("SELECT price FROM bikes WHERE id IN (SELECT bike FROM rides)", "column"),
    ("SELECT brand AS name FROM bikes WHERE name = 'a'", "column"),
    ("SELECT brand AS name FROM bikes ORDER BY nam", "column"),
    ("SELECT brand FROM bikes GROUP BY brand HAVING total > 1", "column"),
    ("WITH a AS (SELECT id AS k FROM bikes) SELECT id FROM a", "column"),
    ("WITH a AS (SELECT k FROM b), b AS (SELECT 1 AS k) SELECT k FROM a", "table"),
    ("SELECT z FROM (SELECT id FROM bikes) s", "column"),
    ("SELECT id FROM bikes UNION SELECT bike_id FROM rides ORDER BY brand", "column"),
    ("SELECT id, brand FROM bikes UNION SELECT bike_id FROM rides", "column"),
    ("SELECT n.x FROM generate_series(1, 2) AS n(i)", "column"),
    ("SELECT id FROM bikes WHERE id = :x", "type"),
    ("SELECT id FROM bikes WHERE sold_on = :x", "type"),
    ("SELECT id FROM bikes WHERE brand IN (:n)", "type"),
    ("SELECT id FROM bikes WHERE brand = 1", "type"),
    ("SELECT id FROM bikes WHERE new = 1", "type"),
    ("SELECT id FROM rides WHERE starts_at = hour", "type"),
    ("SELECT id FROM bikes WHERE brand IN (SELECT id FROM rides)", "type"),
    ("SELECT id FROM bikes WHERE lower(brand) IS DISTINCT FROM :n", "type"),
    ("SELECT id FROM bikes WHERE token = :x", "type"),
    ("SELECT id FROM bikes WHERE cost = :x", "type"),
    ("SELECT id FROM bikes WHERE rate > brand", "type"),
    ("UPDATE bikes SET token = :x", "type"),
    ("UPDATE bikes SET low = 'a'", "write"),
    ("INSERT INTO bikes (brand, low) VALUES ('a', 'b')", "write"),
    ("UPDATE bikes SET (brand, low) = (SELECT 'a', 'b')", "write"),
    ("INSERT INTO bikes (brand, prize) VALUES ('a', 1)", "column"),
    ("INSERT INTO bikes (brand, price) VALUES ('a', :x)", "type"),
    ("INSERT INTO bikes (brand, sold_on) SELECT 'a', :x", "type"),
    ("INSERT INTO bikes (brand, new) VALUES ('a', 1)", "type"),
    ("INSERT INTO bikes (brand) VALUES ('a', 1)", "insert"),
    ("INSERT INTO bikes (brand, price) VALUES ('a')", "insert"),
    ("INSERT INTO bikes (brand) VALUES ('a') RETURNING key", "column"),
    ("INSERT INTO bikes (brand) VALUES ('a') ON CONFLICT (name) DO NOTHING", "column"),
    (
        "INSERT INTO bikes (brand) VALUES ('a') ON CONFLICT (tenant, brand)"
        " DO UPDATE SET price = excluded.prize",
        "column",
    ),
    ("UPDATE bikes SET prize = 1", "column"),
    ("UPDATE bikes SET extras = :x", "type"),
    ("UPDATE bikes SET new = 'a' || 'b', sold_on = :b", "type"),
    ("UPDATE bikes SET price = r.z FROM rides r", "column"),
    ("DELETE FROM bikes WHERE nme = 'a'", "column"),
    ("DELETE FROM bikes USING rides WHERE id = bike_id", "ambiguous"),
    (
        "MERGE INTO bikes b USING rides r ON r.bike_id = b.id WHEN MATCHED THEN UPDATE SET z = 1",
        "column",
    ),
]
CANNOT_WORK = [
    "INSERT INTO bikes VALUES (1)",
    "INSERT INTO bikes (price) VALUES (1)",
    "INSERT INTO bikes (brand) VALUES ('a') ON CONFLICT (brand) DO NOTHING",
    "INSERT INTO bikes (brand, state) VALUES ('a', 'shut')",
]


def _statements(block: str) -> list[str]:
    return [one.replace("\n  ", " ") for one in block.strip().replace("\n  ", " ").splitlines()]


@pytest.fixture
async def proof(database: Database) -> AsyncIterator[asyncpg.Connection]:
    """A connection that sees the tables of `SHAPE` as a tool of tenant `acme` would."""
    await create_tables(database, "proof", SHAPE.tables)
    async with database.engine.connect() as connection:
        await connection.execute(text("SET search_path TO proof"))
        await connection.execute(text("SELECT set_config('dialplan.tenant', 'acme', false)"))
        raw = await connection.get_raw_connection()
        driver: asyncpg.Connection = raw.driver_connection
        yield driver


async def _names(driver: asyncpg.Connection, sql: str) -> tuple[str, ...]:
    prepared = await driver.prepare(sql)
    return tuple(one.name for one in prepared.get_attributes())


@pytest.mark.parametrize("sql", _statements(TAKEN))
async def test_what_postgres_takes_is_told_nothing(proof: asyncpg.Connection, sql: str) -> None:
    written = write_sql(sql, TYPES)

    analysis = analyse(read_statement(written, "proof"), tables_for_sql(SHAPE.tables))

    assert [finding.message for finding in analysis.findings] == []
    names = await _names(proof, written.text)
    assert analysis.outputs is None or analysis.outputs == names


@pytest.mark.parametrize(("sql", "fault"), REFUSED)
async def test_what_postgres_refuses_is_told(
    proof: asyncpg.Connection, sql: str, fault: str
) -> None:
    written = write_sql(sql, TYPES)

    analysis = analyse(read_statement(written, "proof"), tables_for_sql(SHAPE.tables))

    assert fault in {finding.fault for finding in analysis.findings}
    with pytest.raises(asyncpg.SyntaxOrAccessError):
        await proof.prepare(written.text)


@pytest.mark.parametrize(
    ("sql", "name", "message"),
    [
        ("SELECT id FROM bikes WHERE state = 'opne'", "opne", "no row holds 'opne' there"),
        ("SELECT id FROM bikes WHERE 'Open' <> state", "Open", "no row holds 'Open' there"),
        (
            "SELECT id FROM bikes WHERE state IN ('open', 'shut')",
            "shut",
            "no row holds 'shut' there",
        ),
        ("SELECT 1 FROM bikes WHERE state = ANY (ARRAY['x'])", "x", "no row holds 'x' there"),
        ("SELECT CASE state WHEN 'x' THEN 1 END FROM bikes", "x", "no row holds 'x' there"),
        (
            "SELECT s FROM (SELECT state AS s FROM bikes) q WHERE s = 'x'",
            "x",
            "no row holds 'x' there",
        ),
        ("SELECT id FROM bikes WHERE cost > abroad", "", "`>` of amounts in USD and in EUR"),
        ("SELECT cost + abroad FROM bikes", "", "`+` of amounts in USD and in EUR"),
    ],
)
async def test_what_postgres_takes_and_means_nothing_is_doubted(
    proof: asyncpg.Connection, sql: str, name: str, message: str
) -> None:
    analysis = analyse(read_statement(write_sql(sql, {}), "proof"), tables_for_sql(SHAPE.tables))

    found = [(one.fault, one.name, one.message) for one in analysis.findings]
    assert found == [("doubt", name, message)]
    await proof.prepare(sql)


async def test_amounts_keep_their_currency_through_a_statement(proof: asyncpg.Connection) -> None:
    sql = (
        "WITH dear AS (SELECT b.*, b.cost - 1 AS less FROM bikes b)"
        " SELECT max(cost) AS most, sum(less) AS less, avg(abroad) AS mean, count(*) AS many,"
        " greatest(max(cost), 1) AS top, coalesce(min(abroad), 0) AS low, max(cost) / 2 AS half,"
        " max(cost) / min(cost) AS ratio, max(cost)::numeric AS bare, max(rate) AS rate FROM dear"
    )
    analysis = analyse(read_statement(write_sql(sql, {}), "proof"), tables_for_sql(SHAPE.tables))

    assert analysis.findings == ()
    assert analysis.currencies == {
        "most": "USD",
        "less": "USD",
        "mean": "EUR",
        "top": "USD",
        "low": "EUR",
        "half": "USD",
    }
    await proof.prepare(sql)


@pytest.mark.parametrize("sql", CANNOT_WORK)
async def test_what_fails_for_every_caller_is_told(proof: asyncpg.Connection, sql: str) -> None:
    analysis = analyse(read_statement(write_sql(sql, {}), "proof"), tables_for_sql(SHAPE.tables))

    assert [finding.fault for finding in analysis.findings] in (["insert"], ["write"])
    with pytest.raises(asyncpg.PostgresError):
        await proof.execute(sql)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
async def test_every_statement_of_a_good_vertical_is_taken(
    database: Database, folder: Path
) -> None:
    loaded: LoadedVertical = load_vertical(folder)
    vertical = loaded.vertical
    tables = tables_for_sql(vertical.database.tables)
    await create_tables(database, vertical.name, vertical.database.tables)

    async with database.engine.connect() as connection:
        await connection.execute(text(f'SET search_path TO "{vertical.name}"'))
        raw = await connection.get_raw_connection()
        driver: asyncpg.Connection = raw.driver_connection
        checked = 0
        for tool in vertical.tools.values():
            for sql in (tool.sql, tool.confirm and tool.confirm.lookup):
                if sql:
                    written = write_sql(sql, bind_types(vertical, tool))
                    analysis = analyse(read_statement(written, vertical.name), tables)
                    assert analysis.outputs == await _names(driver, written.text), sql
                    checked += 1

    assert checked > 0
