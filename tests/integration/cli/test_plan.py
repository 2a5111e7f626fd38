"""`dialplan plan` and `dialplan apply` as their user meets them, on an embedded Postgres."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SHOP = """\
dialplan: 1
name: shop
title: Shop
secrets: [api_key]
voice: {greeting: Hello.}
agents:
  desk: {entry: true, prompt: Be kind., tools: [bike]}
tools:
  bike:
    description: Tell about a bicycle.
    parameters: {id: {type: integer, description: Its number.}}
    sql: SELECT brand, note FROM bikes WHERE id = :id
database:
  tables:
    bikes:
      columns:
        id: serial
        brand: text
        note: {type: text, optional: true}
"""


class Shop:
    """A folder with one vertical, and the command run against it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "verticals" / "shop" / "vertical.yaml"
        self.file.parent.mkdir(parents=True)
        self.file.write_text(SHOP)
        (folder / "verticals" / "tenants.yaml").write_text(
            'tenants:\n  a:\n    lines: {"+15550100055": shop}\n'
            '    secrets: {api_key: "env:SHOP_KEY"}\n'
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "dialplan", *arguments],
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT / "platform"),
                "DIALPLAN_DATA": str(self.folder / "data"),
                "DIALPLAN_VERTICALS": str(self.folder / "verticals"),
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    def edit(self, old: str, new: str) -> None:
        text = self.file.read_text()
        assert old in text
        self.file.write_text(text.replace(old, new))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop(tmp_path_factory.mktemp("shop"))


def test_a_folder_is_planned_applied_changed_refused_and_applied_with_the_flag(shop: Shop) -> None:
    first = shop.run("plan", "--exit-code")

    assert first.returncode == 1, first.stderr
    assert "shop  nothing -> " in first.stdout
    assert "SAFE        create table bikes" in first.stdout
    assert "+ numbers +15550100055: a / shop" in first.stdout
    assert "`api_key` has no value: set `SHOP_KEY`" in first.stdout

    asked = shop.run("apply")

    assert asked.returncode == 2
    assert asked.stderr == "dialplan: nobody to ask: give a plan, or say `--yes`\n"

    assert shop.run("apply", "--yes").returncode == 0
    settled = shop.run("plan", "--exit-code")
    assert settled.returncode == 0
    assert "nothing to deploy" in settled.stdout

    shop.edit("        note: {type: text, optional: true}\n", "")
    shop.edit("brand, note FROM", "brand FROM")
    plan = shop.folder / "plan.json"
    planned = shop.run("plan", "--format", "json", "--output", str(plan))

    told = json.loads(planned.stdout)["verticals"][0]
    assert told["needs"] == "migration"
    assert [(one["risk"], one["what"]) for one in told["steps"]] == [
        ("DESTRUCTIVE", "remove column bikes.note")
    ]
    assert [(one["area"], one["name"]) for one in told["changes"]] == [("tools", "bike")]

    refused = shop.run("apply", str(plan))

    assert refused.returncode == 2
    assert "refused: remove column bikes.note" in refused.stderr
    assert "Traceback" not in refused.stderr

    assert shop.run("apply", str(plan), "--destructive").returncode == 0
    again = shop.run("apply", str(plan), "--destructive")
    assert again.returncode == 2
    assert "moved since this was planned" in again.stderr

    assert "dropped" not in shop.run("apply", "--purge-older", "1").stdout


def test_a_file_that_is_no_plan_is_one_sentence(shop: Shop) -> None:
    done = shop.run("apply", str(shop.file))

    assert done.returncode == 2
    assert done.stderr.startswith(f"dialplan: `{shop.file}` is no plan")
