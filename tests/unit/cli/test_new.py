from __future__ import annotations

import fcntl
import os
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from dialplan.cli.check import check
from dialplan.cli.main import cli
from dialplan.cli.new import new
from dialplan.config.load import load_vertical, read_tenants
from dialplan.errors import ConfigError


def run(folder: Path, *arguments: str, **environ: str) -> Result:
    env = {"DIALPLAN_VERTICALS": str(folder / "verticals"), "DIALPLAN_TENANTS": None, **environ}
    return CliRunner().invoke(new, list(arguments), env=env)


def refused(done: Result) -> str:
    assert isinstance(done.exception, ConfigError), done.output
    message = str(done.exception)
    assert "\n" not in message
    return message


def left(folder: Path) -> list[str]:
    return sorted(one.relative_to(folder).as_posix() for one in folder.rglob("*"))


def test_a_new_vertical_passes_the_check_with_its_number(tmp_path: Path) -> None:
    done = run(tmp_path, "repair_shop")

    assert done.exit_code == 0, done.output
    checked = CliRunner().invoke(check, [str(tmp_path / "verticals")])
    assert checked.output == "1 vertical checked, nothing to change\n"
    tenants = read_tenants(tmp_path / "verticals" / "tenants.yaml")
    assert tenants.resolve("+15550100001") == ("repair_shop", "repair_shop")
    assert {one.split("/")[0] for one in left(tmp_path / "verticals")} == {
        "repair_shop",
        "tenants.yaml",
    }


def test_what_is_given_is_in_it(tmp_path: Path) -> None:
    title, greeting = 'Zoë\'s "Best": Dogs & #1', "Hi, {{ business_name }}: yes?"

    done = run(tmp_path, "dogs", "--title", title, "--greeting", greeting, "--line", "+15550100777")

    assert done.exit_code == 0, done.output
    vertical = load_vertical(tmp_path / "verticals" / "dogs").vertical
    assert vertical.title == title
    assert vertical.variables["business_name"].default == title
    assert vertical.voice.greeting == greeting
    tenants = read_tenants(tmp_path / "verticals" / "tenants.yaml")
    assert tenants.resolve("+15550100777") == ("dogs", "dogs")


def test_a_second_one_gets_the_next_number(tmp_path: Path) -> None:
    run(tmp_path, "first")
    run(tmp_path, "second")

    tenants = read_tenants(tmp_path / "verticals" / "tenants.yaml")
    assert {name: list(one.lines) for name, one in tenants.tenants.items()} == {
        "first": ["+15550100001"],
        "second": ["+15550100002"],
    }


def test_the_next_commands_exist(tmp_path: Path) -> None:
    done = run(tmp_path, "shop")

    commands = [line.strip() for line in done.output.partition("next:\n")[2].splitlines()]
    assert len(commands) == 3
    for command in commands:
        words = shlex.split(command)
        assert words[0] == "dialplan"
        found = cli.get_command(click.Context(cli), words[1])
        assert found is not None
        found.make_context(words[1], words[2:])


def test_elsewhere_the_commands_say_where(tmp_path: Path) -> None:
    done = run(tmp_path, "shop", "--into", str(tmp_path / "other folder"))

    assert done.exit_code == 0, done.output
    assert (tmp_path / "other folder" / "tenants.yaml").is_file()
    assert f"DIALPLAN_VERTICALS='{tmp_path}/other folder' dialplan call " in done.output


@pytest.mark.parametrize("name", ["Shop", "my-shop", "1shop", "../shop", "shop/", "", "a" * 64])
def test_a_name_that_is_not_snake_case_is_refused(tmp_path: Path, name: str) -> None:
    assert "snake_case" in refused(run(tmp_path, "--", name))
    assert left(tmp_path) == []


def test_an_existing_folder_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "verticals" / "shop").mkdir(parents=True)

    assert refused(run(tmp_path, "shop")).endswith("exists: choose another name")
    assert left(tmp_path) == ["verticals", "verticals/shop"]


