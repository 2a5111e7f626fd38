"""A vertical that answers from articles, with the articles, as its files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

VERTICAL = """\
dialplan: 1
name: {name}
title: Help
voice: {{greeting: Hello.}}
agents: {{desk: {{entry: true, prompt: Help., tools: [look_up]}}}}
tools:
  look_up:
    description: Find out what the articles say.
    parameters: {{question: string}}
    knowledge: articles
knowledge: {{articles: {{sources: ["knowledge/*.md"]{tests}}}}}
"""
ARTICLES = {
    "vpn.md": "# VPN\n\nConnect the tunnel.\n\n## Error 809\n\nThe gateway does not answer.",
    "print.md": "# Printing\n\nHold the badge to the reader.\n\n## Jam\n\nPull the sheet slowly.",
    "mail.md": "# Mail\n\nMessages are kept for ninety days.",
}


def write_help(folder: Path, articles: Mapping[str, str], tests: str | None = None) -> None:
    """Write the vertical into a folder, which gives it its name, with these articles alone.

    `tests` are the questions of its retrieval test set.
    """
    inside = folder / "knowledge"
    inside.mkdir(parents=True, exist_ok=True)
    for old in inside.iterdir():
        old.unlink()
    key = "" if tests is None else ", tests: knowledge/tests.yaml"
    (folder / "vertical.yaml").write_text(VERTICAL.format(name=folder.name, tests=key))
    for name, text in articles.items():
        (inside / name).write_text(text)
    if tests is not None:
        (inside / "tests.yaml").write_text(tests)
