"""Links inside the repository lead somewhere, and the index knows every page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dialplan.cli.reference.markdown import slug

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
_LINK = re.compile(r"\]\(([^)\s]+)(?: \"[^\"]*\")?\)")
_HEADING = re.compile(r"^#{1,6} +(.*?)(?: +#+)?$", re.MULTILINE)
_ID = re.compile(r"<a id=\"([^\"]+)\">")


def without_code(text: str) -> str:
    return re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", text)


def anchors(page: Path) -> set[str]:
    """Return what a link may name in a page: its headings as GitHub does, and explicit ids."""
    text = page.read_text(encoding="utf-8")
    prose = re.sub(r"^(`{3,}).*?^\1 *$", "", text, flags=re.MULTILINE | re.DOTALL)
    found = set(_ID.findall(prose))
    counted: dict[str, int] = {}
    for heading in _HEADING.findall(prose):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        name = slug(plain)
        before = counted.get(name, 0)
        counted[name] = before + 1
        found.add(f"{name}-{before}" if before else name)
    return found


def test_every_link_leads_somewhere(page: Path, prose: str) -> None:
    dead = []
    for target in _LINK.findall(without_code(prose)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        goal = (page.parent / path).resolve() if path else page
        inside = goal.is_relative_to(ROOT) and goal.exists()
        if not inside or (anchor and anchor not in anchors(goal)):
            dead.append(target)

    assert not dead


@pytest.mark.parametrize("folder", ["tutorial", "how-to", "reference", "explanation"])
def test_the_index_knows_every_page(folder: str) -> None:
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    linked = {target.partition("#")[0] for target in _LINK.findall(without_code(index))}
    pages = {one.relative_to(DOCS).as_posix() for one in (DOCS / folder).rglob("*.md")}

    assert not pages - linked, "add a line to docs/README.md"


def test_the_index_knows_the_decisions() -> None:
    assert "(decisions)" in (DOCS / "README.md").read_text(encoding="utf-8")


def test_every_page_begins_with_its_title(page: Path) -> None:
    assert page.read_text(encoding="utf-8").startswith("# ")


def test_a_heading_that_comes_twice_has_two_anchors(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text('# `One` thing\n\n## Again\n\n## Again\n\n<a id="own"></a>\n')

    assert anchors(page) == {"one-thing", "again", "again-1", "own"}
