"""The reader of the Dockerfile takes no instruction on trust."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Read = Callable[[str], Any]


@pytest.mark.parametrize(
    "text", ["ADD https://x.example /y", "FROM a\nMAINTAINER me", "RUN <<END\nls\nEND", "RUN a \\"]
)
def test_what_is_not_understood_is_a_failure(read: Read, text: str) -> None:
    with pytest.raises(AssertionError):
        read(text)


def test_a_continued_line_is_one_instruction_and_comments_are_none(read: Read) -> None:
    (step,) = read("# a\n\nENV A=1 \\\n    B=2\n")

    assert (step.line, step.word, step.value) == (3, "ENV", "A=1 B=2")


@pytest.mark.parametrize(
    ("path", "left_out"),
    [
        ("README.md", False),
        ("platform/dialplan/errors.py", False),
        ("platform/dialplan/__pycache__/errors.pyc", True),
        ("verticals/salon/.env", True),
        ("data/postgres/log", True),
        ("tests/unit/test_settings.py", True),
        (".git/config", True),
    ],
)
def test_the_last_pattern_that_matches_decides(ignore: Read, path: str, left_out: bool) -> None:
    rules = ignore("*\n!README.md\n!platform\n!verticals\n**/__pycache__\n**/.env*\n")

    assert rules.leaves_out(path) is left_out
