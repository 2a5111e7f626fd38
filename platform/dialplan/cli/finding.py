"""Finds the vertical that a command was given: by its name, or by the path of its folder."""

from __future__ import annotations

import os
from pathlib import Path

from dialplan.config.load import LoadedVertical, load_vertical
from dialplan.config.problem import did_you_mean
from dialplan.errors import ConfigError
from dialplan.settings import Settings


def find_folder(given: str) -> Path:
    """Return the folder of a vertical.

    Raises:
        ConfigError: there is none; names near to it are in the message.
    """
    path = Path(given)
    if path.name == "vertical.yaml":
        path = path.parent
    if (path / "vertical.yaml").is_file():
        return path
    verticals = Settings.from_environ(os.environ).verticals
    named = verticals / given
    if Path(given).name == given and (named / "vertical.yaml").is_file():
        return named
    known = sorted(file.parent.name for file in verticals.glob("*/vertical.yaml"))
    hint = did_you_mean(given, known) or (
        f"`{verticals}` has {', '.join(known)}" if known else f"`{verticals}` has none"
    )
    raise ConfigError(f"no vertical `{given}`: {hint}")


def find_vertical(given: str) -> LoadedVertical:
    """Load a vertical by name or path.

    Raises:
        ConfigError: there is none.
        VerticalProblems: it has errors.
    """
    return load_vertical(find_folder(given))
