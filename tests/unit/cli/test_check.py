import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from dialplan.cli.check import _Findings, check

ROOT = Path(__file__).parents[3]
HEALTHY = ROOT / "verticals"
SHOP = """\
dialplan: 1
name: shop
title: Shop
voice: {greeting: Hello.}
agents:
  desk: {entry: true, prompt: Help the caller.}
"""
UNUSED_TOOL = SHOP + "tools:\n  find: {description: Find it., sql: SELECT 1}\n"


def _shop(folder: Path, text: str = SHOP) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "vertical.yaml").write_text(text)
    return folder


def test_a_folder_without_problems_says_so(tmp_path: Path) -> None:
    _shop(tmp_path / "shop")

    result = CliRunner().invoke(check, [str(tmp_path)])

    assert (result.exit_code, result.output) == (0, "1 vertical checked, nothing to change\n")


def test_problems_of_all_verticals_come_in_one_run_as_json(tmp_path: Path) -> None:
    for name in ("a", "b"):
        _shop(tmp_path / name, SHOP.replace("title", "titel"))

    result = CliRunner().invoke(check, ["--format", "json", str(tmp_path)])

    found = json.loads(result.output)
    assert result.exit_code == 1
    assert [problem["code"] for problem in found["problems"]] == ["E202", "E203"] * 2
    assert set(found) == {"problems"}
    assert set(found["problems"][0]) == {
        *("file", "line", "column", "code", "severity", "path", "message", "hint", "width"),
    }


def test_json_without_problems_is_an_empty_list(tmp_path: Path) -> None:
    result = CliRunner().invoke(check, ["--format", "json", str(_shop(tmp_path))])

    assert (result.exit_code, json.loads(result.output)) == (0, {"problems": []})


def test_workflow_commands_are_escaped_for_github(tmp_path: Path) -> None:
    text = SHOP.replace("Help the caller.", '"Help 100%. {{ a:b }}"')
    folder = _shop(tmp_path / "a, b: 50%", text)

    result = CliRunner().invoke(check, ["--format", "github", str(folder)])

    assert result.exit_code == 1
    file = f"{tmp_path}/a%2C b%3A 50%25/vertical.yaml"
    assert result.output == (
        f"::error file={file},line=6,col=31,endColumn=53,title=E306::agents.desk.prompt: "
        "cannot read the template: expected token `end of print statement`, got `:`\n"
    )


def test_warnings_count_only_when_they_are_asked_to(tmp_path: Path) -> None:
    folder = str(_shop(tmp_path, UNUSED_TOOL))

    assert CliRunner().invoke(check, [folder]).exit_code == 0
    assert CliRunner().invoke(check, ["--strict", folder]).exit_code == 1
    assert CliRunner().invoke(check, ["--strict", str(HEALTHY)]).exit_code == 0


def test_files_are_named_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _shop(tmp_path / "shop", UNUSED_TOOL)
    monkeypatch.chdir(tmp_path)

    from_above = CliRunner().invoke(check, [str(tmp_path)]).output
    monkeypatch.chdir(tmp_path / "shop")
    from_inside = CliRunner().invoke(check, [".."]).output

    assert from_above.startswith("shop/vertical.yaml:8:3: W402")
    assert from_inside.startswith("vertical.yaml:8:3: W402")


def test_one_file_may_be_checked(tmp_path: Path) -> None:
    assert CliRunner().invoke(check, [str(_shop(tmp_path) / "vertical.yaml")]).exit_code == 0


def test_a_vertical_that_is_named_twice_is_checked_once(tmp_path: Path) -> None:
    folder = str(_shop(tmp_path, UNUSED_TOOL))

    output = CliRunner().invoke(check, [folder, folder]).output

    assert output.count("W402") == 1


@pytest.mark.parametrize("arguments", [["--format", "xml"], ["--loud"], ["nowhere"]])
def test_wrong_use_is_another_exit_code(arguments: list[str]) -> None:
    assert CliRunner().invoke(check, arguments).exit_code == 2


def test_a_folder_without_verticals_is_a_mistake(tmp_path: Path) -> None:
    result = CliRunner().invoke(check, [str(tmp_path)])

    assert result.exit_code == 2
    assert "no vertical.yaml found" in result.output


def test_tenants_are_checked_although_a_vertical_is_broken(tmp_path: Path) -> None:
    _shop(tmp_path / "shop", SHOP.replace("title: Shop\n", "") + "variables: {street: string}\n")
    (tmp_path / "tenants.yaml").write_text(
        'tenants:\n  acme: {lines: {"+15550100001": shp}}\n'
        '  best: {lines: {"+15550100002": shop}, variables: {stret: Main}}\n'
    )

    output = CliRunner().invoke(check, [str(tmp_path)]).output

    assert [line.split(": ")[1][:4] for line in output.splitlines() if ": E" in line] == [
        *("E202", "E312", "E314", "E303"),
    ]
    assert "did you mean `shop`?" in output
    assert "did you mean `street`?" in output


def test_a_bug_of_ours_is_one_more_problem_and_never_the_last() -> None:
    found = _Findings()

    assert found.of(Path("a/vertical.yaml"), lambda: [0][1]) is None
    assert found.of(Path("b/vertical.yaml"), lambda: 2) == 2

    [problem] = found.problems
    assert (problem.file, problem.code, problem.severity) == ("a/vertical.yaml", "E901", "error")
    assert problem.message.startswith(
        "dialplan itself failed here: `IndexError` in `test_check.py:"
    )
    assert "please report it" in problem.hint


def _seconds(code: str) -> tuple[float, str]:
    """The processor time that a Python takes, at best of five, and what it prints."""
    best = 1e9
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        ran = subprocess.run(  # noqa: S603  # our own Python
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT / "platform")},
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        best = min(best, spent)
    return best, ran.stdout


def test_a_check_starts_soon_and_imports_nothing_that_it_does_not_need() -> None:
    bare, _ = _seconds("pass")
    code = (
        "import sys; sys.argv = ['dialplan', 'check', 'verticals']\n"
        "from dialplan.cli.main import main\n"
        "main()\n"
        "print(*sys.modules)"
    )

    needed, _ = _seconds(
        "import click, jinja2.sandbox, jsonschema_rs, markdown_it, postgast, pydantic, yaml"
    )
    spent, printed = _seconds(code)

    said, imported = printed.splitlines()
    dear = {"agents", "openai", "sqlalchemy", "rich", "httpx", "starlette", "rfc3987_syntax"}
    dear |= {"numpy", "soxr"}
    assert said.endswith("nothing to change")
    assert set(imported.split()) & dear == set()
    # What it cannot do without says how fast this machine is now: 0.18 s on an idle one, where this
    # is 0.8 s. A check of all that ships takes 0.62 s there.
    assert spent - bare < 4.4 * (needed - bare)


def test_fifty_verticals_are_checked_in_a_few_seconds(tmp_path: Path) -> None:
    home = next(file.parent for file in HEALTHY.glob("*/vertical.yaml"))
    for number in range(50):
        (tmp_path / f"v{number}").symlink_to(home)
    before = resource.getrusage(resource.RUSAGE_SELF)

    result = CliRunner().invoke(check, [str(tmp_path)])

    after = resource.getrusage(resource.RUSAGE_SELF)
    assert result.output == "50 verticals checked, nothing to change\n"
    # 1,000 in 60 s are 3 s for 50; an idle machine takes 1.2 s.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 6
