"""Brings a vertical's tables to what its file says: what only adds at once, the rest when asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from dialplan.errors import StoreError
from dialplan.model.database import Table
from dialplan.store.blueprint import standing
from dialplan.store.database import Database, lock, reason
from dialplan.store.live import purge_statements
from dialplan.store.rules import with_mend
from dialplan.store.settled import is_settled, note_settled
from dialplan.store.steps import Step, TablePlan, riskiest

LOCK_LIMIT = "5s"
"""The longest a step waits for calls that use its table, before all of it is taken back."""


async def create_tables(database: Database, vertical: str, tables: Mapping[str, Table]) -> None:
    """Add what `tables` has and the vertical's schema has not, in one transaction.

    Raises:
        StoreError: the tables differ in a way that keeps the file from being served; the message
            names each step that `dialplan apply` must do first. Or the server refused.
    """
    if vertical == "dialplan":
        raise StoreError("a vertical cannot be named `dialplan`: the platform's tables are there")
    try:
        async with database.engine.begin() as connection:
            await _enter(connection)
            if await connection.run_sync(is_settled, vertical, tables):
                await _run(connection, vertical, [])
                return
            plan = await read_plan(connection, vertical, tables)
            if waiting := [s for s in plan.steps if s.risk != "SAFE" and s.blocks]:
                raise StoreError(_blocked(vertical, waiting))
            await _run(connection, vertical, [s for s in plan.steps if s.risk == "SAFE"])
            await connection.run_sync(note_settled, vertical, tables)
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        why = with_mend(reason(error))
        raise StoreError(f"the tables of `{vertical}` cannot be created: {why}") from error


async def read_plan(
    connection: AsyncConnection, vertical: str, tables: Mapping[str, Table]
) -> TablePlan:
    """Return the steps that are due, all of them; changes nothing.

    Raises:
        StoreError: tables that cannot be.
    """
    today = datetime.now(UTC).date()
    plan_tables = await asyncio.to_thread(_planner)

    def planned(inner: Connection) -> TablePlan:
        return plan_tables(inner, vertical, tables, today=today)

    return await connection.run_sync(planned)


def _planner() -> Callable[..., TablePlan]:
    """Import Alembic, which takes 0.1 s: where a plan is needed, and not on the event loop."""
    from dialplan.store.changes import plan_tables

    return plan_tables


async def apply_plan(
    connection: AsyncConnection,
    plan: TablePlan,
    tables: Mapping[str, Table],
    *,
    destructive: bool,
) -> None:
    """Do every step of a plan in the connection's transaction.

    Raises:
        StoreError: the tables moved since the plan was made, a destructive step was not agreed to,
            or a step failed; the transaction must then be rolled back.
    """
    await _enter(connection)
    now = await read_plan(connection, plan.schema, tables)
    if now.fingerprint != plan.fingerprint:
        raise StoreError(f"the tables of `{plan.schema}` moved since this was planned: plan again")
    if riskiest(plan.steps) == "DESTRUCTIVE" and not destructive:
        lost = ", ".join(step.what for step in plan.steps if step.risk == "DESTRUCTIVE")
        raise StoreError(f"refused: {lost}; agree to it with `--destructive`")
    for step in plan.steps:
        try:
            await _run(connection, plan.schema, [step])
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise StoreError(
                f"{plan.schema}: {step.what}: {with_mend(reason(error))}; nothing was changed"
            ) from error
    await _run(connection, plan.schema, [])


async def purge(connection: AsyncConnection, vertical: str, *, before: date) -> list[str]:
    """Drop for good what was taken away before a day; return what that was, in words."""
    await _enter(connection)
    found = await connection.run_sync(
        lambda inner: purge_statements(inner, vertical, before=before)
    )
    for _what, statement in found:
        await connection.exec_driver_sql(statement)
    return [what for what, _statement in found]


async def _enter(connection: AsyncConnection) -> None:
    await lock(connection)
    await connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_LIMIT}'")


async def _run(connection: AsyncConnection, schema: str, steps: list[Step]) -> None:
    first, *grants = standing(schema)
    await connection.exec_driver_sql(first)
    for step in steps:
        for statement in step.statements:
            await connection.exec_driver_sql(statement)
    for statement in grants:
        await connection.exec_driver_sql(statement)


def _blocked(vertical: str, waiting: list[Step]) -> str:
    steps = "; ".join(f"{step.what} ({step.risk})" for step in waiting)
    return f"the tables of `{vertical}` wait for `dialplan apply`: {steps}"
