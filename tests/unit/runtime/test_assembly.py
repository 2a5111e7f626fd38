"""What the calls of a version share, and what is each call's own."""

from __future__ import annotations

import weakref
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


def kiosk(folder: Path, boss: str = "Be brief.") -> LoadedVertical:
    folder = folder / "kiosk"
    folder.mkdir(exist_ok=True)
    (folder / "vertical.yaml").write_text(VERTICAL.replace("Be brief.", boss))
    return load_vertical(folder)


async def no_tool(agent: str, name: str, arguments_json: str) -> str:
    return f"{agent} {name} {arguments_json}"


def test_calls_of_one_version_share_what_it_says(tmp_path: Path) -> None:
    assemblies = Assemblies()
    loaded = kiosk(tmp_path)

    first = assemblies.of(loaded)

    assert assemblies.of(loaded) is first
    assert set(first.graph.agents) == {"clerk", "boss"}
    assert assemblies.of(kiosk(tmp_path)) is first, "its files were only read again"
    assert assemblies.of(kiosk(tmp_path, "Be quick.")) is not first


def test_what_callers_say_for_a_handoff_is_shown_to_the_model(tmp_path: Path) -> None:
    graph = Assemblies().of(kiosk(tmp_path)).graph

    [handoff] = graph.agents["clerk"].handoffs
    assert isinstance(handoff, Handoff)
    assert handoff.tool_description == (
        'The caller wants the boss.\nCallers say: "Get me the boss."'
    )


def test_a_version_that_serves_no_more_is_let_go_without_the_collectors_help(
    tmp_path: Path,
) -> None:
    assemblies = Assemblies()
    old, kept = kiosk(tmp_path), kiosk(tmp_path, "Be quick.")
    assembly = assemblies.of(kept)
    assemblies.of(old)
    alive = weakref.ref(old.vertical)

    assemblies.serve([kept])
    del old

    assert alive() is None
    assert assemblies.of(kept) is assembly


async def test_texts_are_filled_when_they_are_needed(tmp_path: Path) -> None:
    state: dict[str, str] = {"who": "Ann"}
    names: Mapping[str, object] = {"state": state}
    agents = VerticalAgents(kiosk(tmp_path), lambda: names, no_tool)
    assert agents.instructions("clerk") == "Be kind to Ann."

    state["who"] = "Ben"

    assert agents.announcement("clerk", "boss") == "One moment, Ben."
    assert await agents.run_tool("clerk", "look", {"a": 1}, "c1") == 'clerk look {"a": 1}'
