"""`dialplan knowledge` and what `dialplan apply` does for articles, over a real Postgres."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.integration.articles import ARTICLES, write_help

from dialplan.cli.main import cli

TESTS = """\
at_least: {recall: 1, mrr: 0.9, nothing: 1}
questions:
  - ask: The tunnel says 809.
    expect: VPN
  - ask: A sheet is stuck.
    expect: print.md
    held_out: true
  - ask: Who won the football match?
    expect: nothing
"""
Run = Callable[..., Result]


@pytest.fixture
def name() -> str:
    return f"help_{uuid.uuid4().hex[:8]}"


@pytest.fixture
def folder(tmp_path: Path, name: str) -> Path:
    articles = {name: ARTICLES[name] for name in ("vpn.md", "print.md")}
    write_help(tmp_path / name, articles, TESTS)
    (tmp_path / "tenants.yaml").write_text(
        f'tenants: {{lakeside: {{lines: {{"+15550100001": {name}}}}}}}\n'
    )
    return tmp_path


@pytest.fixture
def run(postgres_url: str, folder: Path) -> Run:
    def invoke(*words: str) -> Result:
        environ = {"DIALPLAN_DATABASE_URL": postgres_url, "DIALPLAN_VERTICALS": str(folder)}
        return CliRunner().invoke(cli, [*words], env=environ)

    return invoke


def test_ask_shows_passages_with_scores_and_what_made_them(run: Run, name: str) -> None:
    result = run("knowledge", "ask", name, "It says 809")

    assert result.exit_code == 0, result.output
    first, why = result.output.splitlines()[:2]
    assert first.endswith("VPN > Error 809")
    assert "codes 1.00" in why
    assert "knowledge/vpn.md" in why


def test_ask_says_which_line_a_question_met(run: Run, name: str, folder: Path) -> None:
    file = folder / name / "knowledge" / "print.md"
    file.write_text("---\nasked: [The copier ate my page.]\n---\n" + file.read_text())

    text = run("knowledge", "ask", name, "A page was eaten by the copier").output.splitlines()
    written = run("knowledge", "ask", name, "A page was eaten", "--format", "json").output

    assert text[0].split("  ")[1].startswith("Printing")
    assert text[2].startswith("      as callers ask: The copier ate my page. (0.")
    first, *rest = json.loads(written)["hits"]
    others = [one for one in rest if one["title"] != first["title"]]
    assert first["line"] == "The copier ate my page."
    assert first["asked"] > first["similarity"]
    assert first["lift"] > 0
    assert {(one["lift"], one["asked"]) for one in others} == {(0, None)}


def test_ask_marks_what_a_call_would_not_get(run: Run, name: str) -> None:
    result = run("knowledge", "ask", name, "Who won the football match?", "--format", "json")

    hits = json.loads(result.output)["hits"]
    assert hits
    assert not any(hit["given"] for hit in hits)


def test_test_prints_figures_and_reaches_the_goal(run: Run, name: str) -> None:
    result = run("knowledge", "test", name, "--compare")

    assert result.exit_code == 0, result.output
    assert f"{name}.articles: 3 questions, goal reached" in result.output
    assert "held out" in result.output
    assert "| reciprocal rank fusion |" in result.output


def test_test_ends_with_one_below_the_goal_and_names_what_was_missed(
    run: Run, name: str, folder: Path
) -> None:
    tests = folder / name / "knowledge" / "tests.yaml"
    tests.write_text(TESTS.replace("expect: nothing", "expect: print.md"))
    tests.write_text(tests.read_text().replace("expect: VPN", "expect: Printing"))

    result = run("knowledge", "test", name)

    assert result.exit_code == 1
    assert "goal missed (recall 1, mrr 0.9, nothing 1)" in result.output


def test_test_prints_the_figures_of_each_part(run: Run, name: str, folder: Path) -> None:
    tests = folder / name / "knowledge" / "tests.yaml"
    tests.write_text(TESTS.replace("expect: VPN", "expect: VPN\n    part: plain"))

    text = run("knowledge", "test", name).output
    [collection] = json.loads(run("knowledge", "test", name, "--format", "json").output)[
        "collections"
    ]

    assert "\n  plain       recall@3 1.00" in text
    assert {part: one["questions"] for part, one in collection["parts"].items()} == {"plain": 1}


@pytest.mark.parametrize("shape", ["text", "json"])
def test_test_counts_what_is_held_out_and_missed_and_does_not_name_it(
    run: Run, name: str, folder: Path, shape: str
) -> None:
    tests = folder / name / "knowledge" / "tests.yaml"
    tests.write_text(TESTS.replace("expect: VPN", "expect: nothing"))
    tests.write_text(tests.read_text().replace("expect: print.md", "expect: nothing"))

    result = run("knowledge", "test", name, "--format", shape)

    assert "The tunnel says 809." in result.output
    assert "A sheet is stuck." not in result.output
    if shape == "text":
        assert "1 of those held out, which are not named" in result.output
    else:
        [collection] = json.loads(result.output)["collections"]
        assert collection["held_out"]["nothing"] == 0


def test_index_says_what_was_embedded(run: Run, name: str, folder: Path) -> None:
    first = run("knowledge", "index", name)
    changed = ARTICLES["print.md"].replace("Pull the sheet slowly", "Open the door")
    (folder / name / "knowledge" / "print.md").write_text(changed)
    second = run("knowledge", "index", name)

    assert first.output == f"{name}.articles: 4 passages, 0 ways of asking, 4 embedded, 0 left\n"
    assert second.output == f"{name}.articles: 4 passages, 0 ways of asking, 1 embedded, 0 left\n"


def test_apply_indexes_before_it_releases(run: Run, name: str) -> None:
    result = run("apply", "--yes")

    assert result.exit_code == 0, result.output
    assert (
        f"indexed {name}.articles: 4 passages and 0 ways of asking, 4 of them new" in result.output
    )
    assert result.output.index("indexed") < result.output.index("applied")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ask", "{name}", "x", "--collection", "artcles"], "did you mean `articles`?"),
        (["ask", "{name}x", "x"], "no vertical `{name}x`"),
    ],
)
def test_a_slip_is_one_sentence(run: Run, name: str, words: list[str], said: str) -> None:
    result = run("knowledge", *[word.format(name=name) for word in words])

    assert said.format(name=name) in str(result.exception)
