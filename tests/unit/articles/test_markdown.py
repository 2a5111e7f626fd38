from __future__ import annotations

import pytest

from dialplan.articles.article import Section, Unreadable
from dialplan.articles.markdown import read_markdown


def test_headings_make_sections_and_the_first_one_is_the_title() -> None:
    article = read_markdown(
        "a.md", "# Printers\n\nOne queue.\n\n## Add\n\nDo it.\n\n### Mac\n\nSo."
    )

    assert article.title == "Printers"
    assert article.sections == (
        Section((), "One queue."),
        Section(("Add",), "Do it."),
        Section(("Add", "Mac"), "So."),
    )


def test_the_title_of_the_front_matter_goes_before_the_first_heading() -> None:
    article = read_markdown("a.md", '---\ntitle: "Unlock: how"\ntags: [x]\n---\n# Other\n\nText.')

    assert article.title == "Unlock: how"
    assert article.sections == (Section(("Other",), "Text."),)


def test_a_number_sign_in_a_code_block_is_no_heading() -> None:
    article = read_markdown("a.md", "# Title\n\n```\n# no heading\n```\n")

    assert article.sections == (Section((), "# no heading"),)


def test_lists_keep_their_numbers_and_lose_their_markup() -> None:
    text = "3. Press **Report**.\n4. Read [this](https://x.example).\n\n- `ipconfig`\n  - inside\n"

    [section] = read_markdown("a.md", text).sections

    assert section.text.splitlines() == [
        "3. Press Report.",
        "4. Read this.",
        "- ipconfig",
        "- inside",
    ]


def test_a_table_is_a_line_a_row() -> None:
    [section] = read_markdown("a.md", "| code | means |\n|---|---|\n| 809 | no reply |").sections

    assert section.text == "code | means\n809 | no reply"


def test_an_article_without_any_heading_is_named_after_its_file() -> None:
    assert read_markdown("k/scan-to_mail.md", "Text.").title == "Scan to mail"


@pytest.mark.parametrize("text", ["", "# Only a title", "---\ntitle: x\n---\n"])
def test_an_article_without_text_cannot_be_read(text: str) -> None:
    with pytest.raises(Unreadable, match="no text"):
        read_markdown("a.md", text)


def test_how_callers_ask_is_kept_apart_from_what_the_article_says() -> None:
    text = "---\nasked: [It stays black.]\n---\n# Screens\n\nPlug it in."

    article = read_markdown("a.md", text)

    assert article.asked == ("It stays black.",)
    assert article.sections == (Section((), "Plug it in."),)
