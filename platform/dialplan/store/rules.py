"""Steps that bring the rules of a vertical's tables (checks, overlaps) to what its file says.

A rule is known by its name, which holds a hash of its SQL. Rules that somebody made by hand have
other names, and are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

from dialplan.sql.rules import HERE, OWN_NAME, Rule
from dialplan.sql.rules import quoted as quote
from dialplan.store.steps import Step

EXTENSION = "btree_gist"
"""What Postgres compares equal columns with beside spans; it ships with Postgres."""

_LIVE = text(
    "SELECT c.relname, k.conname, pg_get_constraintdef(k.oid), 'constraint' FROM pg_constraint k"
    " JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = :schema AND k.contype IN ('c', 'x')"
    " UNION ALL SELECT tablename, indexname, indexdef, 'index' FROM pg_indexes"
    " WHERE schemaname = :schema AND indexname ~ '_part_[0-9a-f]{8}$' ORDER BY 1, 2"
)
_EXTENDED = text("SELECT count(*) FROM pg_extension WHERE extname = :name")
_TEXT = re.compile(r"'((?:[^']|'')*)'")

Count = Callable[[str], int | None]
"""Counts with a query; nothing where the rows are hidden, or a column is not there yet."""


@dataclass(frozen=True, slots=True)
class LiveRule:
    """A rule that is there, as Postgres writes it."""

    table: str
    name: str
    definition: str
    constraint: bool

    def dropped(self, schema: str) -> str:
        """The statement that takes it away."""
        if self.constraint:
            target = f"{quote(schema)}.{quote(self.table)}"
            return f"ALTER TABLE {target} DROP CONSTRAINT {quote(self.name)}"
        return f"DROP INDEX {quote(schema)}.{quote(self.name)}"


def live_rules(connection: Connection, schema: str) -> list[LiveRule]:
    """The rules that a file made, in tables of a schema."""
    rows = connection.execute(_LIVE, {"schema": schema})
    return [
        LiveRule(row[0], row[1], row[2], row[3] == "constraint")
        for row in rows
        if OWN_NAME.search(row[1])
    ]


def rule_sql(schema: str, rule: Rule) -> str:
    """The statement that makes a rule."""
    target, name = f"{quote(schema)}.{quote(rule.table)}", quote(rule.name)
    match rule.kind:
        case "check" | "exclusion":
            return f"ALTER TABLE {target} ADD CONSTRAINT {name} {rule.body}"
        case "unique":
            return f"CREATE UNIQUE INDEX {name} ON {target} {rule.body}"
        case "index":
            return f"CREATE INDEX {name} ON {target} {rule.body}"


def extension_steps(connection: Connection, rules: Iterable[Rule]) -> list[Step]:
    """The step that gives the database what overlaps are refused with, where it is not there."""
    needed = next((rule for rule in rules if rule.kind == "exclusion"), None)
    if needed is None or connection.execute(_EXTENDED, {"name": EXTENSION}).scalar_one():
        return []
    # In the platform's schema: a vertical's may be dropped with everything in it.
    sql = f"CREATE EXTENSION IF NOT EXISTS {EXTENSION} WITH SCHEMA dialplan"
    return [Step("SAFE", f"add the extension {EXTENSION}", needed.table, (sql,))]


def with_mend(why: str) -> str:
    """What the server said, and what to do where it will not add the extension."""
    if EXTENSION not in why:
        return why
    return (
        f"{why}; `no_overlap` needs it: let an administrator run `CREATE EXTENSION {EXTENSION}` in "
        "this database once"
    )


def removed_rules(
    schema: str, wanted: Iterable[Rule], live: Iterable[LiveRule], gone: set[str]
) -> list[Step]:
    """Steps that take away what the file has no longer; `gone` are tables that go with it."""
    names = {rule.name for rule in wanted}
    widened = {old.name for old, _ in _widened(wanted, live)}
    note = "rows that it refused are taken from then on"
    return [
        Step(
            "RISKY",
            f"remove {one.name} of {one.table}",
            one.table,
            (one.dropped(schema),),
            note,
            False,
        )
        for one in live
        if one.name not in names | widened and one.table not in gone
    ]


def added_rules(
    schema: str,
    wanted: Iterable[Rule],
    live: Iterable[LiveRule],
    *,
    columns: Mapping[str, Iterable[str]],
    count: Count,
) -> list[Step]:
    """Steps for rules that are not there yet; `columns` are those of the tables that are."""
    names = {one.name for one in live}
    widened = {rule.name: old for old, rule in _widened(wanted, live)}
    steps = []
    for rule in wanted:
        if rule.name in names or rule.table not in columns:
            continue
        if rule.name in widened:
            steps.append(_widen(schema, rule, widened[rule.name]))
        elif rule.kind == "index":
            steps.append(Step("SAFE", rule.what, rule.table, (rule_sql(schema, rule),), "", False))
        else:
            steps.append(_add(schema, rule, set(columns[rule.table]), count))
    return steps


def _add(schema: str, rule: Rule, present: set[str], count: Count) -> Step:
    target = f"{quote(schema)}.{quote(rule.table)}"
    statements: tuple[str, ...] = (rule_sql(schema, rule),)
    if rule.kind == "check":
        # Rows that are written meanwhile are checked at once, those that are there after that.
        statements = (
            f"{statements[0]} NOT VALID",
            f"ALTER TABLE {target} VALIDATE CONSTRAINT {quote(rule.name)}",
        )
    rows = f"SELECT count(*) FROM {target}"  # noqa: S608 - quoted names
    if not present & set(rule.columns) or count(rows) == 0:
        return Step("SAFE", rule.what, rule.table, statements)
    broken = count(rule.broken.replace(HERE, target))
    if broken is None:
        note = "fails when a row breaks it"
    elif broken == 0:
        note = "no row breaks it now"
    else:
        note = f"fails: {broken} {'row breaks' if broken == 1 else 'rows break'} it"
    return Step("RISKY", rule.what, rule.table, statements, note)


def _widen(schema: str, rule: Rule, old: LiveRule) -> Step:
    # Whatever was allowed still is: no row has to be looked at, so none is locked for long.
    statements = (old.dropped(schema), f"{rule_sql(schema, rule)} NOT VALID")
    return Step("SAFE", rule.what, rule.table, statements, "only adds values")


def _widened(wanted: Iterable[Rule], live: Iterable[LiveRule]) -> list[tuple[LiveRule, Rule]]:
    """Enums that only gained values, each with what it was."""
    names = {rule.name for rule in wanted}
    found = []
    for rule in wanted:
        for old in live:
            head = f"{rule.table}_{rule.columns[0]}"[:40]
            same = old.table == rule.table and old.name.startswith(head) and old.name not in names
            if rule.values and same and _values(rule.columns[0], old) < set(rule.values):
                found.append((old, rule))
    return found


def _values(column: str, rule: LiveRule) -> set[str]:
    """The values of a live enum; of anything else one that no enum has."""
    opening = re.match(r"CHECK \(\(\(?\"?(\w+)\"?\)? = (?:ANY \(|'|\()", rule.definition)
    if opening is None or opening[1] != column:
        return {""}
    return {one.replace("''", "'") for one in _TEXT.findall(rule.definition)}
