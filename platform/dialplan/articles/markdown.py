"""Markdown to an article, by markdown-it: a `#` in a code block is no heading."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from dialplan.articles.article import Article, Outline, Unreadable
from dialplan.articles.front_matter import front_matter

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token


def read_markdown(source: str, text: str) -> Article:
    """Read an article; `title:` of its front matter goes before its first heading.

    Raises:
        Unreadable: there is no text in it, or its front matter is wrong.
    """
    front = front_matter(text)
    outline = Outline(source, front.title, tuple(line for line, _ in front.asked))
    try:
        tokens = _parser().parse(text[front.end :])
    except RecursionError as error:
        raise Unreadable("its markup is nested too deeply", "write it flatter") from error
    _Walk(outline).all(tokens)
    return outline.article()


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    # Imported on use: a vertical without articles never pays for it.
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"maxNesting": 20}).enable("table")


class _Walk:
    def __init__(self, outline: Outline) -> None:
        self._outline = outline
        self._heading: int | None = None
        self._row: list[str] | None = None
        self._marks: list[int | None] = []  # the next number of each list that is open
        self._mark = ""

    def all(self, tokens: Sequence[Token]) -> None:
        for token in tokens:
            self._one(token)

    def _one(self, token: Token) -> None:
        match token.type:
            case "heading_open":
                self._heading = int(token.tag[1:])
            case "ordered_list_open":
                self._marks.append(int(token.attrs.get("start", 1)))
            case "bullet_list_open":
                self._marks.append(None)
            case "ordered_list_close" | "bullet_list_close":
                self._marks.pop()
            case "list_item_open":
                number = self._marks[-1]
                self._mark = "- " if number is None else f"{number}. "
                if number is not None:
                    self._marks[-1] = number + 1
            case "tr_open":
                self._row = []
            case "tr_close":
                self._outline.line(" | ".join(self._row or ()))
                self._row = None
            case "inline":
                self._text(_plain(token.children or ()))
            case "fence" | "code_block":
                for line in token.content.splitlines():
                    self._outline.line(line)

    def _text(self, text: str) -> None:
        if self._heading is not None:
            self._outline.heading(self._heading, " ".join(text.split()))
            self._heading = None
        elif self._row is not None:
            self._row.append(" ".join(text.split()))
        else:
            self._outline.line(self._mark + text)
            self._mark = ""


def _plain(children: Sequence[Token]) -> str:
    """The words of a line: what marks them is gone, pictures leave their description."""
    parts: list[str] = []
    for child in children:
        match child.type:
            case "text" | "code_inline" | "image":
                parts.append(child.content)
            case "softbreak" | "hardbreak":
                parts.append(" ")
    return "".join(parts)
