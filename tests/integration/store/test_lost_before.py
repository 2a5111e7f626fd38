"""Calls that had lost their end before anybody could know whose they were."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from dialplan.store.database import Database
from dialplan.store.past_calls import read_call

NOW = datetime.now(UTC)


@pytest.fixture
async def own(database: Database) -> AsyncIterator[Database]:
    """A prepared database that nobody else uses."""
    name = f"before_{secrets.token_hex(4)}"
    async with database.engine.connect() as connection:
        server = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await server.execute(text(f"CREATE DATABASE {name}"))
        made = Database(database.url.set(database=name).render_as_string(hide_password=False))
        await made.prepare()
        yield made
        await made.close()
        await server.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def back(connection: Connection) -> None:
    """Bring the tables to what they were before."""
    config = Config()
    config.set_main_option("script_location", "dialplan:store/migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.downgrade(config, "0022")


async def test_old_calls_without_an_end_get_one_with_the_new_tables_and_young_ones_do_not(
    own: Database,
) -> None:
    old, spoke, young = NOW - timedelta(days=9), NOW - timedelta(days=9, seconds=-40), NOW
    async with own.engine.begin() as connection:
        await connection.run_sync(back)
        for sid, at in (("CA1", old), ("CA2", young), ("CA3", old)):
            await connection.execute(
                text(
                    "INSERT INTO dialplan.calls (call_sid, seq, tenant, vertical, caller, called,"
                    " began_at) VALUES (:sid, 1, 'corner', 'kiosk', '+1', '+2', :at)"
                ),
                {"sid": sid, "at": at},
            )
        await connection.execute(
            text(
                "INSERT INTO dialplan.turns (call_sid, seq, at, speaker, agent, text)"
                " VALUES ('CA1', 2, :at, 'caller', '', 'A kite.')"
            ),
            {"at": spoke},
        )

    await own.prepare()

    rows = [one.row for sid in ("CA1", "CA2", "CA3") if (one := await read_call(own, sid))]
    assert [(one.reason, one.ended_at, one.duration_ms) for one in rows] == [
        ("server_lost", spoke, 40_000),
        (None, None, None),
        ("server_lost", old, 0),
    ]
