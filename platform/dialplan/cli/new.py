"""`dialplan new`: a small vertical that answers, and a number that rings it."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path

import click

from dialplan.cli.skeleton import GREETING, skeleton
from dialplan.cli.skeleton.binding import entry, free_number, owners
from dialplan.cli.skeleton.copying import copied, find, shipped
from dialplan.cli.skeleton.writing import Place, write
from dialplan.config.load import read_tenants
from dialplan.config.problem import VerticalProblems
from dialplan.errors import ConfigError
from dialplan.model.shape import IDENTIFIER, PHONE
from dialplan.model.tenants import Tenants
from dialplan.settings import Settings

_LONGEST = {"--title": 80, "--greeting": 300}

_EXAMPLES = """\b
Examples:
  dialplan new repair_shop
  dialplan new repair_shop --title "Spoke and Wheel" --line +15550100020
  dialplan new repair_shop --from verticals/bicycles
"""


@click.command(epilog=_EXAMPLES)
@click.argument("name")
@click.option(
    "--from",
    "source",
    metavar="VERTICAL",
    help="A vertical to copy: its folder, or the name of one that is there or that ships.",
)
@click.option("--title", help="What the business is called; made from NAME by default.")
@click.option("--greeting", help="The first words of every call, a template.")
@click.option("--line", "number", help="The number that rings it; a free made-up one by default.")
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    help="The folder of verticals; that of DIALPLAN_VERTICALS by default.",
)
def new(
    name: str,
    source: str | None,
    title: str | None,
    greeting: str | None,
    number: str | None,
    into: Path | None,
) -> None:
    """Write a vertical NAME that takes appointments, or a copy of another, to be made your own.

    It has two agents, four tools, a table with demo rows and two conversations, and passes
    `dialplan check`. With `--from` it is a copy that says its own name. In a terminal, what is
    not given is asked; a copy keeps its title and greeting. Nothing that exists is overwritten;
    a number is added to the tenants file.
    """
    settings = Settings.from_environ(os.environ)
    place = _place(settings, into)
    _check_name(name, place)
    tenants = _tenants(place.tenants)
    folder = (place.verticals / name).as_posix()
    schemas = (place.verticals.parent / "schemas" / "vertical.schema.json").is_file()
    if source is None:
        title = _text("--title", title, "What is the business called?", _titled(name))
        greeting = _text("--greeting", greeting, "What does it say first?", GREETING)
        number = _number(number, tenants)
        files = {
            path: text.encode("utf-8")
            for path, text in skeleton(
                name, title=title, greeting=greeting, folder=folder, schemas=schemas
            ).items()
        }
        said = "When are you open?"
    else:
        begun = find(source, (place.verticals, settings.verticals, shipped()))
        number = _number(number, tenants)
        files = copied(
            begun,
            name,
            title=None if title is None else _line("--title", title),
            greeting=None if greeting is None else _line("--greeting", greeting),
            folder=folder,
            number=number,
            schemas=schemas,
        )
        said = "Hello."
    bound = write(place, name, files, number)
    _report(place, name, files, number, bound, said)


def _place(settings: Settings, into: Path | None) -> Place:
    if into is None or into.absolute() == settings.verticals.absolute():
        return Place(settings.verticals, settings.tenants_file, False)
    return Place(into, settings.tenants or into / "tenants.yaml", True)


def _check_name(name: str, place: Place) -> None:
    if not re.fullmatch(IDENTIFIER, name):
        raise ConfigError(
            f"`{name}` cannot be the name of a vertical: write it in snake_case, such as "
            "`repair_shop`"
        )
    if os.path.lexists(place.verticals / name):
        raise ConfigError(f"`{place.verticals / name}` exists: choose another name")


def _tenants(file: Path) -> Tenants | None:
    """Read the tenants file; None when there is none, or one that its author must mend first."""
    try:
        return read_tenants(file) if file.is_file() else None
    except VerticalProblems:
        return None


def _titled(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _text(option: str, given: str | None, question: str, default: str) -> str:
    if given is None:
        given = click.prompt(question, default=default) if sys.stdin.isatty() else default
    return _line(option, given)


def _line(option: str, given: str) -> str:
    text = given.strip()
    if not text or not text.isprintable():
        raise ConfigError(f"`{option}` must be one line of text")
    if len(text) > _LONGEST[option]:
        raise ConfigError(
            f"`{option}` has {len(text)} characters: {_LONGEST[option]} are the most that "
            "anybody listens to"
        )
    return text


def _number(given: str | None, tenants: Tenants | None) -> str:
    taken = owners(tenants)
    if given is None:
        free = free_number(taken)
        asked = sys.stdin.isatty()
        given = click.prompt("Which number rings it?", default=free) if asked else free
    number = re.sub(r"[ ().-]", "", given)
    if not re.fullmatch(PHONE, number):
        raise ConfigError(f"`{given}` is not a phone number: write it as `+15550100001`")
    if number in taken:
        raise ConfigError(
            f"`{number}` already belongs to the tenant `{taken[number]}`: choose another number"
        )
    return number


def _report(
    place: Place, name: str, files: Iterable[str], number: str, bound: bool, said: str
) -> None:
    folder = place.verticals / name
    click.echo(f"wrote {folder}: {', '.join(files)}")
    if bound:
        click.echo(f"bound {number} to it in {place.tenants}")
    else:
        click.echo(f"add this to {place.tenants} under `tenants:`, which is left as it is:")
        click.echo(entry(name, number), nl=False)
    # Commands look where the settings say.
    there = f"DIALPLAN_VERTICALS={shlex.quote(str(place.verticals))} " if place.elsewhere else ""
    click.echo("\nnext:")
    for command in (
        f"dialplan check {shlex.quote(str(folder))}",
        f'{there}dialplan call {number} --seed --say "{said}" --say "Thank you, bye."',
        f"dialplan test {shlex.quote(str(folder))}",
    ):
        click.echo(f"  {command}")
