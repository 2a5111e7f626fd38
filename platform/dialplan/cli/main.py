"""The `dialplan` command. Commands are imported when called, so that none pays for another."""

from __future__ import annotations

import gc
import importlib
import os
import sys

import click

from dialplan.errors import DialplanError

# Command -> module under dialplan.cli that has a click command of the same name.
COMMANDS = {
    "new": "begin a vertical that answers at once",
    "serve": "answer calls",
    "jobs": "do what follows calls: read them, send what was read",
    "analyse": "read a past call once more, by the files of today",
    "call": "place an emulated call through a rehearsal and watch it",
    "check": "find every problem in verticals and tenants",
    "test": "hold the conversations that verticals ship",
    "knowledge": "ask, test and index the articles that verticals answer from",
    "explain": "say what a called number gets, and why",
    "show": "print a vertical with everything in place",
    "plan": "show what deploying the folder would change",
    "apply": "deploy the folder",
    "rollback": "let an earlier version of a vertical serve again",
    "graph": "draw the agents of a vertical and their handoffs",
    "settings": "print every setting and where it comes from",
    "bench": "measure how many calls one core carries, and how well",
    "version": "print the version",
}
# Commands that other commands start.
HIDDEN = ("peers", "worker")


# The first line keeps click from joining the lines.
EXAMPLES = """\b
Examples:
  dialplan new repair_shop                begin a vertical, with a number that rings it
  dialplan check                          find every problem in ./verticals
  dialplan test                           hold their conversations, offline
  dialplan serve --rehearse               answer calls with no account and no key
  dialplan call +15550100001 --say "Hi"   ring a rehearsal of your verticals
"""


class _Commands(click.Group):
    """Looks a command up by the name of its module."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS and cmd_name not in HIDDEN:
            return None
        module = importlib.import_module(f"dialplan.cli.{cmd_name}")
        command = getattr(module, cmd_name)
        assert isinstance(command, click.Command)  # noqa: S101  a test walks all of them
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # The one-line helps stand above, so that `--help` imports no command.
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=_Commands, no_args_is_help=True, epilog=EXAMPLES)
def cli() -> None:
    """Answer phone calls with AI agents written in YAML."""


def main() -> None:
    """Run the command; a problem of the user's is one clear sentence and exit code 2."""
    # Both cost a command some 20 ms before its first line of work, and no command needs them so:
    # collecting the garbage of imports, and pydantic's search of every installed package for
    # plugins. A command that lasts sets its own thresholds.
    gc.set_threshold(50_000, 20, 20)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    try:
        cli(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as exc:
        exc.show()
        sys.exit(exc.exit_code)
    except click.exceptions.Exit as exc:
        sys.exit(exc.exit_code)
    except (DialplanError, ExceptionGroup) as exc:
        error = user_error(exc)
        if error is None:
            raise
        click.echo(f"dialplan: {error}", err=True)
        sys.exit(2)


def user_error(exc: Exception) -> DialplanError | None:
    """Return the user's problem in an exception, out of task groups too; None for a bug of ours."""
    if isinstance(exc, DialplanError):
        return exc
    if not isinstance(exc, ExceptionGroup):
        return None
    found = [user_error(one) for one in exc.exceptions]
    return found[0] if all(found) else None
