from typing import Any

import pytest

from dialplan.emulators.openai.mind import ToolDefinition
from dialplan.emulators.rehearsal.choose import Chooser
from dialplan.emulators.rehearsal.conditions import Condition, condition_of
from dialplan.emulators.rehearsal.toolbox import read_tool

FIELDS: dict[str, dict[str, Any]] = {
    "callback": {"type": "boolean", "description": "Whether the owner must call back."},
    "solved": {"type": "boolean", "description": "Whether the trouble was solved on the phone."},
    "kind": {"type": "string", "enum": ["order", "cancel", "complaint", "other"]},
}
CALLBACK = Condition("callback", frozenset({True}))
SOLVED = Condition("solved", frozenset({True}))
UNSOLVED = Condition("solved", frozenset({False}))


def hangs_on(
    chooser: Chooser, description: str, name: str = "it", kind: str = "string"
) -> Condition | None:
    fields = {**FIELDS, name: {"type": kind, "description": description}}
    tool = read_tool(ToolDefinition("read", "", {"properties": fields, "required": [*fields]}))
    mine = next(one for one in tool.parameters if one.name == name)
    return condition_of(mine, tool.parameters, chooser)


@pytest.mark.parametrize(
    ("description", "wanted"),
    [
        ("What for, in a sentence; null if nobody must call back.", CALLBACK),
        ("What for. Null unless the owner must call back.", CALLBACK),
        ("What the owner should know, only if he must call back.", CALLBACK),
        ("If somebody must call back, what for.", CALLBACK),
        ("Why somebody must call back, null otherwise.", CALLBACK),
        ("Why the owner must call back, or null if he must not.", CALLBACK),
        ("What is left to do; empty when the trouble was solved.", UNSOLVED),
        ("What helped, when the trouble was solved.", SOLVED),
        ("What helped; null where the trouble was not solved.", SOLVED),
        ("What helped; left out if the trouble was never solved.", SOLVED),
        ("What is left to do, unless it was solved.", UNSOLVED),
    ],
)
def test_a_description_says_on_which_field_of_yes_or_no_a_text_hangs(
    chooser: Chooser, description: str, wanted: Condition
) -> None:
    assert hangs_on(chooser, description) == wanted


@pytest.mark.parametrize(
    ("description", "values", "among"),
    [
        ("What they complain about; null if they do not.", {"complaint"}, True),
        ("For a cancellation, why.", {"cancel"}, True),
        ("How much, only for orders.", {"order"}, True),
        ("Where to send it; null if they cancel.", {"cancel"}, False),
    ],
)
def test_a_description_says_on_which_value_a_text_hangs(
    chooser: Chooser, description: str, values: set[str], among: bool
) -> None:
    assert hangs_on(chooser, description) == Condition("kind", frozenset(values), among)


@pytest.mark.parametrize(
    "description",
    [
        "What the caller wanted.",
        "Which colour they want; null if they did not say.",
        "Their allergies; null if unknown.",
        "Where they live.",
        "When they can come.",
        "Which wine they prefer, if any.",
        "How many guests; null if none was mentioned.",
        "Whom to ask for if they come by train.",
    ],
)
def test_a_text_hangs_on_nothing_where_its_words_only_ask_for_it(
    chooser: Chooser, description: str
) -> None:
    assert hangs_on(chooser, description) is None


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("callback_reason", CALLBACK),
        ("why_callback", CALLBACK),
        ("callback_details", CALLBACK),
        ("callback", None),
        ("reason", None),
        ("callback_number", None),
        ("solved_by", None),
    ],
)
def test_the_name_of_a_text_says_that_it_explains_a_field_of_yes_or_no(
    chooser: Chooser, name: str, wanted: Condition | None
) -> None:
    assert hangs_on(chooser, "", name) == wanted


def test_a_number_hangs_on_what_its_description_says_and_not_on_its_name(chooser: Chooser) -> None:
    assert hangs_on(chooser, "", "callback_topic", "integer") is None
    assert hangs_on(chooser, "How often; null unless solved.", "tries", "integer") == SOLVED


def test_a_condition_is_met_by_a_value_or_by_any_other() -> None:
    order, no_order = (Condition("kind", frozenset({"order"}), among) for among in (True, False))

    assert order.met("order")
    assert not order.met(None)
    assert not no_order.met("order")
    assert no_order.met("cancel")
