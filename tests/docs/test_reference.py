"""The generated reference is what the code says, and misses nothing that the code has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from jsonschema import Draft202012Validator

from dialplan.cli.main import cli
from dialplan.cli.reference.__main__ import main
from dialplan.cli.reference.examples import Examples
from dialplan.cli.reference.language import sections_of
from dialplan.cli.reference.markdown import slug
from dialplan.cli.reference.pages import pages
from dialplan.model.schema import KINDS, described
from dialplan.settings import Settings
from dialplan.web.door import MEDIA_PATH

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
MADE = pages(ROOT / "verticals")


@pytest.mark.parametrize("name", sorted(MADE))
def test_the_page_is_what_the_code_says(name: str) -> None:
    found = ROOT / "docs" / name

    assert found.is_file(), "run `make docs`"
    assert found.read_text(encoding="utf-8") == MADE[name], "run `make docs`"


def test_the_command_writes_every_page(tmp_path: Path) -> None:
    main(tmp_path, ROOT / "verticals")

    written = {one.relative_to(tmp_path).as_posix() for one in tmp_path.rglob("*.md")}
    assert written == set(MADE)


def owners(kind: str) -> dict[str, dict[str, Any]]:
    """Return the keys of every mapping that a kind of file may hold, by its type's name."""
    root = described(kind)
    types = {kind: root, **root.get("$defs", {})}
    return {
        name: schema["properties"]
        for name, schema in types.items()
        # The short form of hours is the only one; its schema stands at the key itself.
        if "properties" in schema and name not in ("Hours", "Span")
    }


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_key_of_every_type_is_in_the_reference(kind: str) -> None:
    page = (REFERENCE / "language.md").read_text(encoding="utf-8")
    part = page.partition(f"\n## {kind}\n")[2].partition("\n## ")[0]
    rows = {
        tuple(line.split(" | ")[i] for i in (0, 3)) for line in part.splitlines() if "<a " in line
    }
    shown = {(re.sub(r"^.*`([^`]*)`$", r"\1", key), meaning) for key, meaning in rows}

    missing = [
        f"{owner}.{key}"
        for owner, properties in owners(kind).items()
        for key, schema in properties.items()
        if not any(
            one == key and meaning.startswith(str(schema.get("description"))[:40])
            for one, meaning in shown
        )
    ]
    assert not missing, "run `make docs`"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_key_says_what_it_means(kind: str) -> None:
    mute = [
        f"{owner}.{key}"
        for owner, properties in owners(kind).items()
        for key, schema in properties.items()
        if not schema.get("description")
    ]

    assert not mute, "write a docstring below the attribute"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_example_fits_its_key(kind: str) -> None:
    root = described(kind)
    for section in sections_of(kind, Examples.under(ROOT / "verticals")):
        for key in section.keys:
            written = yaml.load(key.example, yaml.BaseLoader)  # noqa: S506  keeps all as text
            assert isinstance(written, dict), f"{section.title}: `{key.example}`"
            if "..." in key.example:
                continue
            schema = {"$defs": root.get("$defs", {}), **key.schema}
            (value,) = yaml.safe_load(key.example).values()
            Draft202012Validator(schema).validate(value)


def test_an_example_is_there_for_keys_that_no_file_uses() -> None:
    for kind in KINDS:
        for section in sections_of(kind, Examples({})):
            assert all(": " in key.example for key in section.keys)


def test_no_two_headings_of_the_language_share_an_anchor() -> None:
    headings = re.findall(r"^#+ (.*)$", MADE["reference/language.md"], re.MULTILINE)
    anchors = [slug(one) for one in headings]

    assert len(set(anchors)) == len(anchors)


def commands_below(command: click.Command, path: str) -> dict[str, click.Command]:
    """Return every command that does something, by the words that call it."""
    if not isinstance(command, click.Group):
        return {path: command}
    context = click.Context(command)
    found: dict[str, click.Command] = {}
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        assert inner is not None
        if not inner.hidden:
            found |= commands_below(inner, f"{path} {name}")
    return found


def test_every_command_and_option_is_in_the_reference() -> None:
    page = (REFERENCE / "commands.md").read_text(encoding="utf-8")
    missing = []
    for path, command in commands_below(cli, "dialplan").items():
        part = page.partition(f"## {path}\n")[2].partition("\n## ")[0]
        missing += [] if part else [path]
        missing += [
            f"{path} {option.opts[-1]}"
            for option in command.params
            if isinstance(option, click.Option)
            and not option.hidden
            and f"`{option.opts[-1]}`" not in part
        ]

    assert not missing, "run `make docs`"


def test_every_environment_variable_is_in_the_reference() -> None:
    page = (REFERENCE / "settings.md").read_text(encoding="utf-8")
    named = [str(field.alias) for field in Settings.model_fields.values()]

    assert not [one for one in named if f"`{one}`" not in page], "run `make docs`"


def test_every_option_and_setting_says_what_it_means() -> None:
    mute = [str(one.alias) for one in Settings.model_fields.values() if not one.description]
    for path, command in commands_below(cli, "dialplan").items():
        mute += [] if command.help else [path]
        mute += [
            f"{path} {one.opts[-1]}"
            for one in command.params
            if isinstance(one, click.Option) and not one.hidden and not one.help
        ]

    assert not mute


def test_every_route_of_the_server_is_in_the_reference() -> None:
    page = (REFERENCE / "http.md").read_text(encoding="utf-8")
    source = (ROOT / "platform/dialplan/web/app.py").read_text(encoding="utf-8")
    routes = {*re.findall(r'Route\("(/[^"]*)"', source), MEDIA_PATH, f"{MEDIA_PATH}/{{worker}}"}

    assert len(routes) >= 8
    assert not [one for one in routes if f"`{one}`" not in page]
