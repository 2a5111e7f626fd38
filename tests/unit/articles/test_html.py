from __future__ import annotations

import pytest

from dialplan.articles.article import Section, Unreadable
from dialplan.articles.html import read_html


def test_the_text_of_a_page_stands_under_its_headings_in_its_order() -> None:
    page = """<html><head><title>Wiki</title><style>p {}</style></head><body>
    <nav>Home</nav><h1>VPN <em>help</em></h1><p>First <b>this</b>.</p>
    <div><h2>Errors</h2><ul><li>809</li><li>691<ul><li>deep</li></ul></li></ul></div>
    <table><tr><th>code</th><td>means</td></tr></table><script>x()</script>
    <footer>Imprint</footer></body></html>"""

    article = read_html("a.html", page)

    assert article.title == "VPN help"
    assert article.sections == (
        Section((), "First this ."),
        Section(("Errors",), "809\n691\ndeep\ncode | means"),
    )


def test_without_a_first_heading_the_name_of_the_page_is_the_title() -> None:
    article = read_html("a.html", "<title>Wiki page</title><p>Text<br>more")

    assert article.title == "Wiki page"
    assert article.sections == (Section((), "Text\nmore"),)


def test_a_page_that_nests_without_end_is_still_read() -> None:
    article = read_html("a.html", "<div>" * 3000 + "deep")

    assert article.sections[0].text == "deep"


@pytest.mark.parametrize("page", ["", "<nav>Home</nav>", "<h1>Title</h1>", "\x00\x01<<<>"])
def test_a_page_without_text_cannot_be_read(page: str) -> None:
    if page.startswith("\x00"):
        assert read_html("a.html", page).sections
    else:
        with pytest.raises(Unreadable, match="no text"):
            read_html("a.html", page)


def test_how_callers_ask_stands_in_the_head_of_a_page() -> None:
    page = (
        '<head><meta name="asked" content="It stays black."><meta name="other" content="x">'
        '<meta name="asked" content=" No  picture. "></head><h1>Screens</h1><p>Plug it in.'
    )

    assert read_html("a.html", page).asked == ("It stays black.", "No picture.")


def test_an_empty_way_of_asking_in_a_page_is_refused() -> None:
    with pytest.raises(Unreadable, match="`asked` is empty"):
        read_html("a.html", '<meta name="asked"><p>Text.')
