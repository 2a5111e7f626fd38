from __future__ import annotations

import pytest

from dialplan.articles.article import Unreadable
from dialplan.articles.front_matter import (
    LONGEST_ASKED,
    MOST_ASKED,
    FrontMatter,
    asked_lines,
    front_matter,
)


def test_ways_of_asking_stand_with_their_lines() -> None:
    text = "---\ntitle: Screens\nasked:\n  - It stays  black.\n  - 'It says: none.'\n---\nText."

    front = front_matter(text)

    assert front.title == "Screens"
    assert front.asked == (("It stays black.", 4), ("It says: none.", 5))
    assert front.keys == (("title", 2), ("asked", 3))
    assert text[front.end :] == "Text."


def test_what_is_written_for_other_programs_is_let_through() -> None:
    text = (
        "---\ntags: [a, [b]]\nauthor: {name: Kim, asked: [never]}\nasked: [Where is it]\n"
        "title:\n---\n"
    )

    front = front_matter(text)

    assert (front.title, front.asked) == ("", (("Where is it", 4),))
    assert [key for key, _ in front.keys] == ["tags", "author", "asked", "title"]


@pytest.mark.parametrize(
    "text", ["# Title\n", "---\nOnly words\n---\nText.", "--- # no fence\nasked: x\n", "---\n---\n"]
)
def test_a_file_without_front_matter_keeps_all_of_its_text(text: str) -> None:
    assert front_matter(text) == FrontMatter()


def test_words_that_yaml_takes_for_something_else_stay_words() -> None:
    front = front_matter("---\nasked:\n  - no\n  - 809\n---\n")

    assert [words for words, _ in front.asked] == ["no", "809"]


@pytest.mark.parametrize(
    ("written", "message", "line"),
    [
        ("asked: It is dead.", "`asked` is no list", 2),
        ("asked:", "`asked` is no list", 2),
        ("a: 1\nasked:\n- x\n- It says: no", "a line of `asked` is no text", 5),
        ("asked: [[x]]", "a line of `asked` is no text", 2),
        ("asked:\n- ''", "a line of `asked` is empty", 3),
        (f"asked:\n- {'x' * 201}", "has 201 characters: expected 200 at most", 3),
        ("title: [x]", "`title` is no text", 2),
        ("a: b\ntitle: Unlock: how", "the front matter is no YAML", 3),
        ("a: " + "[" * 30 + "]" * 30, "nested too deeply", 2),
        ("a: \a", "the front matter is no YAML", 1),
        ("a: " + "x" * 70_000, "longer than 65536 characters", 1),
    ],
)
def test_what_is_wrong_is_told_with_its_line(written: str, message: str, line: int) -> None:
    with pytest.raises(Unreadable, match=message) as caught:
        front_matter(f"---\n{written}\n---\n")

    assert caught.value.line == line
    assert caught.value.hint


def test_one_way_of_asking_too_many_is_told_where_it_stands() -> None:
    most = [("x" * LONGEST_ASKED, number) for number in range(1, MOST_ASKED + 1)]
    assert len(asked_lines(most)) == MOST_ASKED

    with pytest.raises(Unreadable, match="`asked` has 51 lines: expected 50 at most") as caught:
        asked_lines([*most, ("y", 99)])

    assert caught.value.line == 99
