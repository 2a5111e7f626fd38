"""Golden cases; DIALPLAN_WRITE_EXPECTED=1 writes what is printed now, for review in the diff."""

import os
import re
import shlex
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from dialplan.cli.check import check

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CASES = sorted(path for path in HERE.iterdir() if path.is_dir() and path.name != "__pycache__")

MANY = {"several", "twelve"}
"""Cases of more than one code."""
ONLINE = {case.name for case in CASES if case.name[1] == "6"}
"""Codes of `--online`: what a real server says, which is started as `desk-mcp-server`."""
SERVER = ROOT / "tests" / "integration" / "tools" / "mcp_server.py"
NOT_IN_A_FOLDER = {
    "E106": "too big to keep; shown by the tests of the reader",
    "W101": "too long to keep; shown by the tests of problems",
    "E901": "a bug of ours; shown by the tests of the command",
}
"""Codes without a case here, and why."""


def _codes_in_the_code() -> set[str]:
    package = ROOT / "platform" / "dialplan"
    sources = [
        *(package / "config").rglob("*.py"),
        package / "cli" / "check.py",
        package / "runtime" / "online.py",
        package / "tools" / "mcp" / "fitting.py",
    ]
    return {code for file in sources for code in re.findall(r'"([EW]\d{3})"', file.read_text())}


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which the program `desk-mcp-server` is found, and may be started."""
    folder = tmp_path_factory.mktemp("bin")
    program = folder / "desk-mcp-server"
    program.write_text(f"#!/bin/sh\nexec {shlex.join([sys.executable, str(SERVER)])}\n")
    program.chmod(0o755)
    path = os.pathsep.join([str(folder), os.environ["PATH"]])
    return {"PATH": path, "DIALPLAN_MCP_COMMANDS": "desk-mcp-server"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_problem_is_printed_as_expected(case: Path, desk: dict[str, str]) -> None:
    arguments = ["--online", str(case)] if case.name in ONLINE else [str(case)]
    result = CliRunner().invoke(check, arguments, env=desk)
    shown = case.relative_to(Path.cwd()) if case.is_relative_to(Path.cwd()) else case
    printed = result.output.replace(f"{shown}/", "")

    if os.environ.get("DIALPLAN_WRITE_EXPECTED"):
        (case / "expected.txt").write_text(printed, encoding="utf-8")
    assert printed == (case / "expected.txt").read_text(encoding="utf-8")
    assert result.exit_code == (0 if case.name.startswith("W") else 1)


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case.name not in ("several", "twelve")],
    ids=lambda case: case.name,
)
def test_the_case_shows_its_own_code(case: Path) -> None:
    assert f": {case.name} " in (case / "expected.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("code", sorted(ONLINE))
def test_without_the_option_no_server_is_asked(code: str, desk: dict[str, str]) -> None:
    result = CliRunner().invoke(check, [str(HERE / code)], env=desk)

    assert result.output == "1 vertical checked, nothing to change\n"


def test_every_code_has_a_case() -> None:
    assert {case.name for case in CASES} - MANY == _codes_in_the_code() - set(NOT_IN_A_FOLDER)


def test_every_code_is_explained_in_the_reference() -> None:
    page = (ROOT / "docs" / "reference" / "problems.md").read_text(encoding="utf-8")

    assert set(re.findall(r"^### ([EW]\d{3})", page, re.MULTILINE)) == _codes_in_the_code()


def test_twelve_mistakes_of_one_file_are_twelve_problems() -> None:
    printed = (HERE / "twelve" / "expected.txt").read_text(encoding="utf-8")
    places = re.findall(r"^vertical\.yaml:(\d+):(\d+): ([EW]\d{3}) ", printed, re.MULTILINE)
    lines = (HERE / "twelve" / "vertical.yaml").read_text(encoding="utf-8").splitlines()
    marked = [lines[int(line) - 1][int(column) - 1 :] for line, column, _ in places]

    assert len({code for _, _, code in places}) == 12
    assert [re.split(r"(?<!^)[:,}\]\n]", text)[0] for text in marked] == [
        "phoen",
        "gpt-realtime-2.2",
        '"Hello',
        '"13',
        "calender_token",
        "3",
        "yes",
        "bok",
        "handofs",
        ":phnoe",
        "custmer_id",
        "phon",
    ]
