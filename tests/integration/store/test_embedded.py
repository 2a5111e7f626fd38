"""The embedded Postgres when several processes start it at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import pytest

from dialplan.errors import StoreError
from dialplan.store.embedded import _ensure_database, _stop, start_embedded, warm_up
from dialplan.store.embedded import _start as found
from dialplan.store.running import FOLDER, running_url


async def test_of_several_that_find_no_database_each_goes_on_with_the_one_that_was_made(
    tmp_path: Path,
) -> None:
    await warm_up(tmp_path)
    server = found(tmp_path / FOLDER)
    try:
        info = server.get_postmaster_info()
        address = (str(info.socket_dir), info.port or 5432)

        await asyncio.gather(*(_ensure_database(*address) for _ in range(6)))

        connection = await asyncpg.connect(running_url(tmp_path))
        assert await connection.fetchval("SELECT current_database()") == "dialplan"
        await connection.close()
    finally:
        _stop(server)


async def test_a_database_that_cannot_be_made_is_one_sentence_with_its_reason(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "notes.txt").touch()

    with pytest.raises(StoreError, match=r"did not start: initdb: error: directory .* not empty"):
        await start_embedded(tmp_path)

    assert caplog.records == []
