"""`dialplan check --online` as it is typed, over a folder with its tenants."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.integration.tools.mcp_remote import SERVER, children

from dialplan.cli.main import cli

VERTICAL = f"""\
dialplan: 1
name: shop
title: Shop
voice: {{greeting: Hello.}}
secrets: [desk_key]
mcp_servers:
  desk: {{command: [{sys.executable}, {SERVER}], env: {{DESK_KEY: desk_key}}, timeout: 30s}}
agents:
  clerk: {{entry: true, prompt: Help., tools: [hurry]}}
tools:
  hurry:
    description: Make it urgent.
    parameters: {{ticket: string, priority: string}}
    mcp: {{server: desk, tool: set_priority}}
    idempotent: true
"""
TENANTS = """\
tenants:
  lakeside: {lines: {"+15550100001": shop}, secrets: {desk_key: env:LAKESIDE}}
  northside: {lines: {"+15550100002": shop}, secrets: {desk_key: env:NORTHSIDE}}
"""


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Result]:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "vertical.yaml").write_text(VERTICAL)
    (tmp_path / "tenants.yaml").write_text(TENANTS)

    def running(*arguments: str, **environ: str) -> Result:
        environ = {"DIALPLAN_MCP_COMMANDS": sys.executable, **environ}
        return CliRunner().invoke(cli, ["check", str(tmp_path), *arguments], env=environ)

    return running


def test_every_tenants_secrets_are_used_and_the_summary_tells_how_many_were_asked(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    vertical = tmp_path / "shop" / "vertical.yaml"
    vertical.write_text(VERTICAL.replace("priority: string", "priority: {enum: [low, high]}"))
    before = children()

    both = run("--online", LAKESIDE="k1", NORTHSIDE="k2")
    same = run("--online", LAKESIDE="k1", NORTHSIDE="k1")
    one = run("--online", LAKESIDE="k1")

    assert both.output == "1 vertical checked, 2 MCP servers asked, nothing to change\n"
    assert same.output == "1 vertical checked, 1 MCP server asked, nothing to change\n"
    assert one.exit_code == 1
    assert "which has no value (tenant `northside`)\n" in one.output
    assert "set `NORTHSIDE` where this is run" in one.output
    assert children() == before


def test_a_warning_of_a_server_counts_with_strict_alone(run: Callable[..., Result]) -> None:
    asked = run("--online", "--format", "json", LAKESIDE="k1", NORTHSIDE="k1")
    strict = run("--online", "--strict", "--format", "github", LAKESIDE="k1", NORTHSIDE="k1")
    offline = run("--strict")

    assert asked.exit_code == 0
    assert [one["code"] for one in json.loads(asked.output)["problems"]] == ["W602"]
    assert strict.exit_code == 1
    assert strict.output.startswith("::warning ")
    assert offline.exit_code == 0, offline.output
