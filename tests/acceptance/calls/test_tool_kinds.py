"""Every kind of tool in a real call, and what a model gets that asks for one it does not have."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from dialplan.emulators.openai.mind import CallTool, FunctionOutput, Message, Say
from dialplan.emulators.openai.scripted import ScriptedMind
from dialplan.store.facts import ToolRan

MCP_SERVER = Path(__file__).parents[2] / "integration" / "tools" / "mcp_server.py"
NUMBER = "+15550100071"
# conftest types cannot be imported in importlib mode.
Open = Callable[..., AbstractAsyncContextManager[Any]]
SHOP = """\
dialplan: 1
name: parts_shop
title: Parts shop
voice: {{greeting: Hello., transport: {transport}}}
secrets: [desk_client, desk_secret, desk_key]
endpoints:
  desk:
    base_url: https://desk.example.com
    auth:
      oauth2:
        token_url: https://login.example.com/token
        client_id: desk_client
        client_secret: desk_secret
    rehearsal: rehearsal/desk.yaml
mcp_servers:
  tickets: {{command: ["{python}", "{server}"], env: {{DESK_KEY: desk_key}}, timeout: 30s}}
state: {{order: string}}
agents:
  counter:
    entry: true
    prompt: Sell parts.
    tools: [place_order, check_stock, open_ticket, ask_warranty]
    handoffs: {{workshop: The caller wants a repair.}}
  workshop:
    prompt: "Repair. The order is {{{{ state.order }}}}."
    tools: [open_ticket]
tools:
  place_order:
    description: Order a part.
    parameters: {{part: string}}
    http:
      post: "{{{{ endpoints.desk }}}}/orders/{{{{ part }}}}"
      form: {{from: "{{{{ call.from }}}}"}}
    idempotent: true
    set: {{order: "{{{{ result.id }}}}"}}
  check_stock:
    description: Tell whether a part is there.
    parameters: {{part: string}}
    python: {package}:stock
  open_ticket:
    description: Open a ticket.
    parameters: {{subject: string}}
    mcp: {{server: tickets, tool: create_ticket}}
    timeout: 30s
    say: {{slow: One moment., after: 25s}}
  ask_warranty:
    description: Ask the specialist for warranty.
    parameters: {{question: string}}
    specialist: {{prompt: prompts/warranty.md, tools: [check_stock], max_turns: 3}}
"""
ROUTES = """\
routes:
  - {post: "/orders/{part}", times: 1, status: 503, headers: {Retry-After: "0"}}
  - post: /orders/{part}
    json: {id: "O-{{ request.part }}", caller: "{{ request.from }}"}
"""
STOCK = """
from dialplan.plugin import Call, tool

@tool
def stock(part: str, call: Call) -> dict[str, object]:
    return {"part": part, "left": 3, "asked_by": call.agent}
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Writes the shop, for the transport of its session."""

    def written(transport: str) -> Path:
        package = f"parts_{transport}_shop"
        (tmp_path / f"{package}.py").write_text(STOCK)
        monkeypatch.syspath_prepend(str(tmp_path))
        folder = tmp_path / "verticals" / "parts_shop"
        (folder / "rehearsal").mkdir(parents=True)
        (folder / "prompts").mkdir()
        (folder / "vertical.yaml").write_text(
            SHOP.format(
                transport=transport, package=package, python=sys.executable, server=MCP_SERVER
            )
        )
        (folder / "rehearsal" / "desk.yaml").write_text(ROUTES)
        (folder / "prompts" / "warranty.md").write_text("You know about warranty. {{ call.from }}")
        names = ("desk_client", "desk_secret", "desk_key")
        secrets = ", ".join(f"{name}: env:{name.upper()}" for name in names)
        (folder.parent / "tenants.yaml").write_text(
            f'tenants:\n  parts_{transport}:\n    lines: {{"{NUMBER}": parts_shop}}\n'
            f"    secrets: {{{secrets}}}\n"
        )
        return folder.parent

    return written


@pytest.mark.parametrize("transport", ["direct", "sdk"])
async def test_every_kind_of_tool_works_in_a_call_and_no_tool_of_another_agent(
    rehearse: Open, shop: Callable[[str], Path], transport: str
) -> None:
    mind = ScriptedMind(
        [
            [CallTool("place_order", {"part": "tyre/7"})],
            [Say("Ordered.")],
            [CallTool("check_stock", {"part": "tyre"})],
            [Say("There are three.")],
            [CallTool("ask_warranty", {"question": "Is the tyre under warranty?"})],
            # The next two are the specialist's.
            [CallTool("check_stock", {"part": "tyre"})],
            [Say("It is, for two years.")],
            [Say("It is under warranty.")],
            [CallTool("to_workshop")],
            [CallTool("place_order", {"part": "bumper"})],
            [Say("I cannot order here.")],
            [CallTool("open_ticket", {"subject": "A flat tyre"})],
            [Say("Your ticket is open.")],
        ]
    )
    commands = sys.executable
    async with rehearse(shop(transport), mind=mind, seeded=False, mcp_commands=commands) as it:
        await it.ring(
            NUMBER,
            "A tyre please.",
            "How many?",
            "Is it under warranty?",
            "Repair it.",
            "A ticket.",
        )
        ran = [(fact.agent, fact.tool, fact.status) for fact in it.of(ToolRan)]

    assert mind.left() == 0
    assert ran == [
        ("counter", "place_order", "ok"),
        ("counter", "check_stock", "ok"),
        ("counter", "check_stock", "ok"),
        ("counter", "ask_warranty", "ok"),
        ("workshop", "place_order", "refused"),
        ("workshop", "open_ticket", "ok"),
    ]
    outputs = [item.output for item in mind.turns[-1].items if isinstance(item, FunctionOutput)]
    results = [json.loads(output) for output in outputs if output.startswith("{")]
    given = [one["result"] for one in results if one.get("status") == "ok"]
    assert given == [
        {"id": "O-tyre/7", "caller": "+15550107788"},
        {"part": "tyre", "left": 3, "asked_by": "counter"},
        "It is, for two years.",
        {"id": "T-1", "subject": "A flat tyre", "urgent": False},
    ]
    if transport == "direct":
        refused = [one["message"] for one in results if one.get("status") == "refused"]
        assert len(refused) == 1
        assert "Use only the tools you were given" in refused[0]
    (asked, again) = [turn for turn in mind.turns if "You know about" in turn.instructions]
    assert [tool.name for tool in asked.tools] == ["check_stock"]
    assert asked.instructions.endswith("+15550107788")
    assert asked.items == [Message("user", "Is the tyre under warranty?")]
    assert len([item for item in again.items if isinstance(item, FunctionOutput)]) == 1
