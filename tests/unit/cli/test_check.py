import json
from pathlib import Path

from click.testing import CliRunner

from dialplan.cli.check import check

SHOP = """\
dialplan: 1
name: shop
title: Shop
voice: {greeting: Hello.}
agents:
  desk: {entry: true, prompt: Help the caller.}
"""


def test_a_folder_without_problems_says_so(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "vertical.yaml").write_text(SHOP)

    result = CliRunner().invoke(check, [str(tmp_path)])

    assert (result.exit_code, result.output) == (0, "1 vertical checked, nothing to change\n")


def test_problems_of_all_verticals_come_in_one_run_as_json(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "vertical.yaml").write_text(SHOP.replace("title", "titel"))

    result = CliRunner().invoke(check, ["--format", "json", str(tmp_path)])

    found = json.loads(result.output)
    assert result.exit_code == 1
    assert [problem["code"] for problem in found["problems"]] == ["E202", "E203"] * 2


def test_one_file_may_be_checked(tmp_path: Path) -> None:
    (tmp_path / "vertical.yaml").write_text(SHOP)

    assert CliRunner().invoke(check, [str(tmp_path / "vertical.yaml")]).exit_code == 0


def test_a_folder_without_verticals_is_a_mistake(tmp_path: Path) -> None:
    result = CliRunner().invoke(check, [str(tmp_path)])

    assert result.exit_code == 2
    assert "no vertical.yaml found" in result.output
