from pathlib import Path

import pytest

from dialplan.config.load import (
    load_conversation,
    load_conversations,
    load_rehearsal,
    load_tenants,
    load_vertical,
)
from dialplan.config.problem import VerticalProblems
from dialplan.errors import ConfigError

SHOP = """\
dialplan: 1
name: shop
title: Shop
voice: {greeting: Hello.}
agents:
  desk: {entry: true, prompt: prompts/desk.md, tools: [find]}
tools:
  find: {description: Find it., sql: SELECT 1}
conversations: conversations/*.yaml
"""


def _shop(folder: Path, text: str = SHOP, prompt: str = "Help the caller.\n") -> Path:
    (folder / "prompts").mkdir(exist_ok=True)
    (folder / "prompts" / "desk.md").write_text(prompt)
    (folder / "vertical.yaml").write_text(text)
    return folder


def _codes(error: VerticalProblems) -> list[str]:
    return [problem.code for problem in error.problems]


def test_a_vertical_comes_with_its_prompts(tmp_path: Path) -> None:
    loaded = load_vertical(_shop(tmp_path))

    assert loaded.vertical.name == "shop"
    assert loaded.vertical.entry == "desk"
    assert loaded.prompts == {"desk": "Help the caller."}
    assert loaded.folder == tmp_path


def test_the_version_changes_with_the_content_of_any_file(tmp_path: Path) -> None:
    first = load_vertical(_shop(tmp_path)).version
    again = load_vertical(_shop(tmp_path)).version
    changed = load_vertical(_shop(tmp_path, prompt="Help the caller kindly.")).version

    assert first == again
    assert first != changed


def test_problems_are_a_config_error_that_reads_well(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="E203 titel: unknown key"):
        load_vertical(_shop(tmp_path, SHOP.replace("title", "titel")))


def test_a_folder_without_a_vertical_is_said(tmp_path: Path) -> None:
    with pytest.raises(VerticalProblems) as failure:
        load_vertical(tmp_path)

    assert _codes(failure.value) == ["E108"]


def test_references_and_prompts_are_checked_in_one_run(tmp_path: Path) -> None:
    text = SHOP.replace("[find]", "[find, fnd]") + "secrets: []\nlimits: {call: 2m}\n"

    with pytest.raises(VerticalProblems) as failure:
        load_vertical(_shop(tmp_path, text, prompt="Hi {{ nam }} {{ state.x }}"))

    assert _codes(failure.value) == ["E309", "E309", "E302"]


def test_warnings_come_with_the_vertical(tmp_path: Path) -> None:
    loaded = load_vertical(_shop(tmp_path, SHOP.replace(", tools: [find]", "")))

    assert [problem.code for problem in loaded.warnings] == ["W402"]


def test_a_conversation_is_checked_against_its_vertical(tmp_path: Path) -> None:
    loaded = load_vertical(_shop(tmp_path))
    (tmp_path / "conversations").mkdir()
    file = tmp_path / "conversations" / "a.yaml"
    file.write_text("name: A\nturns: [{caller: Hi., expect: {tool: find, within: 1500ms}}]\n")
    assert load_conversations(loaded)["conversations/a.yaml"].name == "conversations/a.yaml"
    assert load_conversation(tmp_path, "conversations/a.yaml").name == "A"

    file.write_text("name: A\nturns: [{caller: Hi., expect: {tool: fnd, handoff: nobody}}]\n")
    with pytest.raises(VerticalProblems) as failure:
        load_conversations(loaded)

    assert sorted(_codes(failure.value)) == ["E301", "E302"]


def test_values_in_a_tools_json_are_typed_only_in_plain_form(tmp_path: Path) -> None:
    text = (
        "routes:\n"
        '  - {get: /a, json: {a: true, b: 3, c: 1.5, d: null, e: "3", f: NO, h: 2026-01-05}}\n'
    )
    (tmp_path / "routes.yaml").write_text(text)

    assert load_rehearsal(tmp_path, "routes.yaml").routes[0].body == {
        "a": True,
        "b": 3,
        "c": 1.5,
        "d": None,
        "e": "3",
        "f": "NO",
        "h": "2026-01-05",
    }


def test_a_rehearsal_with_errors_is_refused(tmp_path: Path) -> None:
    (tmp_path / "routes.yaml").write_text("routes: []\n")

    with pytest.raises(VerticalProblems) as failure:
        load_rehearsal(tmp_path, "routes.yaml")

    assert _codes(failure.value) == ["E206"]


def test_tenants_are_checked_against_the_verticals(tmp_path: Path) -> None:
    vertical = load_vertical(_shop(tmp_path)).vertical
    file = tmp_path / "tenants.yaml"
    file.write_text('tenants:\n  acme: {lines: {"+15550100001": shop}}\n')
    assert load_tenants(file, [vertical]).resolve("+15550100001") == ("acme", "shop")

    with pytest.raises(VerticalProblems) as failure:
        load_tenants(file, [])

    assert _codes(failure.value) == ["E312"]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ('still_there: "{{ nobody }}?"', "E309 voice.sentences.still_there"),
        ('still_there: "{{ state.nobody }}?"', "E309 voice.sentences.still_there"),
        ('hours: {open: "{{ span }}"}', "E309 voice.sentences.hours.open"),
        ('hours: {today: "{{ call.now }}"}', "E309 voice.sentences.hours.today"),
        ('hours: {today: "{{ time"}', "E306 voice.sentences.hours.today"),
        ('hours: {span: "{{ opens | spoken_date }}"}', "E306 voice.sentences.hours.span"),
    ],
)
def test_a_sentence_that_cannot_be_said_is_a_problem(
    tmp_path: Path, words: str, problem: str
) -> None:
    voice = f"voice: {{greeting: Hello., sentences: {{{words}}}}}"

    with pytest.raises(ConfigError, match=problem.replace(".", r"\.")):
        load_vertical(_shop(tmp_path, SHOP.replace("voice: {greeting: Hello.}", voice)))


def test_sentences_know_what_the_greeting_knows(tmp_path: Path) -> None:
    said = 'still_there: "{{ call.from }}?", hours: {today: "at {{ time }}"}'
    voice = f"voice: {{greeting: Hello., sentences: {{{said}}}}}"

    loaded = load_vertical(_shop(tmp_path, SHOP.replace("voice: {greeting: Hello.}", voice)))

    assert loaded.vertical.voice.sentences.hours.today == "at {{ time }}"
