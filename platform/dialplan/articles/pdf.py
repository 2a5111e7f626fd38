"""PDF to an article, by pypdf: its outline gives the headings, otherwise each page is a section."""

from __future__ import annotations

import io
from collections.abc import Iterator

from dialplan.articles.article import Article, Outline, Unreadable

MOST_PAGES = 200
"""The most pages of one file: text is taken out at some 20 ms a page."""


def read_pdf(source: str, content: bytes) -> Article:
    """Read an article. Pictures of text hold no words.

    Raises:
        Unreadable: it is no PDF, is locked, is too long or holds no text.
    """
    # Imported on use: it takes 150 ms, and most verticals have no PDF.
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted:
            raise Unreadable("it is locked with a password", "save it without one")
        if len(reader.pages) > MOST_PAGES:
            raise Unreadable(
                f"it has {len(reader.pages)} pages: expected at most {MOST_PAGES}", "split it"
            )
        title = reader.metadata.title if reader.metadata is not None else None
        marks = dict(_marks(reader.outline, reader.get_destination_page_number))
        outline = Outline(source, (title or "").strip())
        for number, page in enumerate(reader.pages):
            for level, heading in marks.get(number, ()):
                outline.heading(level, heading)
            if not marks:
                outline.heading(2, f"Page {number + 1}")
            for line in page.extract_text().splitlines():
                outline.line(line)
    except Unreadable:
        raise
    except (PyPdfError, ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        # pypdf meets broken files with whatever its code stumbles over.
        raise Unreadable(
            f"it is no PDF that can be read: {str(error)[:100] or type(error).__name__}",
            "open it and save it as PDF again",
        ) from error
    try:
        return outline.article()
    except Unreadable as error:
        hint = "pictures of pages have to go through text recognition first"
        raise Unreadable(error.message, hint) from error


def _marks(outline: object, page_of: object) -> Iterator[tuple[int, list[tuple[int, str]]]]:
    found: dict[int, list[tuple[int, str]]] = {}

    def walk(items: object, level: int) -> None:
        for item in items if isinstance(items, list) else ():
            if isinstance(item, list):
                walk(item, min(level + 1, 6))
                continue
            number = page_of(item) if callable(page_of) else None
            title = str(getattr(item, "title", "") or "").strip()
            if isinstance(number, int) and title:
                found.setdefault(number, []).append((level, title))

    walk(outline, 2)
    yield from found.items()
