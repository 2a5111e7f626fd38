"""docs/reference/commands.md: every command with its arguments and options, from click."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from dialplan.cli.main import cli
from dialplan.cli.reference.markdown import GENERATED, code, table


def commands_page() -> str:
    """Return the page."""
    parts = [
        "# Commands",
        "",
        GENERATED,
        "",
        "`dialplan COMMAND --help` says the same. A problem of yours is one sentence and exit code",
        "2; a command that was interrupted ends with 130.",
        "",
    ]
    for path, command in walk(cli, ("dialplan",)):
        if not isinstance(command, click.Group):
            parts += _command(path, command)
    return "\n".join(parts).rstrip() + "\n"


def walk(
    command: click.Command, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield a command and those below it, with the words that lead there."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=path[-1])
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None and not inner.hidden:
                yield from walk(inner, (*path, name))


def _command(path: tuple[str, ...], command: click.Command) -> list[str]:
    context = click.Context(command, info_name=" ".join(path))
    usage = " ".join([" ".join(path), *command.collect_usage_pieces(context)])
    parts = [f"## {' '.join(path)}", "", "```text", usage, "```", ""]
    parts += [*_text(command.help or ""), *_text(command.epilog or "")]
    options = [one for one in command.params if isinstance(one, click.Option) and not one.hidden]
    if options:
        rows = [
            (
                ", ".join(code(name) for name in (*one.opts, *one.secondary_opts)),
                _value(one, context),
                _default(one),
                one.help or "",
            )
            for one in options
        ]
        parts += [*table(("option", "value", "default", "meaning"), rows), ""]
    return parts


def _text(written: str) -> list[str]:
    """Return help text as Markdown: a paragraph that click keeps as it is becomes code."""
    parts: list[str] = []
    for block in inspect.cleandoc(written).split("\n\n"):
        kept = block.lstrip("\n")
        if kept.startswith("\b"):
            lines = [line for line in kept.split("\n")[1:] if line.strip()]
            if lines and not lines[0].startswith(" "):
                parts += [lines.pop(0), ""]
            parts += [
                "```text",
                *(inspect.cleandoc("\n".join(["", *lines])).split("\n")),
                "```",
                "",
            ]
        elif kept.strip():
            parts += [" ".join(kept.split()), ""]
    return parts


def _value(option: click.Option, context: click.Context) -> str:
    if option.is_flag:
        return "flag"
    if isinstance(option.type, click.Choice):
        return ", ".join(code(str(one)) for one in option.type.choices)
    name = option.make_metavar(context)
    return code(name) + (", may be repeated" if option.multiple else "")


def _default(option: click.Option) -> str:
    value = option.default
    if option.is_flag or option.multiple or not isinstance(value, str | int | float):
        return ""
    return code(str(value))
