"""What a vertical's calls need is there before its lines answer, and only where one needs it."""

from __future__ import annotations

import subprocess
import sys
import weakref
from functools import partial
from pathlib import Path

import pytest

from dialplan.config.load import LoadedVertical
from dialplan.runtime.directory import build_lines
from dialplan.runtime.reload import Reloader
from dialplan.store.database import Database

NUMBER = "+15550100077"
VERTICAL = """\
dialplan: 1
name: wide
title: Wide
voice: {format: pcm24k, greeting: Hello.}
when_unavailable: {say: "Sorry."}
agents:
  clerk: {entry: true, prompt: Be kind.}
"""
SERVER = """\
import asyncio, sys
from pathlib import Path
from dialplan.runtime.peers import Peers
from dialplan.runtime.service import open_service
from dialplan.settings import Settings

async def main(verticals, url):
    settings = Settings.model_validate({"verticals": Path(verticals), "database_url": url})
    peers = Peers("http://127.0.0.1:9", "ws://127.0.0.1:9", None, None, "t", "http://127.0.0.1:9",
                  None, None, {})
    async with open_service(settings, {}, peers):
        print(sorted({"babel", "numpy", "soxr"} & set(sys.modules)))

asyncio.run(main(*sys.argv[1:]))
"""


def written(folder: Path, vertical: str) -> Path:
    (folder / "wide").mkdir(parents=True)
    (folder / "wide" / "vertical.yaml").write_text(vertical)
    lines = f'tenants: {{shop: {{lines: {{"{NUMBER}": wide}}}}}}\n'
    (folder / "tenants.yaml").write_text(lines)
    return folder


async def test_a_vertical_is_prepared_before_its_lines_answer(
    database: Database, tmp_path: Path
) -> None:
    folder = written(tmp_path / "verticals", VERTICAL)
    prepared: list[tuple[str, int]] = []

    def prepare(loaded: LoadedVertical) -> None:
        prepared.append((loaded.vertical.name, len(reloader.directory)))

    reloader = Reloader(
        folder,
        folder / "tenants.yaml",
        database,
        lines=partial(build_lines, environ={}, account=None, token="t"),
        prepare=prepare,
    )

    await reloader.start()

    assert prepared == [("wide", 0)]
    assert list(reloader.directory) == [NUMBER]


@pytest.mark.parametrize(
    ("voice", "loaded"),
    [
        ("format: pcmu", []),
        ("format: pcm24k", ["numpy", "soxr"]),
        ("languages: {default: es-ES}", ["babel"]),
        ("languages: {default: en-GB}", []),
    ],
)
def test_a_process_loads_what_is_dear_only_for_verticals_that_want_it(
    postgres_url: str, tmp_path: Path, voice: str, loaded: list[str]
) -> None:
    folder = written(tmp_path / "verticals", VERTICAL.replace("format: pcm24k", voice))

    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", SERVER, str(folder), postgres_url],
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.stdout.strip() == str(loaded), done.stderr


async def test_each_reload_tells_which_versions_serve_and_lets_go_of_the_others(
    database: Database, tmp_path: Path
) -> None:
    folder = written(tmp_path / "verticals", VERTICAL)
    told: list[list[str]] = []
    reloader = Reloader(
        folder,
        folder / "tenants.yaml",
        database,
        lines=partial(build_lines, environ={}, account=None, token="t"),
        serves=lambda versions: told.append([one.version for one in versions]),
    )
    await reloader.start()
    first = reloader.directory[NUMBER].vertical.version
    alive = weakref.ref(reloader.directory[NUMBER].vertical.vertical)

    (folder / "wide" / "vertical.yaml").write_text(f"{VERTICAL}# changed\n")
    await reloader.reload()

    second = reloader.directory[NUMBER].vertical.version
    assert told == [[first], [second]]
    assert alive() is None, "the version before is still held"
