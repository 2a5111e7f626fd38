"""`dialplan explain` beside a Postgres that runs in the data folder."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dialplan.config.load import load_vertical
from dialplan.store.database import Database
from dialplan.store.embedded import EmbeddedPostgres, start_embedded
from dialplan.store.running import running_url
from dialplan.store.versions import keep, release

ROOT = Path(__file__).parents[3]
SHOP = (
    "dialplan: 1\nname: shop\ntitle: Shop\nvoice: {greeting: Hello.}\n"
    "agents: {desk: {entry: true, prompt: Be kind.}}\n"
)


@pytest.fixture
def verticals(tmp_path: Path) -> Path:
    folder = tmp_path / "verticals"
    (folder / "shop").mkdir(parents=True)
    (folder / "shop" / "vertical.yaml").write_text(SHOP)
    (folder / "tenants.yaml").write_text('tenants: {north: {lines: {"+15550100001": shop}}}\n')
    return folder


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    server = asyncio.run(start_embedded(tmp_path / "data"))
    yield server
    asyncio.run(server.stop())


def explained(tmp_path: Path, **more: str) -> dict[str, tuple[str, str]]:
    found = subprocess.run(
        [sys.executable, "-m", "dialplan", "explain", "+15550100001", "--format", "json"],
        env={
            **{name: one for name, one in os.environ.items() if not name.startswith("DIALPLAN_")},
            "PYTHONPATH": str(ROOT / "platform"),
            "DIALPLAN_DATA": str(tmp_path / "data"),
            "DIALPLAN_VERTICALS": str(tmp_path / "verticals"),
            **more,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return {one["name"]: (one["value"], one["place"]) for one in json.loads(found.stdout)["rows"]}


async def deploy(url: str, folder: Path) -> None:
    database = Database(url)
    await database.prepare()
    loaded = load_vertical(folder)
    async with database.engine.begin() as connection:
        await keep(connection, "shop", loaded.version, loaded.files)
        await release(connection, "shop", loaded.version, "applied")
    await database.close()


def test_the_release_is_read_from_a_database_that_runs_and_none_is_started(
    tmp_path: Path, verticals: Path, postgres: EmbeddedPostgres
) -> None:
    folder = str(tmp_path / "data" / "postgres")

    assert running_url(tmp_path / "data") == postgres.url
    assert explained(tmp_path)["version released"] == ("none yet", folder)

    asyncio.run(deploy(postgres.url, verticals / "shop"))
    rows = explained(tmp_path)
    named = explained(tmp_path, DIALPLAN_DATABASE_URL=postgres.url)

    version = load_vertical(verticals / "shop").version
    assert rows["version released"][0].startswith(f"{version}, ")
    assert rows["version released"][0].endswith("by `dialplan apply`")
    assert rows["version that serves"] == ("the folder's", folder)
    assert named["version released"] == (
        rows["version released"][0],
        "env:DIALPLAN_DATABASE_URL",
    )


def test_without_one_nothing_is_started(tmp_path: Path, verticals: Path) -> None:
    assert explained(tmp_path)["version released"][0].startswith("not looked up: ")
    assert not (tmp_path / "data").exists()
