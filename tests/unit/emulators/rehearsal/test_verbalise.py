"""Results as sentences."""

from __future__ import annotations

from datetime import datetime

import pytest

from dialplan.emulators.openai.mind import ToolDefinition
from dialplan.emulators.rehearsal.toolbox import read_tool
from dialplan.emulators.rehearsal.verbalise import spoken_fields, spoken_result, spoken_value

NOW = datetime(2026, 3, 2, 9, 0)
FIND = read_tool(ToolDefinition("find_slots", "", {}))
BOOK = read_tool(ToolDefinition("book_visit", "", {}))


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("starts_at", "2026-03-03T09:00:00", "tomorrow at 9 AM"),
        ("starts_at", "2026-03-05T14:30:00", "Thursday, March 5th at 2:30 PM"),
        ("day", "2026-03-02", "today"),
        ("opens", "12:00", "noon"),
        ("price", 45.5, "$45.50"),
        ("price", "12.00", "$12"),
        ("price", "72.50 USD", "72 dollars and 50 cents"),
        ("paid", "30.00 EUR", "30 euros"),
        ("asking", "450000.00 USD", "450,000 dollars"),
        ("active", True, "yes"),
        ("status", "in_progress", "in progress"),
        ("phone", "+15550100", "1 5 5 5 0 1 0 0"),
        ("tags", ["a", "b", "c"], "a, b and c"),
    ],
)
def test_values_are_readable(key: str, value: object, said: str) -> None:
    assert spoken_value(key, value, NOW) == said


def test_rows_are_cut_to_three_without_their_ids() -> None:
    rows = [
        {"id": i, "starts_at": f"2026-03-03T{9 + i:02d}:00:00", "doctor": "Dr. Chen"}
        for i in range(5)
    ]

    assert spoken_result(FIND, rows, NOW) == (
        "I have five: the first, tomorrow at 9 AM with Dr. Chen; the second, tomorrow at 10 AM "
        "with Dr. Chen; the third, tomorrow at 11 AM with Dr. Chen; and 2 more."
    )


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ([], "I found nothing for that."),
        (None, "I found nothing for that."),
        ({"id": 1, "name": "Maria Lopez"}, "Thank you, I found Maria Lopez."),
        ({"status": "ready", "paid": False}, "The status is ready. It is not paid."),
        ([{"name": "Aetna"}, {"name": "Cigna"}], "There are two: Aetna and Cigna."),
        (True, "Yes."),
    ],
)
def test_what_was_found_is_told(result: object, said: str) -> None:
    assert spoken_result(FIND, result, NOW) == said


def test_what_was_done_is_told() -> None:
    result = {"id": 4, "starts_at": "2026-03-03T09:00:00"}

    assert spoken_result(BOOK, result, NOW) == "All set, the visit is booked: tomorrow at 9 AM."
    assert spoken_result(BOOK, None, NOW) == "All set, the visit is booked."


def test_fields_that_are_sentences_are_told_as_they_are() -> None:
    fields = spoken_fields({"hours": "We are open daily.", "opens": "08:00"}, NOW)

    assert fields == ["We are open daily.", "It opens at 8 AM."]
