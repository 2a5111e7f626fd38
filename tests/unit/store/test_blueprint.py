import pytest
from sqlalchemy.schema import CreateTable

from dialplan.errors import StoreError
from dialplan.model.database import Database, Table
from dialplan.sql.types import COLUMNS
from dialplan.store.blueprint import DIALECT, blueprint


def tables(**written: object) -> dict[str, Table]:
    return Database.model_validate({"tables": written}).tables


def ddl(**columns: object) -> str:
    made = blueprint("shop", tables(bikes={"columns": columns})).tables["shop.bikes"]
    return str(CreateTable(made).compile(dialect=DIALECT))


def test_every_key_of_a_table_begins_with_the_tenant() -> None:
    made = blueprint(
        "shop",
        tables(
            repairs={
                "columns": {"id": "serial", "bike_id": {"references": "bikes"}, "day": "date"},
                "unique": [["bike_id", "day"]],
            },
            bikes={"columns": {"id": "serial"}},
        ),
    )

    for table in made.tables.values():
        assert next(iter(table.primary_key.columns)).name == "tenant"
        for constraint in table.foreign_key_constraints:
            assert constraint.column_keys[0] == "tenant"
        for index in table.indexes:
            assert next(iter(index.columns)).name == "tenant"


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
        blueprint("shop", tables(bikes={"columns": columns}))


def test_a_default_cannot_break_out_of_its_quotes() -> None:
    assert "DEFAULT 'x''); DROP TABLE y; --'" in ddl(
        a={"type": "text", "default": "x'); DROP TABLE y; --"}
    )


def test_a_colon_in_a_default_is_no_bind() -> None:
    assert "DEFAULT 'at :time'" in ddl(a={"type": "text", "default": "at :time"})


def test_a_reference_has_the_type_of_the_key_it_points_at() -> None:
    made = blueprint(
        "shop",
        tables(
            owners={"columns": {"id": "text"}},
            bikes={"columns": {"owner": {"references": "owners"}}},
        ),
    )

    assert made.tables["shop.bikes"].c.owner.type.compile(dialect=DIALECT) == "TEXT"


def test_tables_are_made_of_the_types_that_statements_are_checked_against() -> None:
    columns: dict[str, dict[str, str]] = {
        name: {"type": name} for name in COLUMNS if name != "serial"
    }
    columns["money"] |= {"currency": "USD"}
    made = blueprint("shop", tables(bikes={"columns": {"id": "serial", **columns}}))

    for name in columns:
        kind = made.tables["shop.bikes"].c[name].type.compile(dialect=DIALECT).lower()
        assert kind.replace(" ", "") == COLUMNS[name].replace(" ", "")  # type: ignore[index]
