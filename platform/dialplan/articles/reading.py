"""Files of a bundle to articles: which ones a source names, and how each is read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import PurePosixPath

from dialplan.articles.article import Article, Outline, Unreadable
from dialplan.articles.html import read_html
from dialplan.articles.markdown import read_markdown
from dialplan.articles.pdf import read_pdf

KINDS = (".md", ".markdown", ".txt", ".html", ".htm", ".pdf")
"""What files of articles end with."""
MOST_BYTES = 4 * 1024 * 1024
"""The largest file of an article, in bytes."""
_KEPT = 4096


def files_named(source: str, names: Iterable[str]) -> list[str]:
    """Return the files that a source means, sorted: itself, a glob's, or those of a folder.

    `*` stays inside a folder and `**` goes through all below it. Of a folder, and of a pattern that
    ends with `*`, only files that can be articles count: tests may lie beside them.
    """
    matches = _pattern(source)
    folder = source.rstrip("/") + "/"
    found = [name for name in names if matches.fullmatch(name) or name.startswith(folder)]
    named = PurePosixPath(source).suffix not in ("", ".*")
    return sorted(name for name in found if named or can_be_read(name))


def can_be_read(name: str) -> bool:
    """Whether a file is of a kind that articles are written in."""
    return PurePosixPath(name).suffix.lower() in KINDS


def is_markdown(name: str) -> bool:
    """Whether a file is Markdown, and may have front matter."""
    return PurePosixPath(name).suffix.lower() in (".md", ".markdown")


def text_of(content: bytes) -> str:
    """Return the text of a file, its lines ended alike.

    Raises:
        Unreadable: it is not UTF-8.
    """
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise Unreadable("it is not UTF-8 text", "save it as UTF-8") from error


def read_article(name: str, content: bytes) -> Article:
    """Read one file; what was read before is not read again.

    Raises:
        Unreadable: no article can be made of it.
    """
    if not can_be_read(name):
        raise Unreadable(
            "it is of a kind that holds no articles", f"expected one of {', '.join(KINDS)}"
        )
    if len(content) > MOST_BYTES:
        raise Unreadable(f"it is larger than {MOST_BYTES} bytes", "split it")
    return _read(name, content)


@lru_cache(maxsize=_KEPT)
def _read(name: str, content: bytes) -> Article:
    kind = PurePosixPath(name).suffix.lower()
    if kind == ".pdf":
        return read_pdf(name, content)
    text = text_of(content)
    if kind in (".html", ".htm"):
        return read_html(name, text)
    if kind == ".txt":
        outline = Outline(name)
        for paragraph in re.split(r"\n\s*\n", text):
            outline.line(paragraph)
        return outline.article()
    return read_markdown(name, text)


def read_all(sources: Iterable[str], files: Mapping[str, bytes]) -> list[Article]:
    """Read the articles of a collection, by the order of their files; each file once.

    Raises:
        Unreadable: a file holds no article; the check of a vertical tells of it first.
    """
    names = {name for source in sources for name in files_named(source, files)}
    return [read_article(name, files[name]) for name in sorted(names)]


@lru_cache(maxsize=_KEPT)
def _pattern(source: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*/|\*\*|\*)", source)
    signs = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*"}
    return re.compile("".join(signs.get(part, re.escape(part)) for part in parts))
