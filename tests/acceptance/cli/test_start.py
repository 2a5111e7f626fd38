"""What a server's start costs, and what the quick commands leave alone.

Measured against the import of the model's SDK alone, in the same moment: the clock of a machine
that others use says nothing. How long it takes is in docs/explanation/speed.md.
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

ROOT = Path(__file__).parents[3]
VERTICAL = """\
dialplan: 1
name: kiosk
title: Kiosk
voice: {greeting: Hello.}
agents: {clerk: {entry: true, prompt: Be kind.}}
"""
# What a busy machine does to processor time it does to both.
MOST_OF_AN_IMPORT = 2.5


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
        # Ours are compiled once, as an installed package's are.
        "PYTHONPYCACHEPREFIX": str(folder / "compiled"),
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
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            try:
                port = line.strip().rpartition(":")[2]
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as found:
                    assert found.status == 200
                    break
            except URLError:
                time.sleep(0.05)
        else:
            raise AssertionError("it said that it answers, and did not")
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    return float(used.user + used.system)


def import_s(env: dict[str, str]) -> float:
    """Return the processor time of importing the model's SDK, in s."""
    code = "import time, agents.realtime; print(time.process_time())"
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return float(done.stdout)


def test_a_start_on_a_database_that_is_there_costs_little_more_than_its_imports(
    tmp_path: Path,
) -> None:
    env = environ(tmp_path)
    start(tmp_path, env)
    import_s(env)

    took = [(start(tmp_path, env), import_s(env)) for _ in range(2)]

    assert min(ours / sdk for ours, sdk in took) < MOST_OF_AN_IMPORT, took


def test_check_does_not_import_the_model_sdk_nor_the_database(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from dialplan.cli.main import cli\n"
        "cli(['check', 'verticals'], standalone_mode=False)\n"
        "print(sorted({'agents', 'openai', 'sqlalchemy', 'uvicorn'} & set(sys.modules)))\n"
    )
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environ(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert done.stdout.splitlines()[-1] == "[]", done.stdout
