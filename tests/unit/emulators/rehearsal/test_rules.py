"""What a prompt gives a rule engine: urgent rules and facts."""

from __future__ import annotations

import pytest

from dialplan.emulators.openai.mind import ToolDefinition
from dialplan.emulators.rehearsal.choose import Chooser
from dialplan.emulators.rehearsal.rules import answer, find_rules, match_rule
from dialplan.emulators.rehearsal.toolbox import read_tool

PROMPT = """You are the front desk.

Emergency rule, before everything else: if the caller describes chest pain, trouble breathing,
or a stroke, say "Please hang up and dial 911 now." and hand over to
triage. Do nothing else first.

- If the caller mentions a gas smell: call `report_leak` at once.
- If the caller wants to book, be friendly.
- Never give advice.

The clinic stands at 12 Lake Street.
"""
TOOLS = [
    read_tool(ToolDefinition("to_triage", "Symptoms.", {})),
    read_tool(ToolDefinition("report_leak", "Report a leak.", {})),
]


def test_urgent_rules_name_cases_a_tool_and_words() -> None:
    first, second = find_rules(PROMPT, TOOLS)

    assert first.cases == ("chest pain", "trouble breathing", "a stroke")
    assert (first.tool, first.words) == ("to_triage", "Please hang up and dial 911 now.")
    assert (second.tool, second.words) == ("report_leak", None)


@pytest.mark.parametrize(
    ("said", "tool"),
    [
        ("i have strong chest pain", "to_triage"),
        ("there is a smell of gas in the hall", "report_leak"),
        ("i have no chest pain", None),
        ("i would like to book a visit", None),
        ("my pain is gone", None),
    ],
)
def test_a_rule_fires_only_on_its_case(chooser: Chooser, said: str, tool: str | None) -> None:
    rule = match_rule(said, find_rules(PROMPT, TOOLS), chooser)

    assert (rule.tool if rule else None) == tool


def test_facts_are_answers_and_orders_are_not(chooser: Chooser) -> None:
    fact = answer("which street is the clinic", PROMPT, (), chooser)

    assert fact is not None
    assert fact[0] == "The clinic stands at 12 Lake Street."
    assert answer("do you give advice", PROMPT, (), chooser) is None
