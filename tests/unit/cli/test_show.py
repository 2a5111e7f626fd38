import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dialplan.cli.show import show
from dialplan.config.load import load_vertical

SHOP = """\
dialplan: 1
name: shop
title: Shop
variables:
  business_name: {default: Wheels}
  owner: phone
secrets: [api_key]
voice: {greeting: Hello.}
agents: !include agents.yaml
"""
TENANTS = """\
tenants:
  north:
    lines: {"+15550100001": shop}
    variables: {business_name: North Wheels, owner: "+15550100911"}
    secrets: {api_key: "env:NORTH_KEY"}
  south:
    lines: {"+15550100002": bakery}
"""


class Desk:
    """A folder with a vertical in three files, and the command run on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shop = folder / "shop"
        self.shop.mkdir()
        (self.shop / "vertical.yaml").write_text(SHOP)
        (self.shop / "agents.yaml").write_text("desk: {entry: true, prompt: desk.md}\n")
        (self.shop / "desk.md").write_text("Help the caller.\n\nBe kind.\n")
        (folder / "tenants.yaml").write_text(TENANTS)

    def run(self, *arguments: str) -> Result:
        environ = {
            "DIALPLAN_VERTICALS": str(self.folder),
            "DIALPLAN_TENANTS": None,
            "NORTH_KEY": "s3cret-value",
            "API_KEY": "s3cret-value",
        }
        return CliRunner(env=environ).invoke(show, list(arguments))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_includes_prompts_and_defaults_are_in_place(desk: Desk) -> None:
    result = desk.run("shop")

    version = load_vertical(desk.shop).version
    assert result.output.startswith(f"# shop, version {version}\ndialplan: 1\nname: shop\n")
    assert "    prompt: |-\n      Help the caller.\n\n      Be kind.\n" in result.output
    assert "  silence: 20s\n" in result.output
    assert "  owner:\n    type: phone\n" in result.output


def test_what_is_shown_may_be_saved_as_the_vertical(desk: Desk) -> None:
    shown = desk.run("shop", "--tenant", "north").output

    (desk.shop / "vertical.yaml").write_text(shown)

    assert desk.run(str(desk.shop)).output.partition("\n")[2] == shown.partition("\n")[2]


def test_values_of_a_tenant_stand_over_the_defaults(desk: Desk) -> None:
    shown = json.loads(desk.run("shop", "--tenant", "north", "--format", "json").output)

    assert shown["variables"]["business_name"]["default"] == "North Wheels"
    assert shown["variables"]["owner"]["default"] == "+15550100911"
    assert shown["limits"] == {"call": "15m", "silence": "20s", "concurrent_calls": 40}


@pytest.mark.parametrize("shape", ["yaml", "json"])
def test_secrets_are_names_only(desk: Desk, shape: str) -> None:
    output = desk.run("shop", "--tenant", "north", "--format", shape).output

    assert "api_key" in output
    assert "s3cret-value" not in output
    assert ("- api_key # ***" in output) == (shape == "yaml")


def test_a_tenant_that_is_not_there_or_has_other_lines_is_refused(desk: Desk) -> None:
    assert "no tenant `nort`: did you mean `north`?" in str(
        desk.run("shop", "--tenant", "nort").exception
    )
    assert "no line of the tenant `south` leads to `shop`" in str(
        desk.run("shop", "--tenant", "south").exception
    )


def test_files_with_errors_are_told_like_a_check(desk: Desk) -> None:
    (desk.shop / "agents.yaml").write_text("desk: {entry: true, promt: desk.md}\n")

    result = desk.run("shop")

    assert result.exit_code == 2
    assert "agents.yaml:1:21: E203 agents.desk.promt: unknown key" in result.output
