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


def _problems(folder: Path, text: str) -> list[tuple[int, int, str]]:
    (folder / "vertical.yaml").write_text(SHOP)
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
