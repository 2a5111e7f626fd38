from __future__ import annotations

import io

import pytest
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from dialplan.articles import pdf
from dialplan.articles.article import Section, Unreadable


def written(*pages: str, marks: tuple[tuple[str, int], ...] = (), password: str = "") -> bytes:
    """A PDF whose pages hold one line of text each."""
    writer = PdfWriter()
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
        }
    )
    for words in pages:
        page = writer.add_blank_page(200, 200)
        fonts = DictionaryObject({NameObject("/F1"): font})
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
        stream = DecodedStreamObject()
        stream.set_data(f"BT /F1 12 Tf 10 100 Td ({words}) Tj ET".encode() if words else b"")
        page[NameObject("/Contents")] = stream
    for name, number in marks:
        writer.add_outline_item(title=name, page_number=number)
    writer.add_metadata({"/Title": "Handbook"})
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_each_page_is_a_section_where_there_is_no_outline() -> None:
    article = pdf.read_pdf("h.pdf", written("Hold the badge.", "Press print."))

    assert article.title == "Handbook"
    assert article.sections == (
        Section(("Page 1",), "Hold the badge."),
        Section(("Page 2",), "Press print."),
    )


def test_the_outline_gives_the_headings() -> None:
    content = written("Hold the badge.", "Press print.", marks=(("Badges", 0), ("Printing", 1)))

    article = pdf.read_pdf("h.pdf", content)

    assert [section.headings for section in article.sections] == [("Badges",), ("Printing",)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no PDF that can be read"),
        (b"hello", "no PDF that can be read"),
        (written("text")[:400], "no PDF that can be read"),
        (written("text", password="secret"), "locked with a password"),
        (written(""), "no text"),
        (written(*[""] * (pdf.MOST_PAGES + 1)), "expected at most"),
    ],
    ids=["empty", "text", "cut", "locked", "pictures", "long"],
)
def test_what_gives_no_text_says_why(content: bytes, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        pdf.read_pdf("h.pdf", content)
