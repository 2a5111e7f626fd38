"""INSERT, UPDATE, DELETE and MERGE: the columns that they fill, and with what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pg

from dialplan.sql.kinds import shown, storable
from dialplan.sql.scope import Finding, Kind, Relation, Scope
from dialplan.sql.sources import Reader
from dialplan.sql.tree import inner
from dialplan.sql.worth import unknown_value


def insert(reader: Reader, node: pg.InsertStmt, scope: Scope) -> Scope:
    """Check an INSERT; the scope of its RETURNING."""
    table = reader.relation(node.relation, scope)
    targets = _columns(reader, node.cols, table)
    query = inner(node.select_stmt)
    if isinstance(query, pg.SelectStmt):
        if not targets:
            hint = "the first column of every table is the platform's `tenant`"
            message = f"name the columns: `INSERT INTO {node.relation.relname} (...)`"
            reader.note(Finding("insert", message, node.relation.location, hint=hint))
            reader.query(query, scope)
        elif query.values_lists:
            for row in query.values_lists:
                held = inner(row)
                if isinstance(held, pg.List):
                    _row(reader, targets, [inner(item) for item in held.items], table, scope)
        else:
            outputs = reader.query(query, scope)
            if outputs is not None:
                _count(reader, targets, len(outputs))
                for target, (_, kind) in zip(targets, outputs, strict=False):
                    _store(reader, table, target, kind, target.location)
        _required(reader, node, targets)
    here = scope.inner((table, *_before_and_after(table)))
    if node.HasField("on_conflict_clause"):
        _conflict(reader, node, table, here)
    return here


def update(reader: Reader, node: pg.UpdateStmt, scope: Scope) -> Scope:
    """Check an UPDATE; the scope of its RETURNING."""
    table = reader.relation(node.relation, scope)
    here = scope.inner((table, *reader.sources(node.from_clause, scope)))
    _set(reader, node.target_list, table, here)
    reader.expression(inner(node.where_clause), here)
    return Scope((*here.relations, *_before_and_after(table)), here.around, here.named)


def delete(reader: Reader, node: pg.DeleteStmt, scope: Scope) -> Scope:
    """Check a DELETE; the scope of its RETURNING."""
    table = reader.relation(node.relation, scope)
    here = scope.inner((table, *reader.sources(node.using_clause, scope)))
    reader.expression(inner(node.where_clause), here)
    return Scope((*here.relations, *_before_and_after(table)), here.around, here.named)


def merge(reader: Reader, node: pg.MergeStmt, scope: Scope) -> Scope:
    """Check a MERGE; the scope of its RETURNING."""
    table = reader.relation(node.relation, scope)
    here = scope.inner((table, *reader.sources([node.source_relation], scope)))
    reader.expression(inner(node.join_condition), here)
    for one in node.merge_when_clauses:
        clause = inner(one)
        if isinstance(clause, pg.MergeWhenClause):
            reader.expression(inner(clause.condition), here)
            if clause.command_type == pg.CMD_INSERT:
                targets = _columns(reader, clause.target_list, table)
                _row(reader, targets, [inner(item) for item in clause.values], table, here)
            else:
                _set(reader, clause.target_list, table, here)
    return Scope((*here.relations, *_before_and_after(table)), here.around, here.named)


def _before_and_after(table: Relation) -> tuple[Relation, Relation]:
    return (
        Relation("old", table.columns, hidden=True),
        Relation("new", table.columns, hidden=True),
    )


def _columns(reader: Reader, nodes: Iterable[Message], table: Relation) -> list[pg.ResTarget]:
    found = []
    for node in nodes:
        target = inner(node)
        if isinstance(target, pg.ResTarget):
            _known(reader, table, target)
            found.append(target)
    return found


def _known(reader: Reader, table: Relation, target: pg.ResTarget) -> None:
    if table.columns is not None and target.name not in table.columns:
        message = f"no column named `{target.name}` in `{table.name}`"
        known = tuple(table.columns)
        reader.note(Finding("column", message, target.location, target.name, known))


def _row(
    reader: Reader,
    targets: list[pg.ResTarget],
    values: list[Message],
    table: Relation,
    scope: Scope,
) -> None:
    kinds = [reader.expression(value, scope) for value in values]
    _count(reader, targets, len(values))
    for target, kind, value in zip(targets, kinds, values, strict=False):
        _store(reader, table, target, kind, target.location, value)


def _count(reader: Reader, targets: list[pg.ResTarget], given: int) -> None:
    if targets and given and len(targets) != given:
        message = f"expected {len(targets)} values, one for each column, got {given}"
        reader.note(Finding("insert", message, targets[0].location))


def _store(
    reader: Reader,
    table: Relation,
    target: pg.ResTarget,
    kind: Kind,
    location: int,
    value: Message | None = None,
) -> None:
    column = (table.columns or {}).get(target.name)
    if target.name in table.computed and not isinstance(value, pg.SetToDefault):
        hint = f"leave it out: Postgres computes it for each row of `{table.name}`"
        reader.note(Finding("write", f"`{target.name}` is computed", location, hint=hint))
        return
    if value is not None and not target.indirection:
        unknown = unknown_value(column, value, "write")
        if unknown is not None:
            listed = ", ".join(f"`{one}`" for one in unknown.known[:12])
            message = f"`{target.name}` holds one of {listed}, got `{unknown.name[:60]}`"
            reader.note(replace(unknown, message=message))
    if target.indirection or column is None or kind is None or storable(kind, column):
        return
    message = f"`{target.name}` holds `{shown(column)}`, got `{shown(kind)}`"
    hint = f"cast it: `CAST(x AS {shown(column)})`"
    reader.note(Finding("type", message, location, hint=hint))


def _set(reader: Reader, nodes: Iterable[Message], table: Relation, scope: Scope) -> None:
    for target in _columns(reader, nodes, table):
        value = inner(target.val)
        kind = reader.expression(value, scope)
        if not isinstance(value, pg.MultiAssignRef):
            _store(reader, table, target, kind, target.location, value)
        elif target.name in table.computed:
            _store(reader, table, target, None, target.location)


def _required(reader: Reader, node: pg.InsertStmt, targets: list[pg.ResTarget]) -> None:
    table = reader.tables.get(node.relation.relname)
    if table is None or not targets:
        return
    missing = sorted(table.required - {target.name for target in targets})
    if missing:
        listed = ", ".join(f"`{name}`" for name in missing)
        message = f"a new row of `{node.relation.relname}` needs {listed}"
        hint = "give a value, or make the column `optional` or give it a `default`"
        reader.note(Finding("insert", message, node.relation.location, hint=hint))


def _conflict(reader: Reader, node: pg.InsertStmt, table: Relation, here: Scope) -> None:
    clause = node.on_conflict_clause
    names = []
    for one in clause.infer.index_elems:
        element = inner(one)
        if isinstance(element, pg.IndexElem) and element.name:
            names.append(element.name)
    for name in names:
        if table.columns is not None and name not in table.columns:
            message = f"no column named `{name}` in `{table.name}`"
            place = clause.infer.location
            reader.note(Finding("column", message, place, name, tuple(table.columns)))
    known = reader.tables.get(node.relation.relname)
    plain = len(names) == len(clause.infer.index_elems) and not clause.infer.HasField(
        "where_clause"
    )
    if known is not None and names and plain and frozenset(names) not in known.unique:
        message = f"nothing makes {', '.join(f'`{name}`' for name in names)} unique"
        hint = "rows are unique within their tenant: "
        if frozenset({"tenant", *names}) in known.unique:
            hint += f"write `ON CONFLICT (tenant, {', '.join(names)})`"
        else:
            hint += "declare the columns under `unique`, and write `tenant` first here"
        reader.note(Finding("insert", message, clause.infer.location, hint=hint))
    excluded = Relation("excluded", table.columns, hidden=True)
    inside = Scope((*here.relations, excluded), here.around, here.named)
    _set(reader, clause.target_list, table, inside)
    reader.expression(inner(clause.where_clause), inside)
