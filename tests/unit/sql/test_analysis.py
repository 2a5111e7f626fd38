"""What the analysis says without a database; tests/integration/store holds it against one."""

import pytest

from dialplan.model.database import Database
from dialplan.sql.analysis import Analysis, analyse
from dialplan.sql.statement import read_statement
from dialplan.sql.table_faults import table_faults
from dialplan.sql.tables import tables_for_sql
from dialplan.sql.written import write_sql

TABLES = tables_for_sql(
    Database.model_validate(
        {
            "tables": {
                "bikes": {"columns": {"id": "serial", "brand": {"type": "text", "unique": True}}},
                "rides": {"columns": {"id": "serial", "bike": {"references": "bikes"}}},
            }
        }
    ).tables
)


def _read(sql: str) -> Analysis:
    return analyse(read_statement(write_sql(sql, {})), TABLES)


def test_a_name_that_is_nearly_right_comes_with_those_that_are() -> None:
    [finding] = _read("SELECT b.brnd FROM bikes b").findings

    assert (finding.fault, finding.name) == ("column", "brnd")
    assert finding.known == ("tenant", "id", "brand")


def test_a_part_that_is_read_twice_is_reported_once() -> None:
    sql = "WITH RECURSIVE t AS (SELECT nme FROM bikes UNION ALL SELECT nme FROM t) SELECT 1 FROM t"

    assert [finding.name for finding in _read(sql).findings] == ["nme"]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("INSERT INTO bikes VALUES (1)", "name the columns: `INSERT INTO bikes (...)`"),
        ("INSERT INTO rides (id) VALUES (1)", "a new row of `rides` needs `bike`"),
        ("INSERT INTO rides (id, bike) VALUES (1)", "expected 2 values"),
        (
            "INSERT INTO bikes (brand) VALUES ('a') ON CONFLICT (brand) DO NOTHING",
            "nothing makes `brand` unique",
        ),
    ],
)
def test_an_insert_that_cannot_work_is_told(sql: str, message: str) -> None:
    assert [finding.message for finding in _read(sql).findings if message in finding.message]


def test_tables_that_are_used_are_those_of_the_vertical() -> None:
    sql = "WITH rides AS (SELECT 1 AS id) SELECT id FROM rides"

    assert _read(sql).tables == frozenset()
    assert _read("SELECT 1 FROM rides, bikes").tables == {"rides", "bikes"}


def test_what_cannot_be_told_is_quiet() -> None:
    read = _read("SELECT x.a, b FROM jsonb_each('{}') x")

    assert (read.findings, read.outputs) == ((), ("a", "b"))
    assert _read("SELECT * FROM jsonb_each('{}')").outputs is None


def test_what_keeps_tables_from_being_made_is_told() -> None:
    tables = Database.model_validate(
        {
            "tables": {
                "a": {"columns": {"tenant": "text", "x": "serial", "y": "serial"}},
                "b": {"columns": {"id": {"references": "c"}, "a": {"references": "a"}}},
                "c": {"columns": {"id": {"references": "b"}}},
            }
        }
    ).tables

    assert [(fault.table, fault.column) for fault in table_faults(tables)] == [
        ("a", ""),
        ("a", "tenant"),
        ("b", "id"),
        ("b", "a"),
        ("c", "id"),
    ]
    assert tables_for_sql(tables)["b"].columns == {"tenant": "text", "id": None, "a": None}
