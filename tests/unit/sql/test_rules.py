"""Names of rules, which lead from a refusal back to the file."""

import sqlalchemy as sa

from dialplan.model.database import Database, Table
from dialplan.sql.rules import OWN_NAME, Rule, plain_name, table_rules
from dialplan.store.blueprint import DIALECT, blueprint

LONG = "a_name_that_goes_on_and_on_until_it_is_long"


def _tables(**about: object) -> dict[str, Table]:
    columns = {"id": "serial", "starts_at": "timestamptz", "ends_at": "timestamptz", LONG: "text"}
    return Database.model_validate({"tables": {"visits": {"columns": columns, **about}}}).tables


def _one(**about: object) -> Rule:
    [rule] = table_rules(_tables(**about))
    return rule


def test_the_name_of_a_rule_moves_with_its_sql_and_with_nothing_else() -> None:
    first = _one(check=["ends_at > starts_at"])
    said = _one(check=[{"sql": "ends_at > starts_at", "says": "Other words."}])
    other = _one(check=["ends_at >= starts_at"])

    assert first.name == said.name == "visits_ends_at_starts_at_check_5d2a9771"
    assert other.name != first.name
    assert OWN_NAME.search(first.name)


def test_no_name_is_longer_than_postgres_keeps() -> None:
    rule = _one(no_overlap=[{"columns": ["starts_at", "ends_at"], "per": [LONG]}])

    assert len(rule.name) <= 63
    assert OWN_NAME.search(rule.name)


def test_plain_names_are_those_that_the_tables_are_made_with() -> None:
    tables = _tables(unique=[[LONG], [LONG, "starts_at"]])
    tables |= Database.model_validate(
        {
            "tables": {
                "others": {
                    "columns": {
                        LONG: {"references": "visits"},
                        "visit": {"references": "visits"},
                        "mark": {"type": "text", "unique": True},
                        f"{LONG}_more": {"type": "text", "unique": True},
                    }
                }
            }
        }
    ).tables
    made = blueprint("shop", tables)
    written = "\n".join(
        [
            str(sa.schema.CreateTable(table).compile(dialect=DIALECT))
            for table in made.tables.values()
        ]
        + [
            str(sa.schema.AddConstraint(one).compile(dialect=DIALECT))
            for table in made.tables.values()
            for one in table.foreign_key_constraints
        ]
        + [
            str(sa.schema.CreateIndex(index).compile(dialect=DIALECT))
            for table in made.tables.values()
            for index in table.indexes
        ]
    )

    for name in (
        plain_name("visits", (LONG,), "key"),
        plain_name("visits", (LONG, "starts_at"), "key"),
        plain_name("others", (LONG,), "fkey"),
        plain_name("others", ("visit",), "fkey"),
        plain_name("others", ("mark",), "idx"),
        plain_name("others", (f"{LONG}_more",), "idx"),
    ):
        assert f" {name} " in written, name
