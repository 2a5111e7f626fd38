"""What the user has to mend is one clear sentence and exit code 2, never a traceback.

A process starts in seconds: what is said of each single setting is tested in tests/unit.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
KEYS = {
    "OPENAI_API_KEY": "sk-secret",
    "TWILIO_AUTH_TOKEN": "token-secret",
    "DIALPLAN_PUBLIC_URL": "https://phone.example",
}
VERTICAL = """\
dialplan: 1
name: kiosk
title: Kiosk
voice: {greeting: Hello.}
agents: {clerk: {entry: true, prompt: Be kind.}}
"""


@pytest.fixture
def verticals(tmp_path: Path) -> Path:
    folder = tmp_path / "verticals"
    (folder / "kiosk").mkdir(parents=True)
    (folder / "kiosk" / "vertical.yaml").write_text(VERTICAL)
    (folder / "tenants.yaml").write_text(
        'tenants:\n  corner:\n    lines: {"+15550100001": kiosk}\n'
    )
    return folder


def dialplan(folder: Path, *arguments: str, **environ: str) -> tuple[int, str]:
    """Run the command in a folder; return its exit code and what it wrote to stderr."""
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "dialplan", *arguments],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHONPATH": str(ROOT / "platform"),
            "DIALPLAN_VERTICALS": str(folder / "verticals"),
            **environ,
        },
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert "Traceback" not in done.stderr + done.stdout, done.stderr
    assert "secret" not in done.stderr + done.stdout
    return done.returncode, done.stderr


def test_a_missing_key_is_named(tmp_path: Path, verticals: Path) -> None:
    keys = {name: value for name, value in KEYS.items() if name != "OPENAI_API_KEY"}

    code, error = dialplan(tmp_path, "serve", **keys)

    assert code == 2
    assert "set `OPENAI_API_KEY`" in error
    assert len(error.splitlines()) == 1


def test_an_occupied_port_is_named(tmp_path: Path, verticals: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])

        code, error = dialplan(tmp_path, "serve", "--port", port, **KEYS)

    assert code == 2
    assert f"cannot listen on 127.0.0.1:{port}" in error
    assert "--port" in error
    assert len(error.splitlines()) == 1


def test_a_data_folder_that_cannot_be_written_is_named(tmp_path: Path, verticals: Path) -> None:
    # A file in its place: unlike missing rights, this stops the superuser too.
    (tmp_path / "data").write_text("")

    code, error = dialplan(tmp_path, "serve", "--port", "0", **KEYS, DIALPLAN_DATA="data")

    assert code == 2
    assert "data" in error
    assert "DIALPLAN_DATABASE_URL" in error
    assert len(error.splitlines()) == 1


def test_a_database_that_is_not_there_is_named_without_its_password(
    tmp_path: Path, verticals: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    url = f"postgresql://user:password-secret@127.0.0.1:{port}/x"

    code, error = dialplan(tmp_path, "serve", "--port", "0", **KEYS, DIALPLAN_DATABASE_URL=url)

    assert code == 2
    assert "database" in error
    assert len(error.splitlines()) == 1


def test_the_problems_of_a_vertical_are_shown_with_their_places(
    tmp_path: Path, verticals: Path
) -> None:
    file = verticals / "kiosk" / "vertical.yaml"
    file.write_text(VERTICAL.replace("title: Kiosk", "titel: Kiosk"))

    code, error = dialplan(tmp_path, "serve", "--port", "0", **KEYS)

    assert code == 2
    assert "vertical.yaml:3:" in error
    assert "did you mean `title`?" in error


def test_a_number_that_nobody_answers_is_told_with_those_that_are(
    tmp_path: Path, verticals: Path
) -> None:
    code, error = dialplan(tmp_path, "call", "+15550199999", "--say", "Hi", "--written")

    assert code == 2
    assert "nobody answers `+15550199999`" in error
    assert "+15550100001" in error
