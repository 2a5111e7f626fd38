"""References to rows that a tool returned."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dialplan.emulators.openai.mind import ToolDefinition
from dialplan.emulators.rehearsal.rows import Listing, identity, moment, named, pick
from dialplan.emulators.rehearsal.toolbox import read_tool

NOW = datetime(2026, 3, 2, 9, 0)
SLOTS = Listing(
    "find_slots",
    (
        {"id": 3, "starts_at": "2026-03-03T09:00:00", "doctor": "Dr. Chen"},
        {"id": 5, "starts_at": "2026-03-03T14:30:00", "doctor": "Dr. Patel"},
        {"id": 8, "starts_at": "2026-03-05T09:00:00", "doctor": "Dr. Chen"},
    ),
)


@pytest.mark.parametrize(
    ("said", "rows"),
    [
        ("The first one is fine.", [0]),
        ("the second", [1]),
        ("number three please", [2]),
        ("the last one", [2]),
        ("the earliest", [0]),
        ("half past two", [1]),
        ("two thirty works", [1]),
        ("the nine o'clock", [0, 2]),
        ("the nine o'clock on thursday", [2]),
        ("the one with doctor patel", [1]),
        ("with chen", [0, 2]),
        ("with chen the earliest", [0]),
        ("thursday", [2]),
        ("i am not sure", []),
    ],
)
def test_words_point_at_rows(said: str, rows: list[int]) -> None:
    assert pick(said, SLOTS, NOW) == rows


def test_a_row_is_named_by_one_of_its_words() -> None:
    plans = ({"name": "Aetna"}, {"name": "Blue Cross"})

    assert named("do you take blue cross", plans) == [1]
    assert named("what do you take", plans) == []


def test_ids_come_from_tools_about_the_same_thing() -> None:
    schema = {"properties": {"slot_id": {"type": "integer"}, "visit_id": {"type": "integer"}}}
    slot, visit = read_tool(ToolDefinition("t", "", schema)).parameters

    assert identity({"id": 3}, "find_slots", slot) == 3
    assert identity({"id": 3}, "find_slots", visit) is None
    assert identity({"visit_id": 9}, "anything", visit) == 9


def test_moments_are_told_in_the_callers_own_time() -> None:
    local = moment("2026-03-03T15:00:00+00:00", datetime(2026, 3, 2, tzinfo=UTC))

    assert local is not None
    assert local.hour == 15
    assert moment("not a time", NOW) is None
