"""Every YAML block of the documentation passes `dialplan check`, or says what else it is.

A block with `dialplan:` is a vertical; `tenants:`, `turns:`, `routes:` and `questions:` begin the
other kinds. Any other block is a part of a vertical: one whose keys are a vertical's stands as it
is, one from deeper inside names its place behind the language (```` ```yaml tools.book_visit ````).
It is put into a small vertical with all other parts of its page. `file=NAME` names the file that a
block stands for, and `kubernetes`, `compose` and `github` mark what is not ours.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from dialplan.config.load import (
    load_conversation,
    load_conversations,
    load_rehearsal,
    load_retrieval,
    load_tenants,
    load_vertical,
)
from dialplan.config.problem import VerticalProblems, render_text
from dialplan.model.vertical import Vertical

ROOT = Path(__file__).parents[2]
FOREIGN = {"kubernetes", "compose", "github"}
BEGINS = {"dialplan": "vertical", "tenants": "tenants", "turns": "conversation"}
BEGINS |= {"routes": "rehearsal", "questions": "retrieval"}
SMALL = """\
dialplan: 1
name: example
title: Example
voice: {greeting: Hello.}
agents:
  clerk: {entry: true, prompt: Help the caller.}
"""
MISSING_FILES = ("E108", "E320")


class _AnyTag(yaml.SafeLoader):
    """Reads nodes; what tags mean is for the real loader."""


def compose(text: str) -> yaml.MappingNode:
    node = yaml.compose(text, Loader=_AnyTag)
    assert isinstance(node, yaml.MappingNode), "expected a mapping"
    return node


def keys(text: str) -> list[str]:
    return [str(key.value) for key, _ in compose(text).value]


def kind_of(block: Any) -> str:
    """Return what a block is, or the place of the part that it is."""
    marks = [one for one in block.info if not one.startswith("file=")]
    if marks:
        return "foreign" if marks[0] in FOREIGN else f"at {marks[0]}"
    named = keys(block.text)
    for key, kind in BEGINS.items():
        if key in named:
            return kind
    if set(named) <= Vertical.model_fields.keys():
        return "at ."
    return "file" if block.file else "unknown"


def merge(into: yaml.Node, part: yaml.Node) -> yaml.Node:
    """Return a mapping with another's entries over its own; anything else is replaced."""
    if not isinstance(into, yaml.MappingNode) or not isinstance(part, yaml.MappingNode):
        return part
    entries = {key.value: (key, value) for key, value in into.value}
    for key, value in part.value:
        old = entries.get(key.value)
        entries[key.value] = (key, value if old is None else merge(old[1], value))
    return yaml.MappingNode(into.tag, list(entries.values()))


def nested(path: str, text: str) -> yaml.Node:
    """Return the mapping that holds a part at its place."""
    node: yaml.Node = compose(text)
    for name in reversed([one for one in path.split(".") if one]):
        key = yaml.ScalarNode("tag:yaml.org,2002:str", name)
        node = yaml.MappingNode("tag:yaml.org,2002:map", [(key, node)])
    return node


def with_parts(whole: str, parts: list[Any]) -> str:
    node: yaml.Node = compose(whole)
    for one in parts:
        node = merge(node, nested(kind_of(one).removeprefix("at "), one.text))
    return str(yaml.serialize(node, Dumper=yaml.SafeDumper, allow_unicode=True, width=10_000))


def set_up(folder: Path, vertical: str, beside: list[Any]) -> Path:
    name = next(value.value for key, value in compose(vertical).value if key.value == "name")
    here = folder / str(name)
    for block in beside:
        if block.file is not None:
            (here / block.file).parent.mkdir(parents=True, exist_ok=True)
            (here / block.file).write_text(block.text, encoding="utf-8")
    here.mkdir(exist_ok=True)
    (here / "vertical.yaml").write_text(vertical, encoding="utf-8")
    return here


def whole_of(beside: list[Any]) -> str:
    wholes = [
        one.text for one in beside if one.language == "yaml" and "\ndialplan:" in f"\n{one.text}"
    ]
    return wholes[0] if wholes else SMALL


