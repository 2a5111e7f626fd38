"""What a server's start costs, and what it and the quick commands leave alone.

Measured against the import of the model's SDK alone, right after it: processor time of both, since
the clock of a machine that others use says nothing. Docs/explanation/speed.md has the seconds.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.error import URLError

import psutil  # type: ignore[import-untyped]  # it ships no types
import pytest

ROOT = Path(__file__).parents[3]
VERTICAL = """\
dialplan: 1
name: kiosk
title: Kiosk
voice: {greeting: Hello.}
agents: {clerk: {entry: true, prompt: Be kind.}}
"""
# 1.9 on a machine of its own, with our modules compiled anew; what a busy one does to processor
# time it does to both.
MOST_OF_AN_IMPORT = 2.5
TRIES = 3

# A machine with other work takes its time to start a server four times.
pytestmark = pytest.mark.timeout(400)


def environ(folder: Path) -> dict[str, str]:
    (folder / "verticals" / "kiosk").mkdir(parents=True)
    (folder / "verticals" / "kiosk" / "vertical.yaml").write_text(VERTICAL)
    (folder / "verticals" / "tenants.yaml").write_text(
        'tenants:\n  corner:\n    lines: {"+15550100001": kiosk}\n'
    )
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": str(ROOT / "platform"),
        # The source tree stays as it is; the packages are compiled where they are installed.
        "PYTHONDONTWRITEBYTECODE": "1",
        "DIALPLAN_DATA": str(folder / "data"),
        "OPENAI_API_KEY": "sk-1",
        "TWILIO_AUTH_TOKEN": "t0ken",
        "DIALPLAN_PUBLIC_URL": "https://phone.example",
    }


def start(folder: Path, env: dict[str, str]) -> float:
    """Start a server and stop it once it is ready; return the processor time until then, in s."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dialplan", "serve", "--port", "0"],
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("answering +15550100001 on 127.0.0.1:"), line
        used = psutil.Process(process.pid).cpu_times()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                port = line.strip().rpartition(":")[2]
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=20) as found:
                    assert found.status == 200
                    break
            except URLError:
                time.sleep(0.05)
        else:
            raise AssertionError("it said that it answers, and did not")
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    return float(used.user + used.system)


def import_s(env: dict[str, str]) -> float:
    """Return the processor time of importing the model's SDK, in s."""
    code = "import time, agents.realtime; print(time.process_time())"
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code],
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return float(done.stdout)


def test_a_start_on_a_database_that_is_there_costs_little_more_than_the_models_sdk(
    tmp_path: Path,
) -> None:
    env = environ(tmp_path)
    start(tmp_path, env)  # makes the database
    ratios: list[float] = []

    # One undisturbed start shows what it costs.
    while len(ratios) < TRIES and min(ratios, default=9.0) >= MOST_OF_AN_IMPORT:
        ratios.append(start(tmp_path, env) / import_s(env))

    assert min(ratios) < MOST_OF_AN_IMPORT, ratios


def test_a_start_imports_nothing_that_only_some_calls_need(tmp_path: Path) -> None:
    dear = {"alembic", "babel", "holidays", "matplotlib", "numpy", "rfc3987_syntax", "soxr"}
    code = (
        f"import sys\nimport dialplan.web.answering\nprint(sorted({dear!r} & set(sys.modules)))\n"
    )
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code],
        env=environ(tmp_path),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )

    assert done.stdout.splitlines()[-1] == "[]", done.stdout


def test_check_does_not_import_the_model_sdk_nor_the_database(tmp_path: Path) -> None:
    env = environ(tmp_path)
    taller = tmp_path / "verticals" / "taller"
    taller.mkdir()
    # What a line in another language says is not said by a check.
    (taller / "vertical.yaml").write_text(
        VERTICAL.replace("kiosk", "taller").replace(
            "{greeting: Hello.}",
            '{languages: {default: es-ES}, greeting: "Hoy {{ call.now | spoken_time }}."}',
        )
    )
    code = (
        "import sys\n"
        "from dialplan.cli.main import cli\n"
        "cli(['check', 'verticals'], standalone_mode=False)\n"
        "print(sorted({'agents', 'babel', 'openai', 'sqlalchemy', 'uvicorn'} & set(sys.modules)))\n"
    )
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )

    assert done.stdout.splitlines()[-1] == "[]", done.stdout
