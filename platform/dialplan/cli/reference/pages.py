"""The generated pages, by their path under docs/."""

from __future__ import annotations

from pathlib import Path

from dialplan.cli.reference.commands import commands_page
from dialplan.cli.reference.examples import Examples
from dialplan.cli.reference.language import language_page
from dialplan.cli.reference.settings import settings_page


def pages(verticals: Path) -> dict[str, str]:
    """Return every page; examples come from the files in `verticals`."""
    return {
        "reference/language.md": language_page(Examples.under(verticals)),
        "reference/commands.md": commands_page(),
        "reference/settings.md": settings_page(),
    }
