"""The choice among tools; nearness here is a bag of words."""

from __future__ import annotations

from datetime import datetime

import pytest

from dialplan.emulators.openai.mind import ToolDefinition
from dialplan.emulators.rehearsal.choose import Chooser
from dialplan.emulators.rehearsal.toolbox import read_tool

NOW = datetime(2026, 3, 2, 9, 0)
TOOLS = [
    read_tool(ToolDefinition(name, about, {"properties": properties}))
    for name, about, properties in [
        ("book_table", "Reserve a table.", {"day": {"type": "string", "format": "date"}}),
        ("cancel_table", "Cancel a reserved table.", {}),
        ("order_status", "Tell how an order is doing.", {"order_number": {"type": "integer"}}),
        ("to_kitchen", "The caller asks about allergies or ingredients.", {}),
    ]
]


@pytest.mark.parametrize(
    ("said", "tool"),
    [
        ("i want to reserve a table tomorrow", "book_table"),
        ("please cancel my table", "cancel_table"),
        ("how is order number five five one", "order_status"),
        ("which ingredients are in the soup", "to_kitchen"),
    ],
)
def test_the_tool_that_was_asked_for_comes_first(chooser: Chooser, said: str, tool: str) -> None:
    assert chooser.rank(said, TOOLS, NOW)[0].tool.name == tool


def test_examples_speak_for_their_tool(chooser: Chooser) -> None:
    told = read_tool(ToolDefinition("x", 'Nothing.\nCallers say: "Purple rain forever."', {}))

    assert chooser.rank("purple rain", [*TOOLS, told], NOW)[0].tool is told


def test_an_unlike_action_counts_against_a_tool(chooser: Chooser) -> None:
    ranked = {c.tool.name: c for c in chooser.rank("cancel the table", TOOLS, NOW)}

    assert ranked["book_table"].score < ranked["book_table"].cosine


def test_silence_asks_for_nothing(chooser: Chooser) -> None:
    assert chooser.rank(" ... ", TOOLS, NOW) == []
