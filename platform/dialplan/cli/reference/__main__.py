"""Writes the generated pages: `python -m dialplan.cli.reference [DOCS] [VERTICALS]`."""

from __future__ import annotations

import sys
from pathlib import Path

from dialplan.cli.reference.pages import pages


def main(docs: Path, verticals: Path) -> None:
    """Write every generated page under `docs`; examples come from the files in `verticals`."""
    for name, content in pages(verticals).items():
        page = docs / name
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(content, encoding="utf-8")


if __name__ == "__main__":
    given = [Path(one) for one in sys.argv[1:]]
    main(*(given + [Path("docs"), Path("verticals")][len(given) :]))
