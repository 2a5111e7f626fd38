"""What a call knows goes with its facts, so that another process can end it for a dead one."""

from pathlib import Path

from dialplan.config.load import load_vertical
from dialplan.runtime.attended import CallRequest
from dialplan.runtime.clock import Clock
from dialplan.runtime.directory import Line
from dialplan.runtime.minutes import Minutes
from dialplan.store.facts import CallBegan, CallEnded, Fact, ToolRan, told
from dialplan.tools.state import CallState

SHOP = """\
dialplan: 1
name: shop
title: Shop
voice: {greeting: Hi.}
state: {customer_id: integer, visits: integer}
agents: {desk: {entry: true, prompt: Be kind.}}
"""
FOLLOWS = "after_call: {fields: {follow_up: boolean}}\n"


def a_call(folder: Path, vertical: str) -> list[Fact]:
    """A call in which the second of three tools learns something."""
    (folder / "vertical.yaml").write_text(vertical)
    line = Line("+1555", "corner", load_vertical(folder), {}, {}, None, None)
    clock, facts = Clock(), list[Fact]()
    state = CallState("CA1", "corner", "shop", "+1", "+1555", now=clock.now)
    minutes = Minutes(CallRequest("CA1", "AC1", "+1", line), clock, facts.append, state)
    minutes.began()
    minutes.tool_ran("CA1", "desk", "find", {}, "not_found", 1.0)
    state.state["customer_id"] = 7
    minutes.tool_ran("CA1", "desk", "find", {}, "ok", 1.0)
    minutes.tool_ran("CA1", "desk", "book", {}, "ok", 1.0)
    minutes.ended("caller", 1_000)
    return facts


def states(facts: list[Fact]) -> list[object]:
    return [one.state for one in facts if isinstance(one, CallBegan | ToolRan | CallEnded)]


def test_what_a_call_knows_is_told_at_its_beginning_its_end_and_whenever_it_has_changed(
    tmp_path: Path,
) -> None:
    facts = a_call(tmp_path, SHOP + FOLLOWS)

    nothing: dict[str, object] = {"customer_id": None, "visits": None}
    known = {"customer_id": 7, "visits": None}
    assert states(facts) == [nothing, None, known, None, known]


def test_where_nothing_follows_it_is_not_told(tmp_path: Path) -> None:
    assert states(a_call(tmp_path, SHOP)) == [None] * 5


def test_whoever_watches_is_told_the_facts_without_it(tmp_path: Path) -> None:
    facts = [told(one) for one in a_call(tmp_path, SHOP + FOLLOWS)]

    assert states(facts) == [None] * 5
    assert [one.seq for one in facts] == [1, 2, 3, 4, 5]
