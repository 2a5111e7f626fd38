"""Tool definitions, read: examples, kinds, questions."""

from __future__ import annotations

from typing import Any

import pytest

from dialplan.emulators.openai.mind import ToolDefinition
from dialplan.emulators.rehearsal.toolbox import Tool, read_tool


def tool(called: str, about: str = "") -> Tool:
    return read_tool(ToolDefinition(called, about, {}))


def test_examples_are_taken_out_of_the_description() -> None:
    read = tool("t", 'Find a patient.\nCallers say: "It\'s Maria." / "You know me."')

    assert read.about == "Find a patient."
    assert read.examples == ("It's Maria.", "You know me.")


@pytest.mark.parametrize(
    ("name", "schema", "question"),
    [
        ("born", {"type": "string", "format": "date"}, "What is your date of birth?"),
        ("day", {"type": "string", "format": "date"}, "Which day would suit you?"),
        ("name", {"type": "string"}, "What is your name?"),
        (
            "ticket",
            {"type": "integer", "description": "Ticket number"},
            "What is the ticket number?",
        ),
        ("visit_id", {"type": "integer"}, "What is the visit number?"),
        ("size", {"enum": ["s", "m", "l"]}, "Which size would you like: s, m or l?"),
        (
            "pharmacy",
            {"type": "string", "description": "Which pharmacy it should go to."},
            "Which pharmacy should it go to?",
        ),
        (
            "reason",
            {"type": "string", "description": "Why the caller wants to come."},
            "Why do you want to come?",
        ),
        (
            "when",
            {"type": ["string", "null"], "format": "date-time", "description": "ISO 8601"},
            "Which day and time would suit you?",
        ),
        (
            "people",
            {"type": "integer", "description": "Number of people."},
            "How many people?",
        ),
    ],
)
def test_a_parameter_knows_the_question_for_it(
    name: str, schema: dict[str, Any], question: str
) -> None:
    read = read_tool(ToolDefinition("t", "", {"properties": {name: schema}}))

    assert read.parameters[0].question == question


def test_tools_say_what_they_are() -> None:
    assert tool("to_billing", "Anything about a bill.").is_handoff
    assert tool("hang_up").hangs_up
    assert tool("transfer_to_nurse").transfers
    assert tool("find_slots").finds
    assert (tool("book_visit").changes, tool("book_visit").thing) == ("booked", "visit")
    assert tool("find_slots").changes is None
