from __future__ import annotations

from pathlib import Path

from dialplan.config.bundle import read_bundle, version_of, write_bundle
from dialplan.config.difference import changes_between, numbers_between
from dialplan.config.load import LoadedVertical, load_vertical
from dialplan.model.tenants import Tenants

SHOP = """\
dialplan: 1
name: shop
title: Shop
voice: {greeting: Hello.}
agents:
  desk: {entry: true, prompt: prompts/desk.md, tools: [hours]}
tools:
  hours: {description: Tell the opening hours., builtin: answer, result: {open: all day}}
"""


def loaded(
    folder: Path, text: str = SHOP, prompt: str = "Be kind.\n", **files: str
) -> LoadedVertical:
    (folder / "prompts").mkdir(parents=True, exist_ok=True)
    (folder / "vertical.yaml").write_text(text)
    (folder / "prompts" / "desk.md").write_text(prompt)
    for name, content in files.items():
        (folder / f"{name}.md").write_text(content)
    return load_vertical(folder)


def told(
    old: LoadedVertical | None, new: LoadedVertical
) -> list[tuple[str, str, str, tuple[str, ...]]]:
    return [(one.area, one.name, one.how, one.details) for one in changes_between(old, new)]


def test_the_same_files_differ_in_nothing(tmp_path: Path) -> None:
    one, other = loaded(tmp_path / "a" / "shop"), loaded(tmp_path / "b" / "shop")

    assert told(one, other) == []
    assert one.version == other.version


def test_a_changed_tool_names_the_keys_that_differ(tmp_path: Path) -> None:
    old = loaded(tmp_path / "a" / "shop")
    new = loaded(
        tmp_path / "b" / "shop",
        SHOP.replace("{open: all day}", "{open: mornings, closed: sundays}")
        + "  bye: {description: End the call., builtin: hang_up}\n",
    )

    assert told(old, new) == [
        ("tools", "bye", "added", ()),
        ("tools", "hours", "changed", ("result (+closed, open)",)),
    ]


def test_what_is_read_out_of_a_call_may_differ(tmp_path: Path) -> None:
    after = (
        "after_call: {prompt: Look., fields: {follow_up: boolean, intent: {enum: [buy, sell]}}}\n"
    )
    old = loaded(tmp_path / "a" / "shop", SHOP + after)
    new = loaded(
        tmp_path / "b" / "shop", SHOP + after.replace("Look", "Read").replace("follow_up", "done")
    )

    assert told(old, new) == [
        ("prompts", "(after the call)", "changed", ("+1 -1 lines",)),
        ("after_call", "", "changed", ("prompt", "fields (+done, -follow_up)")),
    ]
    assert told(loaded(tmp_path / "c" / "shop"), new)[-1] == ("after_call", "", "changed", ())


def test_an_agent_that_gets_a_tool_says_which(tmp_path: Path) -> None:
    bye = "  bye: {description: End the call., builtin: hang_up}\n"
    old = loaded(tmp_path / "a" / "shop", SHOP + bye)
    new = loaded(tmp_path / "b" / "shop", SHOP.replace("[hours]", "[hours, bye]") + bye)

    assert told(old, new) == [("agents", "desk", "changed", ("tools (+bye)",))]


def test_a_prompt_in_a_file_is_compared_by_its_text(tmp_path: Path) -> None:
    old = loaded(tmp_path / "a" / "shop")
    new = loaded(tmp_path / "b" / "shop", prompt="Be kind.\nBe brief.\n")

    assert told(old, new) == [("prompts", "desk", "changed", ("+1 -0 lines",))]


def test_a_file_that_no_call_reads_needs_nothing_but_is_another_version(tmp_path: Path) -> None:
    old = loaded(tmp_path / "a" / "shop")
    new = loaded(tmp_path / "b" / "shop", NOTES="remember")

    changes = changes_between(old, new)

    assert [(one.area, one.name, one.needs) for one in changes] == [
        ("files", "NOTES.md", "nothing")
    ]
    assert old.version != new.version


def test_numbers_say_who_answers_them(tmp_path: Path) -> None:
    old = Tenants.model_validate({"tenants": {"a": {"lines": {"+15550100001": "shop"}}}})
    new = Tenants.model_validate(
        {"tenants": {"b": {"lines": {"+15550100001": "shop", "+15550100002": "shop"}}}}
    )

    found = [(one.name, one.how, one.details) for one in numbers_between(old, new)]

    assert found == [
        ("+15550100002", "added", ("b / shop",)),
        ("+15550100001", "changed", ("a / shop -> b / shop",)),
    ]


def test_a_bundle_has_no_links_no_hidden_files_and_comes_back_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    loaded(folder)
    (folder / ".env").write_text("secret")
    (folder / "vertical.yaml~").write_text("old")
    (folder / "link.yaml").symlink_to("/etc/passwd")

    bundle = read_bundle(folder)
    again = tmp_path / "again"
    again.mkdir()
    write_bundle(bundle, again)

    assert sorted(bundle) == ["prompts/desk.md", "vertical.yaml"]
    assert version_of(read_bundle(again)) == version_of(bundle)