def check_vertical(folder: Path, *, files_may_miss: bool) -> None:
    try:
        load_vertical(folder)
    except VerticalProblems as found:
        told = [
            one
            for one in found.problems
            if one.severity == "error" and not (files_may_miss and one.code in MISSING_FILES)
        ]
        assert not told, f"\n{render_text(told)}"


def check_tenants_block(folder: Path, block: Any, beside: list[Any]) -> None:
    verticals = [
        load_vertical(one.parent).vertical for one in ROOT.glob("verticals/*/vertical.yaml")
    ]
    whole = whole_of(beside)
    if whole is not SMALL:
        verticals.append(load_vertical(set_up(folder, whole, beside)).vertical)
    known = {one.name for one in verticals}
    data = yaml.load(block.text, yaml.BaseLoader)  # noqa: S506  keeps all as text
    for tenant in data["tenants"].values():
        # A vertical that a page only names declares what the page sets.
        for name in {*tenant.get("lines", {}).values()} - known:
            small = SMALL.replace("name: example", f"name: {name}")
            declared = ", ".join(f"{one}: {{default: x}}" for one in tenant.get("variables", {}))
            (folder / name).mkdir(exist_ok=True)
            (folder / name / "vertical.yaml").write_text(f"{small}variables: {{{declared}}}\n")
            verticals.append(load_vertical(folder / name).vertical)
            known.add(name)
    (folder / "tenants.yaml").write_text(block.text, encoding="utf-8")
    assert load_tenants(folder / "tenants.yaml", verticals).tenants


def test_the_block_passes_the_check(yaml_block: Any, beside: list[Any], tmp_path: Path) -> None:
    block = yaml_block
    parts = [one for one in beside if one.language == "yaml" and kind_of(one).startswith("at ")]
    match kind_of(block):
        case "vertical":
            check_vertical(set_up(tmp_path, block.text, beside), files_may_miss=False)
        case "tenants":
            check_tenants_block(tmp_path, block, beside)
        case "conversation":
            whole = with_parts(whole_of(beside), parts) if parts else whole_of(beside)
            here = set_up(tmp_path, f"{whole}\nconversations: shown/*.yaml\n", beside)
            (here / "shown").mkdir()
            (here / "shown" / "one.yaml").write_text(block.text, encoding="utf-8")
            assert load_conversation(here, "shown/one.yaml").turns
            if "dialplan:" in "".join(one.text for one in beside):
                assert load_conversations(load_vertical(here))
        case "rehearsal":
            (tmp_path / "one.yaml").write_text(block.text, encoding="utf-8")
            assert load_rehearsal(tmp_path, "one.yaml").routes
        case "retrieval":
            (tmp_path / "one.yaml").write_text(block.text, encoding="utf-8")
            assert load_retrieval(tmp_path, "one.yaml").questions
        case "file":
            used = [one for one in beside if one is not block and block.file in one.text]
            assert used, f"nothing on the page reads `{block.file}`"
        case "foreign":
            assert list(yaml.safe_load_all(block.text))
        case str() as place if place.startswith("at "):
            others = [one for one in parts if one is not block]
            vertical = with_parts(whole_of(beside), [*others, block])
            check_vertical(set_up(tmp_path, vertical, beside), files_may_miss=True)
        case _:
            pytest.fail("say behind `yaml` which key of a vertical this belongs to")


@pytest.mark.parametrize(
    ("text", "place", "code"),
    [
        ("tools: {a: {sql: SELECT 1}}", ".", "E202"),
        ("description: A tool.\nsqll: SELECT 1", "tools.a", "E203"),
        ("clerk: {tools: [nothing]}", "agents", "E302"),
        ("silence: 20", "limits", "E205"),
    ],
)
def test_a_part_with_a_fault_is_found(text: str, place: str, code: str, tmp_path: Path) -> None:
    vertical = yaml.serialize(merge(compose(SMALL), nested(place, text)), Dumper=yaml.SafeDumper)
    folder = set_up(tmp_path, str(vertical), [])

    with pytest.raises(AssertionError, match=code):
        check_vertical(folder, files_may_miss=True)


def test_every_block_says_its_language(block: Any, known_languages: set[str]) -> None:
    assert block.language in known_languages, f"`{block.language}` is not known"
    if block.language == "indented":
        assert "dialplan:" not in block.text, "write YAML between fences, so that it is checked"
