"""`dialplan new` at a real terminal: what is not given is asked."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

from dialplan.config.load import load_vertical, read_tenants


def typed(folder: Path, keys: str, *arguments: str) -> tuple[int, str]:
    """Run the command with a terminal on which these keys are pressed; what it shows comes back."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, keys.encode())
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "dialplan", "new", *arguments],
            cwd=folder,
            env={**os.environ, "DIALPLAN_VERTICALS": "verticals"},
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    return done.returncode, done.stdout


def test_what_is_not_given_is_asked_and_enter_takes_what_is_proposed(tmp_path: Path) -> None:
    code, shown = typed(tmp_path, "Spoke and Wheel\n\n\n", "repair_shop")

    assert code == 0, shown
    assert "What is the business called? [Repair shop]" in shown
    assert "Which number rings it? [+15550100001]" in shown
    vertical = load_vertical(tmp_path / "verticals" / "repair_shop").vertical
    assert vertical.title == "Spoke and Wheel"
    assert vertical.voice.greeting.startswith("Thank you for calling {{ business_name }}.")


def test_what_is_given_is_not_asked(tmp_path: Path) -> None:
    code, shown = typed(tmp_path, "+15550100042\n", "shop", "--title", "Shop", "--greeting", "Hi.")

    assert code == 0, shown
    assert "called?" not in shown
    tenants = read_tenants(tmp_path / "verticals" / "tenants.yaml")
    assert tenants.resolve("+15550100042") == ("shop", "shop")


def test_going_away_leaves_nothing(tmp_path: Path) -> None:
    code, shown = typed(tmp_path, "Shop\n\x04", "shop")

    assert code == 130, shown
    assert list(tmp_path.iterdir()) == []
