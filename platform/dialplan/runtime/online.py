"""What only a service itself can say of a vertical: whether its MCP servers fit its tools.

Connects as a call would, once for each server and set of secrets, and calls no tool.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from dialplan.config.lint.notes import Notes
from dialplan.config.problem import Problem, did_you_mean, listed
from dialplan.config.shape import Typed
from dialplan.config.source import Source
from dialplan.errors import ToolError
from dialplan.model.kinds import McpServer
from dialplan.model.tenants import Tenants
from dialplan.model.vertical import Vertical
from dialplan.runtime.directory import secrets_of
from dialplan.settings import Settings
from dialplan.tools.http import HttpCaller
from dialplan.tools.mcp.fitting import misfits
from dialplan.tools.mcp.servers import McpServers, Offered
from dialplan.tools.state import CallState

AT_ONCE = 8
"""How many servers are asked at a time; each has its own `timeout` to answer within."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A vertical that was read, and the tenants whose numbers may lead to it."""

    folder: Path
    made: Typed[Vertical]
    tenants: Iterable[Tenants] = ()


@dataclass(frozen=True, slots=True)
class _Question:
    """One server, with the secrets of one tenant or, without tenants, of the environment."""

    checked: Checked
    notes: Notes
    name: str
    server: McpServer
    tenant: str
    sources: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False)


async def ask_servers(
    verticals: Iterable[Checked], settings: Settings, environ: Mapping[str, str]
) -> tuple[list[Problem], int]:
    """Ask the MCP servers of some verticals; return what does not fit, and how many were asked.

    Each answers within its `timeout`, or is a problem.
    """
    http = HttpCaller(private_hosts=settings.private_hosts)
    servers = McpServers(http, commands=settings.mcp_commands)
    sources: list[Source] = []
    questions: list[_Question] = []
    for checked in verticals:
        source = Source(checked.folder)
        sources.append(source)
        questions += _questions(checked, Notes(source, checked.made), environ)
    turn = asyncio.Semaphore(AT_ONCE)

    async def asked(question: _Question) -> None:
        async with turn:
            await _ask(servers, question)

    try:
        async with asyncio.TaskGroup() as group:
            for question in questions:
                group.create_task(asked(question))
    finally:
        await servers.close()
        await http.close()
    return [problem for source in sources for problem in source.problems], len(questions)


def _questions(checked: Checked, notes: Notes, environ: Mapping[str, str]) -> Iterator[_Question]:
    made = checked.made
    vertical = made.content
    owners = [
        (name, tenant.secrets)
        for tenants in checked.tenants
        for name, tenant in tenants.tenants.items()
        if vertical.name in tenant.lines.values()
    ]
    for name, server in vertical.mcp_servers.items():
        if made.lost("mcp_servers", name):
            continue
        seen: list[Mapping[str, str]] = []
        for tenant, sources in owners or [("", {})]:
            known = secrets_of(sources, vertical, environ)
            used = {secret: known[secret] for secret in server.names() if secret in known}
            if used not in seen:
                seen.append(used)
                yield _Question(checked, notes, name, server, tenant, sources, known)


async def _ask(servers: McpServers, question: _Question) -> None:
    name, server, notes = question.name, question.server, question.notes
    whose = f" (tenant `{question.tenant}`)" if question.tenant else ""
    for _, secret in server.secrets():
        if secret not in question.secrets:
            variable = question.sources.get(secret, f"env:{secret.upper()}").removeprefix("env:")
            message = f"the MCP server `{name}` needs the secret `{secret}`, which has no value"
            hint = f"set `{variable}` where this is run"
            notes.at(("mcp_servers", name), "E601", message + whose, hint, key=True)
            return
    try:
        offered = await servers.offered(name, server, _call(question))
    except ToolError as error:
        notes.at(("mcp_servers", name), "E601", f"{error}{whose}", key=True)
        return
    _compare(question, offered)


def _compare(question: _Question, offered: Offered) -> None:
    """Note which tools do not fit; what one tenant's server says, all of them need not hear."""
    made, notes = question.checked.made, question.notes
    for name, tool in made.content.tools.items():
        asked = tool.mcp
        if asked is None or asked.server != question.name or made.lost("tools", name):
            continue
        at = ("tools", name)
        schema = offered.get(asked.tool)
        if schema is None:
            hint = did_you_mean(asked.tool, offered) or (
                f"it has {listed(sorted(offered))}" if offered else "it has no tool at all"
            )
            message = f"the MCP server `{asked.server}` has no tool `{asked.tool}`"
            notes.at((*at, "mcp", "tool"), "E602", message, hint)
            continue
        for found in misfits(tool, asked.tool, asked.server, schema):
            steps = (*at, *found.steps)
            notes.at(steps, found.code, found.message, found.hint, key=found.key)


def _call(question: _Question) -> CallState:
    """Nobody calls: this only names the tenant whose secrets are used."""
    return CallState(
        call_sid="",
        tenant=question.tenant,
        vertical=question.checked.made.content.name,
        caller="",
        called="",
        now=lambda: datetime.now(UTC),
        secrets=question.secrets,
    )
