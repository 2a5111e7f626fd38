"""`dialplan test` as it is typed: exit codes, formats, selection."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from dialplan.cli.main import cli

Shop = Callable[[Mapping[str, str]], Path]
GOOD = 'turns: [{caller: Hello there., model: [{say: "Good morning."}], expect: {says: morning}}]\n'
BAD = GOOD.replace("says: morning", "says: evening")


@pytest.fixture
def run(data: Path) -> Callable[..., Result]:
    def running(*args: str | Path) -> Result:
        environ = {"DIALPLAN_DATA": str(data)}
        return CliRunner().invoke(cli, ["test", *map(str, args)], env=environ)

    return running


def test_all_passed_is_exit_code_0_and_a_line_each(run: Callable[..., Result], shop: Shop) -> None:
    folder = shop({"one": GOOD, "two": GOOD})

    result = run(folder.parent)

    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert [line[:2] for line in lines[:2]] == ["ok", "ok"]
    assert lines[2].endswith("2 passed")


def test_one_failed_is_exit_code_1_with_the_place(run: Callable[..., Result], shop: Shop) -> None:
    file = shop({"one": GOOD, "two": BAD}) / "conversations" / "two.yaml"

    result = run(file)

    assert result.exit_code == 1
    assert f"{file}:2:80: expected to hear `evening`\n" in result.output
    assert "got the agent said: Good morning.\n" in result.output
    assert "caller: Hello there.\n" in result.output


def test_junit_and_json_say_the_same(run: Callable[..., Result], shop: Shop) -> None:
    folder = shop({"one": GOOD, "two": BAD})

    junit, rows = run(folder, "--format", "junit"), run(folder, "--format", "json")

    assert ElementTree.fromstring(junit.stdout.encode()).get("failures") == "1"  # noqa: S314 - our own
    assert [row["passed"] for row in json.loads(rows.stdout)] == [True, False]
    assert (junit.exit_code, rows.exit_code) == (1, 1)


def test_a_slip_in_a_file_is_exit_code_2_and_printed_as_by_check(
    run: Callable[..., Result], shop: Shop
) -> None:
    folder = shop({"one": GOOD.replace("says:", "sais:"), "two": GOOD.replace("turns", "turn")})

    result = run(folder)

    assert result.exit_code == 2
    assert "did you mean `says`?" in result.output
    assert result.output.count(": E20") == 3


def test_a_seed_that_does_not_fit_is_exit_code_2(run: Callable[..., Result], shop: Shop) -> None:
    folder = shop({"one": "given: {seed: seed.yaml}\n" + GOOD})
    (folder / "seed.yaml").write_text("tickets: [{idd: 1}]\n")

    result = run(folder)

    assert result.exit_code == 2
    assert "seed.yaml:1:12: E310" in result.output


def test_no_conversation_is_said_in_a_sentence(run: Callable[..., Result], shop: Shop) -> None:
    result = run(shop({"one": GOOD}), "-k", "nothing like it")

    assert result.exception is not None
    assert str(result.exception).startswith(
        "no conversation with `nothing like it` in its name found under `"
    )