def test_a_number_that_is_bound_is_refused(tmp_path: Path) -> None:
    run(tmp_path, "shop")
    before = left(tmp_path)

    message = refused(run(tmp_path, "other", "--line", "+1 (555) 010-0001"))

    assert message == ("`+15550100001` already belongs to the tenant `shop`: choose another number")
    assert left(tmp_path) == before


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--line", "911", "is not a phone number"),
        ("--title", "  ", "one line of text"),
        ("--title", "x" * 81, "81 characters"),
        ("--greeting", "Hello\nthere", "one line of text"),
        ("--greeting", "{{ busines_name }}", "`voice.greeting` would not pass the check"),
        ("--greeting", "{{ business_name", "`voice.greeting` would not pass the check"),
    ],
)
def test_a_bad_value_is_refused_and_leaves_nothing(
    tmp_path: Path, option: str, value: str, told: str
) -> None:
    assert told in refused(run(tmp_path, "shop", option, value))
    assert left(tmp_path) == []


def test_a_tenants_file_that_cannot_be_added_to_is_left_and_the_line_printed(
    tmp_path: Path,
) -> None:
    (tmp_path / "verticals").mkdir()
    file = tmp_path / "verticals" / "tenants.yaml"
    file.write_text("tenants: {} # none yet\n")

    done = run(tmp_path, "shop")

    assert done.exit_code == 0, done.output
    assert file.read_text() == "tenants: {} # none yet\n"
    assert '  shop:\n    lines: {"+15550100001": shop}\n' in done.output


def test_the_tenants_file_of_the_settings_is_used_and_keeps_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "ops.yaml"
    file.write_text('tenants:\n  a:\n    lines: {"+15550100001": x}  # ours\n')
    file.chmod(0o640)

    done = run(tmp_path, "shop", DIALPLAN_TENANTS=str(file))

    assert done.exit_code == 0, done.output
    assert read_tenants(file).resolve("+15550100002") == ("shop", "shop")
    assert "# ours\n" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o640


def test_where_the_tenants_file_cannot_be_written_nothing_is(tmp_path: Path) -> None:
    # A folder that is not there: the file cannot be made in it, whoever runs the test.
    done = run(tmp_path, "shop", DIALPLAN_TENANTS=str(tmp_path / "no" / "tenants.yaml"))

    assert "no such file or directory" in refused(done)
    assert left(tmp_path) == []


def test_a_folder_that_is_a_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "verticals").write_text("")

    assert "cannot write" in refused(run(tmp_path, "shop"))
    assert left(tmp_path) == ["verticals"]


def test_two_at_once_do_not_mix(tmp_path: Path) -> None:
    (tmp_path / "verticals").mkdir()
    other = os.open(tmp_path / "verticals", os.O_RDONLY)
    try:
        fcntl.flock(other, fcntl.LOCK_EX)

        assert "run this one again" in refused(run(tmp_path, "shop"))
    finally:
        os.close(other)
    assert left(tmp_path) == ["verticals"]


def test_a_copy_of_a_vertical_beside_it_has_a_number_of_its_own(tmp_path: Path) -> None:
    run(tmp_path, "shop", "--greeting", "Hi.")

    done = run(tmp_path, "kiosk", "--from", "shop", "--title", "Kiosk")

    assert done.exit_code == 0, done.output
    vertical = load_vertical(tmp_path / "verticals" / "kiosk").vertical
    assert (vertical.title, vertical.voice.greeting) == ("Kiosk", "Hi.")
    tenants = read_tenants(tmp_path / "verticals" / "tenants.yaml")
    assert tenants.resolve("+15550100002") == ("kiosk", "kiosk")
    checked = CliRunner().invoke(check, ["--strict", str(tmp_path / "verticals")])
    assert checked.output == "2 verticals checked, nothing to change\n"


def test_a_copy_of_nothing_writes_nothing(tmp_path: Path) -> None:
    assert "`nowhere` is no vertical" in refused(run(tmp_path, "kiosk", "--from", "nowhere"))
    assert left(tmp_path) == []
