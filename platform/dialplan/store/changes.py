"""Plans the steps from the tables that are there to those that a vertical's file describes.

Alembic compares; this says what each difference means for callers and for the data. Nothing is
changed here: renames are tried in a transaction that is rolled back.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

import sqlalchemy as sa
from alembic.autogenerate import produce_migrations
from alembic.migration import MigrationContext
from alembic.operations import Operations, ops
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import AddConstraint, CreateTable

from dialplan.errors import StoreError
from dialplan.model.database import Table
from dialplan.sql.rules import MOST_NAME_BYTES, OWN_NAME, TENANT, Rule, table_rules
from dialplan.sql.rules import quoted as quote
from dialplan.store.blueprint import DIALECT, blueprint, fenced
from dialplan.store.kept_sql import default_text, expression_steps
from dialplan.store.live import DROPPED, live_columns, live_hash
from dialplan.store.rules import added_rules, extension_steps, live_rules, removed_rules, rule_sql
from dialplan.store.steps import Step, TablePlan


def plan_tables(
    connection: Connection, schema: str, tables: Mapping[str, Table], *, today: date
) -> TablePlan:
    """Return the steps that are due; `today` stands in the names of what is taken away.

    Raises:
        StoreError: tables that cannot be, or that this cannot bring about.
    """
    wanted = blueprint(schema, tables)
    live = live_hash(connection, schema)
    with connection.begin_nested() as trial:
        renames = list(_renames(connection, schema, tables))
        for step in renames:
            for statement in step.statements:
                connection.exec_driver_sql(statement)
        planner = _Planner(connection, schema, wanted, table_rules(tables), today)
        steps = [*renames, *planner.steps()]
        trial.rollback()
    return TablePlan(schema, tuple(steps), live)


def _renames(connection: Connection, schema: str, tables: Mapping[str, Table]) -> Iterator[Step]:
    """Yield a rename where `was` is there and the new name is not."""
    note = "calls in progress still use the old name, and their tools fail until they end"
    live = live_columns(connection, schema)
    for name, table in tables.items():
        if table.was is not None and table.was in live and name not in live:
            sql = f"ALTER TABLE {quote(schema)}.{quote(table.was)} RENAME TO {quote(name)}"
            yield Step("RISKY", f"rename table {table.was} to {name}", name, (sql,), note)
            live[name] = live.pop(table.was)
        present = live.get(name, {})
        for key, column in table.columns.items():
            if column.was is not None and column.was in present and key not in present:
                sql = (
                    f"ALTER TABLE {quote(schema)}.{quote(name)} "
                    f"RENAME COLUMN {quote(column.was)} TO {quote(key)}"
                )
                what = f"rename column {name}.{column.was} to {key}"
                yield Step("RISKY", what, name, (sql,), note)


@dataclass(slots=True)
class _Planner:
    connection: Connection
    schema: str
    wanted: sa.MetaData
    rules: list[Rule]
    today: date
    new: set[str] = field(default_factory=set)
    retied: dict[str, tuple[str, ...]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)

    def steps(self) -> list[Step]:
        known = list(self._compared())
        self.new = {op.table_name for op in known if isinstance(op, ops.CreateTableOp)}
        self.gone = {op.table_name for op in known if isinstance(op, ops.DropTableOp)}
        ties = {op.constraint_name for op in known if isinstance(op, ops.CreateForeignKeyOp)}
        self.retied = {
            str(op.constraint_name): _rendered(op)
            for op in known
            if isinstance(op, ops.DropConstraintOp) and op.constraint_name in ties
        }
        self._refuse_what_cannot_be_changed()
        steps = [step for op in known for step in self._steps_of(op)]
        live = live_rules(self.connection, self.schema)
        present = live_columns(self.connection, self.schema)
        missing = [rule for rule in self.rules if rule.name not in {one.name for one in live}]
        return [
            *extension_steps(self.connection, missing),
            *removed_rules(self.schema, self.rules, live, self.gone),
            *self._created(),
            *steps,
            *self._sql_of_columns(),
            *added_rules(
                self.schema,
                self.rules,
                live,
                columns={name: held for name, held in present.items() if name not in self.new},
                count=self._counted,
            ),
        ]

    def _compared(self) -> Iterator[ops.MigrateOperation]:
        schema = self.schema

        def ours(name: str | None, kind: str, parents: Mapping[str, str | None]) -> bool:
            if kind == "schema":
                return name == schema
            if kind in ("index", "unique_constraint", "check_constraint") and name is not None:
                return not OWN_NAME.search(name)
            return name is None or not name.startswith(DROPPED)

        context = MigrationContext.configure(
            self.connection,
            opts={
                "target_metadata": self.wanted,
                "include_schemas": True,
                "include_name": ours,
                "compare_type": True,
                "compare_server_default": False,
                # It can compare neither a default beside an identity nor a computed column.
                "autogenerate_plugins": [
                    "alembic.autogenerate.*",
                    "~alembic.autogenerate.defaults",
                ],
            },
        )
        with warnings.catch_warnings():
            # SQLAlchemy stumbles over a check that was added without looking at the rows.
            warnings.filterwarnings("ignore", "Can't validate argument 'dialect_options'")
            upgrade = produce_migrations(context, self.wanted).upgrade_ops
        for op in [] if upgrade is None else upgrade.ops:
            if isinstance(op, ops.ModifyTableOps):
                yield from op.ops
            else:
                yield op

    def _sql_of_columns(self) -> Iterator[Step]:
        """Yield what differs in the defaults and in what is computed."""
        for table in self.wanted.tables.values():
            if table.name not in self.new:
                yield from expression_steps(self.connection, self.schema, table)

    def _refuse_what_cannot_be_changed(self) -> None:
        inspector = sa.inspect(self.connection)
        for table in self.wanted.sorted_tables:
            if table.name in self.new:
                continue
            where = f"database.tables.{table.name}"
            columns = [one["name"] for one in inspector.get_columns(table.name, self.schema)]
            if TENANT not in columns:
                raise StoreError(f"{where}: the table is there without `{TENANT}`: not made here")
            key = inspector.get_pk_constraint(table.name, self.schema)["constrained_columns"]
            if list(key) != [column.name for column in table.primary_key.columns]:
                raise StoreError(
                    f"{where}: the `serial` column cannot change once the table is there: "
                    "write a new table under another name"
                )

    def _created(self) -> list[Step]:
        """Return the steps for new tables; what ties them together comes once all are there."""
        made = [table for table in self.wanted.tables.values() if table.name in self.new]
        steps: list[Step] = []
        ties: list[str] = []
        for table in made:
            statements = [_sql(CreateTable(table, include_foreign_key_constraints=[]))]
            statements += fenced(self.schema, table.name)
            statements += [
                _sql(sa.schema.CreateIndex(index))
                for index in sorted(table.indexes, key=lambda index: str(index.name))
            ]
            statements += [
                rule_sql(self.schema, rule) for rule in self.rules if rule.table == table.name
            ]
            ties += [_sql(AddConstraint(one)) for one in _foreign_keys(table)]
            steps.append(Step("SAFE", f"create table {table.name}", table.name, tuple(statements)))
        if ties:
            steps.append(Step("SAFE", "tie the new tables together", made[-1].name, tuple(ties)))
        return steps

    def _steps_of(self, op: ops.MigrateOperation) -> Iterator[Step]:
        table = str(getattr(op, "table_name", "") or getattr(op, "source_table", ""))
        if table in self.new or (table in self.gone and not isinstance(op, ops.DropTableOp)):
            return  # said with the table itself
        match op:
            case ops.DropTableOp():
                yield self._drop_table(table)
            case ops.AddColumnOp():
                yield self._add_column(table, op)
            case ops.DropColumnOp():
                yield self._drop_column(table, op.column_name)
            case ops.AlterColumnOp():
                yield from self._alter_column(table, op)
            case ops.CreateIndexOp() | ops.CreateUniqueConstraintOp():
                yield self._index(table, op)
            case ops.DropIndexOp():
                what = f"remove {op.index_name} of {table}"
                yield Step("SAFE", what, table, _rendered(op), blocks=False)
            case ops.DropConstraintOp() if op.constraint_name in self.retied:
                return  # one step with what takes its place
            case ops.DropConstraintOp():
                what = f"remove {op.constraint_name} of {table}"
                yield Step("SAFE", what, table, _rendered(op), blocks=False)
            case ops.CreateForeignKeyOp():
                what = f"tie {table}.{op.local_cols[-1]} to {op.referent_table}"
                note = "fails when a row points at nothing"
                statements = (*self.retied.get(str(op.constraint_name), ()), *_rendered(op))
                yield Step("RISKY", what, table, statements, note, blocks=False)
            case ops.CreateTableCommentOp() | ops.DropTableCommentOp():
                return
            case _:
                raise StoreError(f"database.tables.{table}: a difference that no step settles")

    def _add_column(self, table: str, op: ops.AddColumnOp) -> Step:
        column = op.column
        what = f"add column {table}.{column.name} {column.type.compile(dialect=DIALECT)}"
        if column.nullable or column.server_default is not None:
            return Step("SAFE", what, table, _rendered(op))
        rows = self._count(table)
        if rows == 0 and column.identity is None:
            return Step("SAFE", what, table, _rendered(op))
        many = "rows" if rows is None else f"{rows} rows"
        note = f"fails: {many} have no value for it; make it `optional` or give it a `default`"
        return Step("RISKY", what, table, _rendered(op), note)

    def _alter_column(self, table: str, op: ops.AlterColumnOp) -> Iterator[Step]:
        where, target = f"{table}.{op.column_name}", self._name(table)
        column = quote(op.column_name)
        if op.modify_type is not None:
            kind = op.modify_type.compile(dialect=DIALECT)
            # A default of the old type would stop the change; the right one follows.
            statements: tuple[str, ...] = (
                f"ALTER TABLE {target} ALTER COLUMN {column} DROP DEFAULT",
                f"ALTER TABLE {target} ALTER COLUMN {column} TYPE {kind} USING {column}::{kind}",
            )
            default = self.wanted.tables[f"{self.schema}.{table}"].c[op.column_name].server_default
            if isinstance(default, sa.DefaultClause):
                value = default_text(default)
                statements += (f"ALTER TABLE {target} ALTER COLUMN {column} SET DEFAULT {value}",)
            note = "fails when a value is no such thing; the table is rewritten and locked"
            yield Step("RISKY", f"change {where} to {kind}", table, statements, note)
        if op.modify_nullable is True:
            sql = f"ALTER TABLE {target} ALTER COLUMN {column} DROP NOT NULL"
            yield Step("SAFE", f"let {where} be empty", table, (sql,))
        elif op.modify_nullable is False:
            empty = self._count(table, where=f"{column} IS NULL")
            note = "fails when a row has none" if not empty else f"fails: {empty} rows have none"
            sql = f"ALTER TABLE {target} ALTER COLUMN {column} SET NOT NULL"
            yield Step("RISKY", f"require {where}", table, (sql,), note, blocks=False)

    def _index(self, table: str, op: ops.CreateIndexOp | ops.CreateUniqueConstraintOp) -> Step:
        columns = [str(getattr(one, "name", one)) for one in op.columns]
        names = ", ".join(name for name in columns if name != TENANT)
        if isinstance(op, ops.CreateIndexOp) and not op.unique:
            return Step("SAFE", f"index {table}.{names}", table, _rendered(op), blocks=False)
        note = "fails when two rows share a value"
        return Step(
            "RISKY", f"let no two rows of {table} share {names}", table, _rendered(op), note
        )

    def _drop_column(self, table: str, column: str) -> Step:
        target, quoted = self._name(table), quote(column)
        required = live_columns(self.connection, self.schema)[table][column]
        values = self._count(table, where=f"{quoted} IS NOT NULL")
        kept = _dropped_name(column, self.today)
        note = "" if values is None else f"{values} rows have a value; "
        return Step(
            "DESTRUCTIVE",
            f"remove column {table}.{column}",
            table,
            (
                # Rows that are written from now on have none.
                f"ALTER TABLE {target} ALTER COLUMN {quoted} DROP NOT NULL",
                f"ALTER TABLE {target} RENAME COLUMN {quoted} TO {quote(kept)}",
            ),
            f"{note}kept as `{kept}` until it is purged",
            blocks=required and not self._has_default(table, column),
        )

    def _drop_table(self, table: str) -> Step:
        rows = self._count(table)
        kept = _dropped_name(table, self.today)
        note = "" if rows is None else f"{rows} rows; "
        return Step(
            "DESTRUCTIVE",
            f"remove table {table}",
            table,
            (f"ALTER TABLE {self._name(table)} RENAME TO {quote(kept)}",),
            f"{note}kept as `{kept}` until it is purged",
            blocks=False,
        )

    def _has_default(self, table: str, column: str) -> bool:
        for one in sa.inspect(self.connection).get_columns(table, self.schema):
            if one["name"] == column:
                return one["default"] is not None or "identity" in one
        return False

    def _name(self, table: str) -> str:
        return f"{quote(self.schema)}.{quote(table)}"

    def _count(self, table: str, *, where: str = "true") -> int | None:
        """Return a count of rows, or None where row-level security hides them from this user."""
        return self._counted(f"SELECT count(*) FROM {self._name(table)} WHERE {where}")  # noqa: S608 - quoted names

    def _counted(self, query: str) -> int | None:
        try:
            with self.connection.begin_nested():
                self.connection.exec_driver_sql("SET LOCAL row_security = off")
                return int(self.connection.exec_driver_sql(query).scalar_one())
        except DBAPIError:
            return None


def _foreign_keys(table: sa.Table) -> list[sa.ForeignKeyConstraint]:
    return sorted(table.foreign_key_constraints, key=lambda one: str(one.name))


def _dropped_name(name: str, today: date) -> str:
    return f"{DROPPED}{today:%Y%m%d}_{name}"[:MOST_NAME_BYTES]


def _sql(element: sa.schema.ExecutableDDLElement) -> str:
    return str(element.compile(dialect=DIALECT)).strip()


class _Statements(list[str]):
    """Takes what Alembic writes in its offline mode: one statement with each write."""

    def write(self, text: str) -> None:
        self.append(text.strip().removesuffix(";"))

    def flush(self) -> None: ...


def _rendered(op: ops.MigrateOperation) -> tuple[str, ...]:
    """Return the SQL of one of Alembic's operations."""
    written = _Statements()
    context = MigrationContext.configure(
        dialect=DIALECT, opts={"as_sql": True, "output_buffer": written}
    )
    invoke: Callable[[ops.MigrateOperation], object] = Operations(context).invoke
    invoke(op)
    return tuple(written)
