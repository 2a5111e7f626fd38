"""What the calls of a version share, and what is each call's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from agents import Handoff

from dialplan.config.load import LoadedVertical, load_vertical
from dialplan.runtime.assembly import Assemblies, VerticalAgents

VERTICAL = """\
dialplan: 1
name: kiosk
title: Kiosk
voice: {greeting: Hello.}
state: {who: {type: string, description: Whose call it is.}}
agents:
  clerk:
    entry: true
    prompt: "Be kind to {{ state.who }}."
    handoffs:
      boss:
        when: The caller wants the boss.
        examples: [Get me the boss.]
        announce: "One moment, {{ state.who }}."
  boss: {prompt: Be brief.}
"""


def kiosk(folder: Path) -> LoadedVertical:
    folder = folder / "kiosk"
    folder.mkdir(exist_ok=True)
    (folder / "vertical.yaml").write_text(VERTICAL)
    return load_vertical(folder)


async def no_tool(agent: str, name: str, arguments_json: str) -> str:
    return f"{agent} {name} {arguments_json}"


def test_calls_of_one_version_share_what_it_says(tmp_path: Path) -> None:
    assemblies = Assemblies()
    loaded = kiosk(tmp_path)

    first = assemblies.of(loaded)

    assert assemblies.of(loaded) is first
    assert set(first.graph.agents) == {"clerk", "boss"}
    assert assemblies.of(kiosk(tmp_path)) is not first, "read anew, it may say something else"


def test_what_callers_say_for_a_handoff_is_shown_to_the_model(tmp_path: Path) -> None:
    graph = Assemblies().of(kiosk(tmp_path)).graph

    [handoff] = graph.agents["clerk"].handoffs
    assert isinstance(handoff, Handoff)
    assert handoff.tool_description == (
        'The caller wants the boss.\nCallers say: "Get me the boss."'
    )


def test_versions_that_nobody_calls_any_more_are_let_go(tmp_path: Path) -> None:
    assemblies = Assemblies(most=2)
    one, two, three = (kiosk(tmp_path) for _ in range(3))
    first, second = assemblies.of(one), assemblies.of(two)

    assert assemblies.of(one) is first
    assemblies.of(three)

    assert assemblies.of(one) is first
    assert assemblies.of(two) is not second


async def test_texts_are_filled_when_they_are_needed(tmp_path: Path) -> None:
    state: dict[str, str] = {"who": "Ann"}
    names: Mapping[str, object] = {"state": state}
    agents = VerticalAgents(kiosk(tmp_path), lambda: names, no_tool)
    assert agents.instructions("clerk") == "Be kind to Ann."

    state["who"] = "Ben"

    assert agents.announcement("clerk", "boss") == "One moment, Ben."
    assert await agents.run_tool("clerk", "look", {"a": 1}, "c1") == 'clerk look {"a": 1}'
