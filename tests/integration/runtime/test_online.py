"""What real MCP servers say of a vertical, on loopback and as programs beside this one."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # ships no types
import pytest
from tests.integration.tools.mcp_remote import SERVER, children, remote

from dialplan.config.load import check_vertical, read_tenants
from dialplan.config.problem import Problem
from dialplan.runtime.online import Checked, ask_servers
from dialplan.settings import Settings

VERTICAL = """\
dialplan: 1
name: shop
title: Shop
voice: {{greeting: Hello.}}
secrets: [desk_key]
mcp_servers:
  desk: {server}
agents:
  clerk: {{entry: true, prompt: Help., tools: [open_ticket, close_ticket]}}
tools:
  open_ticket:
    description: Open a ticket.
    parameters: {{{parameters}}}
    mcp: {{server: desk, tool: create_ticket}}
    idempotent: true
  close_ticket:
    description: Close a ticket for good.
    mcp: {{server: desk, tool: close_ticket}}
    idempotent: true
"""
TENANTS = """\
tenants:
  lakeside: {lines: {"+15550100001": shop}, secrets: {desk_key: env:LAKESIDE}}
  northside: {lines: {"+15550100002": shop}, secrets: {desk_key: env:NORTHSIDE}}
  westside: {lines: {"+15550100003": shop}, secrets: {desk_key: env:WESTSIDE}}
  other: {lines: {"+15550100004": salon}, secrets: {desk_key: env:OTHER}}
"""
Write = Callable[..., Checked]
LOOPBACK = Settings.model_validate({"private_hosts": "127.0.0.1"})
ALLOWED = Settings.model_validate({"mcp_commands": sys.executable})
PROGRAM = f"{{command: [{sys.executable}, {SERVER}], timeout: 30s}}"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a vertical with one server, and reads it as `check` does."""

    def writing(server: str, *, parameters: str = "subject: string", tenants: str = "") -> Checked:
        folder = tmp_path / "shop"
        folder.mkdir()
        text = VERTICAL.format(server=server, parameters=parameters)
        (folder / "vertical.yaml").write_text(text)
        made = check_vertical(folder).made
        assert made is not None
        if not tenants:
            return Checked(folder, made)
        (tmp_path / "tenants.yaml").write_text(tenants)
        return Checked(folder, made, [read_tenants(tmp_path / "tenants.yaml")])

    return writing


def said(problems: list[Problem]) -> list[tuple[str, int, str]]:
    return sorted({(one.code, one.line, one.message) for one in problems})


async def test_each_tenants_key_is_tried_once_and_stays_secret(write: Write) -> None:
    async with remote() as (url, keys):
        checked = write(f"{{url: {url}, auth: {{bearer: desk_key}}}}", tenants=TENANTS)
        environ = {"LAKESIDE": "k1", "NORTHSIDE": "k1", "WESTSIDE": "k3", "OTHER": "k4"}
        problems, asked = await ask_servers([checked], LOOPBACK, environ)

    assert asked == 2
    assert {*keys} == {"Bearer k1", "Bearer k3"}
    unreachable, lacking = said(problems)
    assert unreachable == (
        "E601",
        7,
        "the MCP server `desk`: it cannot be reached: HTTP status 401 Unauthorized"
        " (tenant `westside`)",
    )
    assert lacking == ("E602", 18, "the MCP server `desk` has no tool `close_ticket`")


async def test_a_key_without_a_value_is_named_with_its_variable(write: Write) -> None:
    async with remote() as (url, keys):
        checked = write(f"{{url: {url}, auth: {{bearer: desk_key}}}}", tenants=TENANTS)
        problems, _ = await ask_servers([checked], LOOPBACK, {"LAKESIDE": "k1", "WESTSIDE": "k2"})

    assert "Bearer " not in keys
    (lacking,) = [one for one in problems if one.code == "E601"]
    assert lacking.message == (
        "the MCP server `desk` needs the secret `desk_key`, which has no value (tenant `northside`)"
    )
    assert lacking.hint == "set `NORTHSIDE` where this is run"


async def test_a_private_address_is_only_asked_if_the_operator_allows_it(write: Write) -> None:
    async with remote() as (url, keys):
        problems, _ = await ask_servers([write(f"{{url: {url}}}")], Settings(), {})

    assert keys == []
    ((code, line, message),) = said(problems)
    assert (code, line) == ("E601", 7)
    assert "is on a private network" in message


async def test_a_wrong_path_is_said_as_such(write: Write) -> None:
    async with remote() as (url, _):
        checked = write(f"{{url: {url}/v2, auth: {{bearer: desk_key}}}}")
        problems, _ = await ask_servers([checked], LOOPBACK, {"DESK_KEY": "k1"})

    ((_, _, message),) = said(problems)
    assert message == "the MCP server `desk`: it cannot be reached: HTTP status 404 Not Found"


async def test_an_address_where_nobody_listens_is_said(write: Write) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/mcp"
        problems, _ = await ask_servers([write(f"{{url: {url}}}")], LOOPBACK, {})

    ((code, _, message),) = said(problems)
    assert (code, message) == (
        "E601",
        "the MCP server `desk`: it cannot be reached: ConnectError",
    )


async def test_a_program_is_asked_and_ended(write: Write) -> None:
    before = children()
    checked = write(PROGRAM, parameters="subject: string, urgent: string")

    problems, asked = await ask_servers([checked], ALLOWED, {})

    assert asked == 1
    assert [(code, line) for code, line, _ in said(problems)] == [("E602", 18), ("E605", 13)]
    assert children() == before


async def test_a_program_that_the_operator_did_not_allow_is_not_started(write: Write) -> None:
    problems, _ = await ask_servers([write(PROGRAM)], Settings(), {})

    ((code, _, message),) = said(problems)
    assert code == "E601"
    assert "must name it in `DIALPLAN_MCP_COMMANDS` first" in message


async def test_a_program_that_says_nothing_is_left_after_its_timeout_and_ended(
    write: Write,
) -> None:
    silent = "import time; time.sleep(97)"
    checked = write(f'{{command: [{sys.executable}, -c, "{silent}"], timeout: 1s}}')
    began = time.monotonic()

    problems, _ = await ask_servers([checked], ALLOWED, {})

    assert time.monotonic() - began < 15
    ((code, _, message),) = said(problems)
    assert (code, message) == (
        "E601",
        "the MCP server `desk`: it cannot be reached: TimeoutError",
    )
    # By what was found in one look: a process that ends meanwhile has no command line.
    running = psutil.process_iter(["cmdline"])
    assert not [one for one in running if silent in (one.info["cmdline"] or ())]


async def test_nothing_is_concluded_from_a_tool_that_is_broken(write: Write) -> None:
    checked = write(PROGRAM, parameters="subjekt: strng")

    problems, _ = await ask_servers([checked], ALLOWED, {})

    assert [code for code, _, _ in said(problems)] == ["E602"]
