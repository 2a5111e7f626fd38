"""What is left of a file once its markup is gone: a title, and sections under their headings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath


class Unreadable(Exception):
    """A file that no article can be made of; says why, and what its author can do."""

    def __init__(self, message: str, hint: str, line: int = 0) -> None:
        """Say why, what to do, and in which line of the file, from 1; 0 for all of it."""
        super().__init__(message)
        self.message, self.hint, self.line = message, hint, line


@dataclass(frozen=True, slots=True)
class Section:
    """Text under one heading.

    Attributes:
        headings: the headings that lead to it, outermost first, without the article's title.
        text: its paragraphs, list items and table rows, one a line.
    """

    headings: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Article:
    """One article.

    Attributes:
        source: the path of its file inside the vertical's folder.
        asked: how callers ask for it, in their words; no part of what it says.
    """

    source: str
    title: str
    sections: tuple[Section, ...]
    asked: tuple[str, ...] = ()


class Outline:
    """Collects headings and lines in the order of a file, and makes an article of them."""

    def __init__(self, source: str, title: str = "", asked: tuple[str, ...] = ()) -> None:
        self._source = source
        self._asked = asked
        self._title = title
        self._above: list[tuple[int, str]] = []
        self._lines: list[str] = []
        self._sections: list[Section] = []

    def heading(self, level: int, text: str) -> None:
        """Begin a section; the first heading is the title where nothing else gave one."""
        self._close()
        if level == 1 and text and (not self._title or text == self._title):
            self._title, self._above = text, []
            return
        self._above = [one for one in self._above if one[0] < level]
        if text:
            self._above.append((level, text))

    def line(self, text: str) -> None:
        """Add a paragraph, a list item or a row; white space in it counts as one blank."""
        if words := " ".join(text.split()):
            self._lines.append(words)

    def article(self) -> Article:
        """Return the article.

        Raises:
            Unreadable: there was no text.
        """
        self._close()
        if not self._sections:
            raise Unreadable("there is no text in it", "write something, or remove it")
        title = self._title or _name(self._source)
        return Article(self._source, title, tuple(self._sections), self._asked)

    def _close(self) -> None:
        if self._lines:
            headings = tuple(text for _, text in self._above)
            self._sections.append(Section(headings, "\n".join(self._lines)))
            self._lines = []


def _name(source: str) -> str:
    words = PurePosixPath(source).stem.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]
