"""Golden cases; DIALPLAN_WRITE_EXPECTED=1 writes what is printed now, for review in the diff."""

import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from dialplan.cli.check import check

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CASES = sorted(path for path in HERE.iterdir() if path.is_dir() and path.name != "__pycache__")

TOO_BIG_TO_KEEP = {"E106"}
"""Shown by a unit test of the reader instead."""


def _codes_in_the_code() -> set[str]:
    sources = (ROOT / "platform" / "dialplan" / "config").rglob("*.py")
    return {code for file in sources for code in re.findall(r'"([EW]\d{3})"', file.read_text())}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_problem_is_printed_as_expected(case: Path) -> None:
    result = CliRunner().invoke(check, [str(case)])
    printed = result.output.replace(f"{case}/", "")

    if os.environ.get("DIALPLAN_WRITE_EXPECTED"):
        (case / "expected.txt").write_text(printed, encoding="utf-8")
    assert printed == (case / "expected.txt").read_text(encoding="utf-8")
    assert result.exit_code == (0 if case.name.startswith("W") else 2)


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.name != "several"], ids=lambda case: case.name
)
def test_the_case_shows_its_own_code(case: Path) -> None:
    assert f": {case.name} " in (case / "expected.txt").read_text(encoding="utf-8")


def test_every_code_has_a_case() -> None:
    assert {case.name for case in CASES} - {"several"} == _codes_in_the_code() - TOO_BIG_TO_KEEP


def test_every_code_is_explained_in_the_reference() -> None:
    page = (ROOT / "docs" / "reference" / "problems.md").read_text(encoding="utf-8")

    assert set(re.findall(r"^### ([EW]\d{3})", page, re.MULTILINE)) == _codes_in_the_code()
