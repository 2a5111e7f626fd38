import pytest
from sqlalchemy.exc import IntegrityError

from dialplan.errors import StoreError
from dialplan.store import versions
from dialplan.store.database import Database

FILES = {"vertical.yaml": b"dialplan: 1\n", "prompts/desk.md": "Grüße\r\n".encode()}


async def test_the_files_of_a_version_come_back_byte_for_byte(database: Database) -> None:
    async with database.engine.begin() as connection:
        await versions.keep(connection, "kept", "v1", FILES)
        await versions.keep(connection, "kept", "v1", {"vertical.yaml": b"other"})

        assert await versions.files_of(connection, "kept", "v1") == FILES


async def test_the_newest_release_comes_first(database: Database) -> None:
    async with database.engine.begin() as connection:
        for version in ("v1", "v2"):
            await versions.keep(connection, "ordered", version, FILES)
        await versions.release(connection, "ordered", "v1", "served")
        await versions.release(connection, "ordered", "v2", "applied")
        await versions.release(connection, "ordered", "v1", "rolled_back")

        found = await versions.history(connection, "ordered")

    assert [(one.version, one.how) for one in found] == [
        ("v1", "rolled_back"),
        ("v2", "applied"),
        ("v1", "served"),
    ]
    assert found[0].at.tzinfo is not None


async def test_a_version_that_was_not_kept_cannot_be_released(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.engine.begin() as connection:
            await versions.release(connection, "unknown", "v1", "served")


async def test_a_version_that_was_not_kept_cannot_be_read(database: Database) -> None:
    async with database.engine.connect() as connection:
        with pytest.raises(StoreError, match="never kept"):
            await versions.files_of(connection, "unknown", "v1")


async def test_files_that_are_too_many_are_refused(database: Database) -> None:
    huge = {"vertical.yaml": bytes(versions.MOST_BYTES + 1)}
    async with database.engine.connect() as connection:
        with pytest.raises(StoreError, match="come to"):
            await versions.keep(connection, "huge", "v1", huge)
