"""Cuts the pages of the documentation into blocks, so that no block of code escapes its check."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [
        *(ROOT / "docs").rglob("*.md"),
        *ROOT.glob("*.md"),
        *ROOT.glob("verticals/*/README.md"),
    ]
)
YAML = {"yaml", "yml"}
SHELL = {"sh", "bash", "shell", "console"}
OTHER = {"text", "json", "xml", "sql", "jinja", "markdown", "md", "diff", "dockerfile", "mermaid"}
_FENCE = re.compile(r"^( *)(`{3,}|~{3,})\s*([^`]*)$")
_INDENTED = re.compile(r"^ {4}\S")


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code. `info` is what stands behind the language, `line` where it begins."""

    page: Path
    line: int
    language: str
    info: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT).as_posix()}:{self.line}"

    @property
    def file(self) -> str | None:
        """The file that the block stands for (`file=NAME` behind the language)."""
        named = [one.removeprefix("file=") for one in self.info if one.startswith("file=")]
        return named[0] if named else None


def blocks_of(page: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a page, and the indented ones with no language."""
    lines = page.read_text(encoding="utf-8").splitlines()
    at = 0
    while at < len(lines):
        fence = _FENCE.match(lines[at])
        if fence is not None:
            began, at = at, at + 1
            body: list[str] = []
            while at < len(lines) and lines[at].strip() != fence[2]:
                body.append(lines[at].removeprefix(fence[1]))
                at += 1
            assert at < len(lines), f"{page}:{began + 1}: the block is never closed"
            language, *info = fence[3].split() or [""]
            yield Block(page, began + 1, language, tuple(info), "\n".join(body) + "\n")
        elif _INDENTED.match(lines[at]) and (at == 0 or not lines[at - 1].strip()):
            began = at
            while at < len(lines) and (_INDENTED.match(lines[at]) or lines[at].startswith("     ")):
                at += 1
            text = "\n".join(line[4:] for line in lines[began:at]) + "\n"
            yield Block(page, began + 1, "indented", (), text)
            continue
        at += 1


def prose_of(page: Path) -> str:
    """Return a page with its fenced blocks blanked out, line for line."""
    text = page.read_text(encoding="utf-8")
    fenced = re.compile(r"^( *)(`{3,}|~{3,}).*?^ *\2 *$", re.MULTILINE | re.DOTALL)
    return fenced.sub(lambda found: "\n" * found[0].count("\n"), text)


BLOCKS = [block for page in PAGES for block in blocks_of(page)]
TUTORIALS = sorted((ROOT / "docs" / "tutorial").glob("*.md"))
"""Their blocks are parts of files that grow: they are applied and checked in their order."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test each page, or each block of a language, by the name of its argument."""
    given: dict[str, list[Block]] = {
        "block": BLOCKS,
        "yaml_block": [one for one in BLOCKS if one.language in YAML and one.page not in TUTORIALS],
        "shell_block": [one for one in BLOCKS if one.language in {*SHELL, "indented"}],
    }
    for name, blocks in given.items():
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, blocks, ids=str)
    if "tutorial" in metafunc.fixturenames:
        pages = [[block for block in BLOCKS if block.page == page] for page in TUTORIALS]
        metafunc.parametrize("tutorial", pages, ids=[one.stem for one in TUTORIALS])
    if "page" in metafunc.fixturenames:
        metafunc.parametrize("page", PAGES, ids=lambda one: one.relative_to(ROOT).as_posix())


@pytest.fixture
def known_languages() -> set[str]:
    return {*YAML, *SHELL, *OTHER, "python", "indented"}


@pytest.fixture
def python_blocks() -> list[Block]:
    return [one for one in BLOCKS if one.language == "python"]


@pytest.fixture
def beside(request: pytest.FixtureRequest) -> list[Block]:
    """Return every block of the page that the test's block is on."""
    (mine,) = [one for one in request.node.callspec.params.values() if isinstance(one, Block)]
    return [one for one in BLOCKS if one.page == mine.page]


@pytest.fixture
def prose(page: Path) -> str:
    return prose_of(page)
