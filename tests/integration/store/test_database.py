import pytest
from sqlalchemy import text

from dialplan.errors import StoreError
from dialplan.store.database import Database


async def test_prepare_twice_changes_nothing(database: Database) -> None:
    await database.prepare()

    async with database.engine.connect() as connection:
        found = await connection.execute(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'dialplan' ORDER BY 1")
        )
        names = list(found.scalars())
        revision = await connection.execute(text("SELECT version_num FROM dialplan.revision"))
    assert names == [
        "after_call_sends",
        "after_calls",
        "calls",
        "endings",
        "handoffs",
        "knowledge_editions",
        "knowledge_entries",
        "knowledge_passages",
        "processes",
        "releases",
        "revision",
        "running_calls",
        "signing_key",
        "tool_calls",
        "tool_results",
        "turn_times",
        "turns",
        "used_tokens",
        "versions",
    ]
    assert revision.scalars().all() == ["0023"]


async def test_the_tools_role_can_neither_log_in_nor_bypass_row_security(
    database: Database,
) -> None:
    async with database.engine.connect() as connection:
        row = await connection.execute(
            text(
                "SELECT rolcanlogin, rolsuper, rolbypassrls FROM pg_roles"
                " WHERE rolname = 'dialplan_tools'"
            )
        )
        assert tuple(row.one()) == (False, False, False)


async def test_an_unreachable_server_is_one_sentence_without_the_password() -> None:
    database = Database("postgresql://someone:hunter2@127.0.0.1:1/none", connect_timeout=1)

    with pytest.raises(StoreError, match="the database cannot be prepared") as caught:
        await database.prepare()

    assert "hunter2" not in str(caught.value)
    await database.close()
