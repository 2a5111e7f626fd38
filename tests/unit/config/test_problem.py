import json
from pathlib import Path

from dialplan.config.problem import (
    Problem,
    did_you_mean,
    errors_in,
    limited,
    listed,
    render_github,
    render_json,
    render_text,
)


def _problem(file: str, line: int = 1, code: str = "E203") -> Problem:
    severity = "error" if code.startswith("E") else "warning"
    return Problem(file, line, 3, code, severity, "a.bad", "unknown key", "say `b`", 3)  # type: ignore[arg-type]  # a literal either way


def test_a_problem_shows_its_line_and_a_caret_under_it(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("a:\n  bad: 1\n")

    assert render_text([_problem(str(file), 2)]) == (
        f"{file}:2:3: E203 a.bad: unknown key\n"
        "       2 |   bad: 1\n"
        "         |   ^^^\n"
        "         = say `b`"
    )


def test_problems_are_sorted_by_place_and_need_no_file() -> None:
    text = render_text([_problem("b"), _problem("a", 2), _problem("a", 1)])

    assert [line for line in text.splitlines() if "E203" in line] == [
        "a:1:3: E203 a.bad: unknown key",
        "a:2:3: E203 a.bad: unknown key",
        "b:1:3: E203 a.bad: unknown key",
    ]


def test_the_same_is_said_in_json() -> None:
    found = json.loads(render_json([_problem("a")]))["problems"]

    assert found[0]["code"] == "E203"
    assert (found[0]["line"], found[0]["column"], found[0]["hint"]) == (1, 3, "say `b`")


def test_warnings_stop_nothing() -> None:
    assert errors_in([_problem("a"), _problem("a", code="W401")])
    assert not errors_in([_problem("a", code="W401")])


def test_only_a_near_name_is_proposed() -> None:
    assert did_you_mean("handofs", ["handoffs", "tools"]) == "did you mean `handoffs`?"
    assert did_you_mean("zebra", ["handoffs", "tools"]) == ""


def test_no_more_of_a_file_is_shown_than_a_person_reads_and_errors_go_first() -> None:
    many = [_problem("a", line, "W401") for line in range(1, 300)]
    many += [_problem("a", 500, "E203"), _problem("b")]

    shown = limited([*many, *many])

    assert len(shown) == 202
    assert [one.line for one in shown if one.code == "E203"] == [500, 1]
    assert [one.message for one in shown if one.code == "W101"] == [
        "100 more in this file are not shown"
    ]


def test_a_long_line_is_shown_around_the_caret(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("a: " + "x" * 500 + "bad" + "y" * 500 + "\n")
    problem = Problem(str(file), 1, 504, "E203", "error", "", "no", "", 3)

    _, line, caret = render_text([problem]).splitlines()

    assert len(line) < 180
    assert line[caret.index("^") : caret.rindex("^") + 1] == "bad"


def test_a_caret_stands_under_wide_letters_and_control_characters_are_blank(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("日本: \x1b[31mbad\n")
    problem = Problem(str(file), 1, 10, "E203", "error", "", "no", "", 3)

    _, line, caret = render_text([problem]).splitlines()

    assert line == "       1 | 日本:  [31mbad"
    assert caret == "         |            ^^^"


def test_names_that_differ_in_case_alone_are_near() -> None:
    assert did_you_mean("HOLIDAYS", ["holidays", "hours"]) == "did you mean `holidays`?"
    assert did_you_mean("x" * 1000, ["x" * 1001]) == ""


def test_many_names_are_listed_in_part() -> None:
    assert listed(["a", "b"]) == "`a`, `b`"
    assert listed(map(str, range(25))).endswith("`19` and 5 more")


def test_a_workflow_command_names_its_place_and_escapes_line_ends() -> None:
    problem = Problem("a.yaml", 2, 3, "W401", "warning", "a.b", "one\ntwo", "do", 4)

    assert render_github([problem]) == (
        "::warning file=a.yaml,line=2,col=3,endColumn=7,title=W401::a.b: one%0Atwo (do)"
    )
