from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from dialplan.articles.article import Article, Section
from dialplan.articles.chunks import MOST_TOKENS, asked_of, chunks_of, tokens_in


def article(text: str) -> Article:
    return Article("a.md", "Printers", (Section(("Add", "Mac"), text),))


def test_a_short_section_is_one_chunk_that_carries_title_and_headings() -> None:
    [chunk] = chunks_of(article("Install the client.\nSign in."))

    assert chunk.section == "Add > Mac"
    assert chunk.text == "Install the client.\nSign in."
    assert chunk.passage == "Printers\nAdd. Mac\nInstall the client.\nSign in."


def test_a_long_section_is_cut_between_lines_and_neighbours_overlap() -> None:
    lines = [f"{number}. Press the button once more." for number in range(40)]

    chunks = list(chunks_of(article("\n".join(lines))))

    assert len(chunks) > 2
    for one, two in itertools.pairwise(chunks):
        assert one.text.splitlines()[-1] == two.text.splitlines()[0]
    assert list(dict.fromkeys("\n".join(one.text for one in chunks).splitlines())) == lines


@given(st.text(min_size=1, max_size=3000))
def test_no_passage_is_longer_than_a_model_reads(text: str) -> None:
    for chunk in chunks_of(article(text)):
        assert tokens_in(chunk.passage) <= MOST_TOKENS + 10


@given(st.lists(st.sampled_from("one two three. four five! six".split()), min_size=1, max_size=900))
def test_no_word_is_lost(words: list[str]) -> None:
    kept = " ".join(chunk.text for chunk in chunks_of(article(" ".join(words)))).split()

    assert set(kept) == set(words)
    assert len(kept) >= len(words)


def test_what_callers_say_is_embedded_alone_and_is_no_passage() -> None:
    article = Article("a.md", "Screens", (Section((), "Plug it in."),), ("It stays black.",))

    assert [chunk.text for chunk in chunks_of(article)] == ["Plug it in."]
    [line] = asked_of(article)
    assert (line.passage, line.source, line.asked) == ("It stays black.", "a.md", True)
