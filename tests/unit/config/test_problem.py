import json
from pathlib import Path

from dialplan.config.problem import Problem, did_you_mean, errors_in, render_json, render_text


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
