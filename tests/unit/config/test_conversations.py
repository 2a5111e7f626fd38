from pathlib import Path

import pytest

from dialplan.config.load import load_conversations, load_vertical
from dialplan.config.problem import VerticalProblems

SHOP = """\
dialplan: 1
name: shop
title: Shop
voice: {greeting: Hello.}
variables:
  owner: {type: string}
  doors: {type: integer, default: 2}
agents:
  desk: {entry: true, prompt: Help., tools: [find]}
tools:
  find: {description: Find it., parameters: {number: integer}, builtin: answer, result: {a: b}}
conversations: conversations/*.yaml
"""
GIVEN = "given: {variables: {owner: Maria}}\n"


def _problems(folder: Path, text: str, vertical: str = SHOP) -> list[tuple[int, int, str]]:
    (folder / "vertical.yaml").write_text(vertical)
    (folder / "conversations").mkdir()
    (folder / "conversations" / "a.yaml").write_text("name: A\n" + text)
    try:
        load_conversations(load_vertical(folder))
    except VerticalProblems as found:
        return [(one.line, one.column, one.code) for one in found.problems]
    return []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("turns: [{caller: Hi.}]\n", (1, 1, "E314")),
        ("turns: [{caller: Hi.}]\ngiven: {variables: {owner: A, dors: 3}}\n", (3, 31, "E303")),
        ("turns: [{caller: Hi.}]\ngiven: {variables: {owner: A, doors: x}}\n", (3, 38, "E311")),
        (GIVEN + "turns: [{caller: Hi.}]\nmocks: {fnd: null}\n", (4, 9, "E302")),
        (
            "given: {variables: {owner: A}, seed: no.yaml}\nturns: [{caller: Hi.}]\n",
            (2, 38, "E108"),
        ),
        (GIVEN + "turns: [{caller: Hi., model: [{tool: fnd}]}]\n", (3, 38, "E302")),
        (GIVEN + "turns: [{caller: Hi., model: [{handoff: boss}]}]\n", (3, 41, "E301")),
        (GIVEN + "turns: [{caller: Hi., expect: {tool: {find: {nr: 1}}}}]\n", (3, 46, "E315")),
        (GIVEN + "turns: [{caller: Hi., model: [{say: A}]}, {caller: B}]\n", (3, 43, "E202")),
        (GIVEN + "turns: [{caller: Hi., model: [{}]}]\n", (3, 31, "E207")),
    ],
)
def test_a_slip_in_a_conversation_is_a_problem_at_its_place(
    tmp_path: Path, text: str, problem: tuple[int, int, str]
) -> None:
    assert _problems(tmp_path, text) == [problem]


def test_every_part_of_a_conversation_knows_its_place(tmp_path: Path) -> None:
    text = GIVEN + "turns:\n  - caller: Hi.\n    expect: {says: [one, {any: [two]}]}\n"
    assert _problems(tmp_path, text) == []

    told = load_conversations(load_vertical(tmp_path))["conversations/a.yaml"]

    place = told.place(("turns", 0, "expect", "says", 1))
    assert (place.line, place.column) == (5, 26)
    assert place.file == str(tmp_path / "conversations" / "a.yaml")


AFTER = """\
endpoints: {crm: {base_url: "https://crm.example.com"}}
after_call:
  fields:
    intent: {enum: [buy, sell]}
    follow_up: {type: boolean, description: Whether somebody must call back.}
    budget: {type: number, minimum: 0}
    wish: {type: string, max_length: 40}
    day: date
  send: [{http: {post: "{{ endpoints.crm }}/calls"}}, {http: {post: "{{ endpoints.crm }}/tasks"}}]
"""


@pytest.mark.parametrize(
    "then",
    [
        "{fields: {intent: buy, follow_up: false, budget: 12.5, wish: a red one, day: 2026-03-02}}",
        "{fields: {intent: null, wish: [red, {not: blue}, {matches: 'b(ike|icycle)'}], day: null}}",
        "{fields: {wish: {any: [red, blue]}}, sent: 1, not_sent: [2]}",
        "{sent: [1, 2], skipped: false}",
        "{skipped: true, not_sent: true}",
    ],
)
def test_what_may_be_made_of_a_call_is_no_problem(tmp_path: Path, then: str) -> None:
    answers = "after_call: {intent: sell, follow_up: true, budget: null, wish: A red one.}\n"
    text = GIVEN + f"turns: [{{caller: Hi.}}]\n{answers}then: [{{after_call: {then}}}]\n"

    assert _problems(tmp_path, text, SHOP + AFTER) == []


@pytest.mark.parametrize(
    ("then", "code"),
    [
        ("{fields: {intent: rent}}", "E340"),
        ("{fields: {follow_up: yes}}", "E340"),
        ("{fields: {budget: -1}}", "E340"),
        ("{fields: {day: soon}}", "E340"),
        ("{fields: {wish: 3}}", "E340"),
        ("{fields: {wish: {matches: '('}}}", "E317"),
        ("{fields: {whish: red}}", "E319"),
        ("{sent: 3}", "E319"),
        ("{sent: 0}", "E206"),
        ("{sent: [1, 2], not_sent: 2}", "E340"),
    ],
)
def test_what_cannot_be_made_of_a_call_is_a_problem(tmp_path: Path, then: str, code: str) -> None:
    text = GIVEN + f"turns: [{{caller: Hi.}}]\nthen: [{{after_call: {then}}}]\n"

    assert [one[2] for one in _problems(tmp_path, text, SHOP + AFTER)] == [code]


def test_a_vertical_that_does_nothing_after_a_call_cannot_be_asked_for_it(tmp_path: Path) -> None:
    text = (
        GIVEN
        + "turns: [{caller: Hi.}]\nafter_call: {intent: buy}\nthen: [{after_call: {sent: 1}}]\n"
    )

    assert [one[2] for one in _problems(tmp_path, text)] == ["E319", "E319"]
