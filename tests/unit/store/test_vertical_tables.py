import pytest

from dialplan.errors import StoreError
from dialplan.model.database import Database, Table
from dialplan.store.vertical_tables import LiveColumn, plan_tables


def tables(**written: object) -> dict[str, Table]:
    return Database.model_validate({"tables": written}).tables


def test_a_new_table_is_fenced_before_anyone_may_use_it() -> None:
    plan = plan_tables("shop", tables(bikes={"columns": {"id": "serial"}}), {})

    forced = plan.index('ALTER TABLE "shop"."bikes" FORCE ROW LEVEL SECURITY')
    granted = next(n for n, line in enumerate(plan) if line.startswith("GRANT SELECT"))
    assert forced < granted


def test_a_table_may_point_at_one_that_is_written_later() -> None:
    plan = plan_tables(
        "shop",
        tables(
            repairs={"columns": {"id": "serial", "bike_id": {"references": "bikes"}}},
            bikes={"columns": {"id": "serial"}},
        ),
        {},
    )

    key = next(n for n, line in enumerate(plan) if "FOREIGN KEY" in line)
    assert key > max(n for n, line in enumerate(plan) if line.startswith("CREATE TABLE"))


def test_all_differences_are_told_at_once() -> None:
    live = {
        "bikes": {
            "tenant": LiveColumn("text", True),
            "id": LiveColumn("bigint", True),
            "brand": LiveColumn("text", False),
            "old": LiveColumn("text", False),
        }
    }
    wanted = tables(bikes={"columns": {"id": "serial", "brand": "text", "gears": "integer"}})

    with pytest.raises(StoreError) as caught:
        plan_tables("shop", wanted, live)

    message = str(caught.value)
    assert "columns.brand: expected required, the database has it optional" in message
    assert "columns.gears: a new column of a table that exists must be `optional`" in message
    assert "the database has a column `old` that the file has not" in message


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"tenant": "text"}, "columns.tenant: the platform has this column"),
        ({"a": "serial", "b": "serial"}, "at most one `serial` column, got 2"),
        ({"x": {"references": "nothing"}}, "no table `nothing` with a column `id`"),
    ],
)
def test_a_table_that_cannot_be_is_refused(columns: object, message: str) -> None:
    with pytest.raises(StoreError, match=message):
        plan_tables("shop", tables(bikes={"columns": columns}), {})


def test_a_default_cannot_break_out_of_its_quotes() -> None:
    written = {"columns": {"a": {"type": "text", "default": "x'); DROP TABLE y; --"}}}

    plan = plan_tables("shop", tables(bikes=written), {})

    assert any("DEFAULT 'x''); DROP TABLE y; --'" in line for line in plan)
