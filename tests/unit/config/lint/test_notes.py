"""Findings point into the SQL, wherever YAML lets its text stand."""

from pathlib import Path

import pytest

from dialplan.config.load import load_vertical
from dialplan.config.problem import VerticalProblems

HEAD = """\
dialplan: 1
name: shop
title: Shop
voice: {greeting: Hello.}
agents: {desk: {entry: true, prompt: Help., tools: [find]}}
database: {tables: {bikes: {columns: {id: serial, brand: text}}}}
tools:
  find:
    description: Find a bicycle.
"""


def _found(folder: Path, sql: str, **files: str) -> tuple[str, int, int, int]:
    (folder / "vertical.yaml").write_text(HEAD + sql, encoding="utf-8")
    for name, text in files.items():
        (folder / f"{name}.sql").write_text(text, encoding="utf-8")
    with pytest.raises(VerticalProblems) as caught:
        load_vertical(folder)
    [problem] = caught.value.problems
    assert problem.code == "E504"
    return Path(problem.file).name, problem.line, problem.column, problem.width


@pytest.mark.parametrize(
    ("sql", "line", "column"),
    [
        ("    sql: |\n      SELECT id,\n        brnd FROM bikes\n", 12, 9),
        ("    sql: |-  # the query\n\n        SELECT brnd\n        FROM bikes\n", 12, 16),
        ("    sql: &query |\n      SELECT 'é', brnd FROM bikes\n", 11, 19),
        ("    sql: SELECT brnd FROM bikes\n", 10, 17),
        ("    sql: 'SELECT brnd FROM bikes'\n", 10, 18),
    ],
)
def test_a_finding_points_at_the_word(tmp_path: Path, sql: str, line: int, column: int) -> None:
    assert _found(tmp_path, sql) == ("vertical.yaml", line, column, 4)


@pytest.mark.parametrize(
    "sql",
    [
        "    sql: >\n      SELECT id,\n      brnd FROM bikes\n",
        "    sql: SELECT id,\n      brnd FROM bikes\n",
        "    sql: 'SELECT ''a'', brnd FROM bikes'\n",
        '    sql: "SELECT \\u0061, brnd FROM (SELECT 1 AS a) b, bikes"\n',
    ],
)
def test_where_yaml_changes_the_text_it_points_at_its_start(tmp_path: Path, sql: str) -> None:
    file, line, column, _ = _found(tmp_path, sql)

    assert (file, line, column) == ("vertical.yaml", 10, 10)


def test_an_included_statement_has_its_own_places(tmp_path: Path) -> None:
    found = _found(tmp_path, "    sql: !include q.sql\n", q="SELECT id,\n  brnd\nFROM bikes\n")

    assert found == ("q.sql", 2, 3, 4)
