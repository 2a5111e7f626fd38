"""Tools of MCP servers that are real: a process beside this one, and an app on loopback."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.integration.tools.mcp_remote import SERVER, children, remote

from dialplan.errors import ToolError, ToolRefused
from dialplan.model.kinds import McpServer, McpTool
from dialplan.tools.http import HttpCaller
from dialplan.tools.mcp.servers import McpServers
from dialplan.tools.state import CallState

MakeCall = Callable[..., CallState]
COMMAND: dict[str, object] = {"command": [sys.executable, str(SERVER)], "timeout": "30s"}


class Desk:
    """One server, asked as tools ask."""

    def __init__(self, servers: McpServers, written: dict[str, object]) -> None:
        self.servers = servers
        self.declared = {"desk": McpServer.model_validate(written)}

    async def ask(
        self,
        tool: str,
        call: CallState,
        *,
        limit_s: float = 30.0,
        repeatable: bool = False,
        **given: object,
    ) -> object:
        asked = McpTool(server="desk", tool=tool)
        return await self.servers.run(
            self.declared, asked, given, call, repeatable=repeatable, limit_s=limit_s
        )


@asynccontextmanager
async def desk(
    written: dict[str, object],
    *,
    commands: tuple[str, ...] = (sys.executable,),
    private: tuple[str, ...] = ("127.0.0.1",),
) -> AsyncIterator[Desk]:
    http = HttpCaller(private_hosts=private)
    servers = McpServers(http, commands=commands)
    try:
        yield Desk(servers, written)
    finally:
        await servers.close()
        await http.close()


async def test_a_program_is_started_once_and_ended_with_the_process(a_call: MakeCall) -> None:
    before = children()
    async with desk(COMMAND) as it:
        first, second, made = await asyncio.gather(
            it.ask("pid", a_call()),
            it.ask("pid", a_call("northside")),
            it.ask("create_ticket", a_call(), subject="VPN", urgent=None),
        )
        running = children() - before

    assert first == second
    assert running == {first}
    assert made == {"id": "T-1", "subject": "VPN", "urgent": False}
    assert children() == before


async def test_an_object_that_a_server_writes_as_text_is_read(a_call: MakeCall) -> None:
    async with desk(COMMAND) as it:
        told = [
            await it.ask("older", a_call(), text=text)
            for text in ('{"id": "T-9", "result": "open"}', '{"id": ', "[1, 2]", "It is open.")
        ]

    assert told == [{"id": "T-9", "result": "open"}, '{"id": ', "[1, 2]", "It is open."]


async def test_a_program_gets_the_secrets_it_is_given_and_no_other(
    a_call: MakeCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESK_KEY", "from our own environment")
    async with desk({**COMMAND, "env": {"DESK_KEY": "desk_key"}}) as it:
        given = await it.ask("key", a_call(desk_key="k1"))
        other = await it.ask("key", a_call("northside", desk_key="k2"))
    async with desk(COMMAND) as it:
        none = await it.ask("key", a_call())

    assert (given, other, none) == ("k1", "k2", "none")


async def test_a_program_that_the_operator_did_not_allow_is_not_started(a_call: MakeCall) -> None:
    before = children()
    async with desk(COMMAND, commands=()) as it:
        with pytest.raises(ToolError, match="`DIALPLAN_MCP_COMMANDS`"):
            await it.ask("pid", a_call())

    assert children() == before


async def test_a_program_that_ended_is_started_again(a_call: MakeCall, tmp_path: Path) -> None:
    async with desk(COMMAND) as it:
        first = await it.ask("pid", a_call())
        with pytest.raises(ToolError, match="answered with error"):
            await it.ask("die", a_call())
        second = await it.ask("pid", a_call())
        # Harmless to repeat, as the server says itself: the caller hears nothing of it.
        again = await it.ask("die_once", a_call(), mark=str(tmp_path / "mark"))

    assert first != second
    assert again == "alive"


async def test_a_program_that_always_ends_is_not_started_for_ever(a_call: MakeCall) -> None:
    async with desk({"command": [sys.executable, "-c", "pass"]}) as it:
        problems = []
        for _ in range(7):
            with pytest.raises(ToolError) as caught:
                await it.ask("pid", a_call())
            problems.append(str(caught.value))

    assert "cannot be reached" in problems[0]
    assert "was begun 5 times in 60 s" in problems[-1]


async def test_a_tools_own_failure_is_told_to_the_model(a_call: MakeCall) -> None:
    async with desk(COMMAND) as it:
        with pytest.raises(ToolRefused, match="the ticket is locked"):
            await it.ask("fails", a_call())


async def test_what_the_server_does_not_know_is_not_sent(a_call: MakeCall) -> None:
    async with desk(COMMAND) as it:
        with pytest.raises(ToolError, match="has no tool `delete_all`"):
            await it.ask("delete_all", a_call())
        with pytest.raises(ToolError, match="needs the parameter `subject`"):
            await it.ask("create_ticket", a_call())
        with pytest.raises(ToolError, match="has no parameter `colour`"):
            await it.ask("create_ticket", a_call(), subject="VPN", colour="red")


async def test_a_long_answer_is_refused_and_a_slow_one_left(a_call: MakeCall) -> None:
    async with desk(COMMAND) as it:
        with pytest.raises(ToolError, match="answered more than 1000000 characters"):
            await it.ask("huge", a_call())
        began = time.monotonic()
        with pytest.raises(ToolError, match="answered with error"):
            await it.ask("slow", a_call(), limit_s=0.3)
        assert time.monotonic() - began < 25  # it would take 30
        assert isinstance(await it.ask("pid", a_call()), int)


async def test_a_server_at_an_address_is_called_with_each_tenants_key(a_call: MakeCall) -> None:
    async with remote() as (url, keys):
        async with desk({"url": url, "auth": {"bearer": "desk_key"}}) as it:
            one = await it.ask("create_ticket", a_call(desk_key="k1"), subject="VPN")
            two = await it.ask("create_ticket", a_call("northside", desk_key="k2"), subject="Mail")
            with pytest.raises(ToolError, match="cannot be reached") as caught:
                await it.ask("create_ticket", a_call("westside", desk_key="k3"), subject="x")

    assert one == {"id": "T-1", "subject": "VPN", "urgent": False}
    assert two == {"id": "T-2", "subject": "Mail", "urgent": False}
    assert {"Bearer k1", "Bearer k2"} <= set(keys)
    assert "k3" not in str(caught.value)


async def test_a_server_on_a_private_network_is_out_of_reach(a_call: MakeCall) -> None:
    async with remote() as (url, keys):
        async with desk({"url": url}, private=()) as it:
            with pytest.raises(ToolError, match="is on a private network"):
                await it.ask("pid", a_call())

    assert keys == []
