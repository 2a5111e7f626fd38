"""Puts a new vertical into its folder and its number into the tenants file: all or nothing."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dialplan.cli.skeleton.binding import owners, with_line
from dialplan.config.load import load_vertical, read_tenants
from dialplan.config.problem import VerticalProblems
from dialplan.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Place:
    """Where verticals and tenants are; `elsewhere` when that is not where the settings say."""

    verticals: Path
    tenants: Path
    elsewhere: bool


def write(place: Place, name: str, files: Mapping[str, bytes], number: str) -> bool:
    """Write a vertical; returns whether its number could be bound too.

    Raises:
        ConfigError: nothing was written, for the reason given.
    """
    folder = place.verticals / name
    try:
        with _alone(place.verticals) as made:
            _fill(made / name, files)
            _check(made / name)
            bound = _bound(place.tenants, name, number)
            (made / name).rename(folder)
            if bound is not None:
                try:
                    _replace(place.tenants, bound)
                except OSError:
                    folder.rename(made / name)
                    raise
    except OSError as exc:
        why = (exc.strerror or str(exc)).lower()
        raise ConfigError(f"cannot write `{exc.filename or folder}`: {why}") from exc
    return bound is not None


@contextlib.contextmanager
def _alone(verticals: Path) -> Iterator[Path]:
    """Give a folder beside the verticals to work in, to one command at a time."""
    missing = [one for one in (verticals, *verticals.parents) if not one.exists()]
    verticals.mkdir(parents=True, exist_ok=True)
    lock = os.open(verticals, os.O_RDONLY)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise ConfigError(
                f"another `dialplan new` is writing to `{verticals}`: run this one again"
            ) from exc
        # It lies deeper than verticals are looked for: no server meets what is half made.
        with tempfile.TemporaryDirectory(prefix=".new-", dir=verticals) as made:
            yield Path(made)
    finally:
        os.close(lock)
        for one in missing:
            with contextlib.suppress(OSError):  # it holds something by now
                one.rmdir()


def _fill(folder: Path, files: Mapping[str, bytes]) -> None:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def _check(folder: Path) -> None:
    """Refuse what `dialplan check` would complain about: the greeting may be any template."""
    try:
        problems = load_vertical(folder).warnings
    except VerticalProblems as exc:
        problems = exc.problems
    if problems:
        first = problems[0]
        raise ConfigError(f"`{first.path}` would not pass the check: {first.message}")


def _bound(file: Path, name: str, number: str) -> str | None:
    """Return the tenants file with the number in it, None where only its author can add it."""
    if not os.path.lexists(file):
        return with_line(None, name, number)
    try:
        text = file.read_bytes().decode("utf-8")
        taken = owners(read_tenants(file))
    except (VerticalProblems, UnicodeDecodeError):
        return None
    if number in taken:
        raise ConfigError(
            f"`{number}` already belongs to the tenant `{taken[number]}`: choose another number"
        )
    return with_line(text, name, number)


def _replace(file: Path, text: str) -> None:
    goal = file.resolve()
    descriptor, hidden = tempfile.mkstemp(prefix=".new-", dir=goal.parent)
    try:
        with open(descriptor, "w", encoding="utf-8") as out:
            out.write(text)
        os.chmod(hidden, goal.stat().st_mode & 0o777 if goal.exists() else 0o644)
        os.replace(hidden, goal)
    except OSError:
        os.unlink(hidden)
        raise
