"""Commands in the documentation exist with their options, and its Python compiles."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from dialplan.cli.main import cli

_ASSIGNED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=.*")
_ENDS = {";", "&&", "||", "|", "&", "(", ")", ">", ">>", "<", "2>"}
_INLINE = re.compile(r"(?<!`)`(dialplan [^`\n]+)`(?!`)")


def simple_commands(text: str) -> Iterator[list[str]]:
    """Yield the words of every simple command of a shell text."""
    joined = text.replace("\\\n", " ")
    for line in joined.splitlines():
        stripped = re.sub(r"^\s*\$ ", "", line)
        lexer = shlex.shlex(stripped, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words: list[str] = []
        for word in [*lexer, ";"]:
            if word in _ENDS:
                if words:
                    yield words
                words = []
            else:
                words.append(word)


def our_arguments(words: list[str]) -> list[str] | None:
    """Return what is given to `dialplan` by a simple command, None when that is not called."""
    while words and _ASSIGNED.fullmatch(words[0]):
        words = words[1:]
    if not words:
        return None
    if words[:2] == ["docker", "run"]:
        images = [at for at, word in enumerate(words) if re.fullmatch(r"dialplan(:\S+)?", word)]
        return words[images[-1] + 1 :] if images and words[images[-1] + 1 :] else None
    if Path(words[0]).name.startswith("python") and words[1:3] == ["-m", "dialplan"]:
        return words[3:]
    return words[1:] if Path(words[0]).name == "dialplan" else None


def parse(arguments: list[str], *, mentioned: bool = False) -> None:
    """Parse a command line as click would, without running it; a mention may leave things out."""
    command: click.Command = cli
    context = click.Context(cli, info_name="dialplan")
    rest = arguments
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        inner = command.get_command(context, rest[0])
        assert inner is not None, f"there is no command `{rest[0]}`"
        command, rest = inner, rest[1:]
    try:
        command.make_context("dialplan", list(rest), parent=None)
    except click.exceptions.Exit:
        return  # --help
    except click.MissingParameter:
        if not mentioned:
            raise
    except click.ClickException as exc:
        pytest.fail(f"`dialplan {shlex.join(arguments)}`: {exc.format_message()}")


def test_the_commands_of_the_block_exist(shell_block: Any) -> None:
    text = shell_block.text
    if shell_block.language == "indented":
        # Such a block may be anything; a command begins its line.
        text = "\n".join(re.findall(r"^(?:\$ )?dialplan [^:].*$", text, re.MULTILINE))
    else:
        quiet = re.sub(r"^\s*\$ ", "", text, flags=re.MULTILINE)
        done = subprocess.run(
            ["bash", "-n"],  # noqa: S607
            input=quiet, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    for words in simple_commands(text):
        arguments = our_arguments(words)
        if arguments is not None:
            parse(arguments)


def test_the_commands_between_backticks_exist(page: Path, prose: str) -> None:
    for written in _INLINE.findall(prose):
        if "COMMAND" not in written:
            parse(shlex.split(written)[1:], mentioned=True)


def test_the_python_of_every_block_compiles(python_blocks: list[Any]) -> None:
    for block in python_blocks:
        compile(block.text, str(block), "exec")


@pytest.mark.parametrize(
    "line", ["dialplan nothing", "A=1 dialplan serve --hots x", "true | dialplan call"]
)
def test_a_command_that_does_not_exist_is_found(line: str) -> None:
    found = [given for one in simple_commands(line) if (given := our_arguments(one)) is not None]

    assert len(found) == 1
    with pytest.raises((AssertionError, pytest.fail.Exception, click.MissingParameter)):
        parse(found[0])


def test_the_command_of_a_container_is_found() -> None:
    (words,) = simple_commands("docker run --rm -v ./data:/data dialplan:0.1.0 check /verticals")

    assert our_arguments(words) == ["check", "/verticals"]
