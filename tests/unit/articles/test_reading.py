from __future__ import annotations

import pytest

from dialplan.articles.article import Unreadable
from dialplan.articles.reading import MOST_BYTES, files_named, read_all, read_article

NAMES = ["k/a.md", "k/b.html", "k/deep/c.md", "k/tests.yaml", "k.md", "other/d.pdf"]


@pytest.mark.parametrize(
    ("source", "files"),
    [
        ("k/a.md", ["k/a.md"]),
        ("k/*.md", ["k/a.md"]),
        ("k/**/*.md", ["k/a.md", "k/deep/c.md"]),
        ("k/", ["k/a.md", "k/b.html", "k/deep/c.md"]),
        ("k", ["k/a.md", "k/b.html", "k/deep/c.md"]),
        ("k/tests.yaml", ["k/tests.yaml"]),
        ("k/*", ["k/a.md", "k/b.html"]),
        ("nowhere/*.md", []),
    ],
)
def test_a_source_names_a_file_a_glob_or_a_folder(source: str, files: list[str]) -> None:
    assert files_named(source, NAMES) == files


def test_each_file_of_a_collection_is_read_once() -> None:
    articles = read_all(["k/*.md", "k/"], {"k/a.md": b"Text.", "k/b.txt": b"One.\n\nTwo."})

    assert [article.source for article in articles] == ["k/a.md", "k/b.txt"]
    assert articles[1].sections[0].text == "One.\nTwo."


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.docx", b"x", "of a kind"),
        ("a.md", b"\xff\xfe", "not UTF-8"),
        ("a.md", b"x" * (MOST_BYTES + 1), "larger than"),
    ],
)
def test_what_cannot_be_an_article_says_why(name: str, content: bytes, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        read_article(name, content)
