"""Tools whose work is done elsewhere: in a package, by an MCP server, by a specialist."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from dialplan.errors import ToolError
from dialplan.model.kinds import Specialist, specialist_prompt
from dialplan.model.tool import Tool
from dialplan.model.vertical import Vertical
from dialplan.prompts.render import render
from dialplan.tools.arguments import parameters_schema
from dialplan.tools.mcp.servers import McpServers
from dialplan.tools.ports import Asked, Experts, OwnTool
from dialplan.tools.python import PythonTools
from dialplan.tools.state import CallState
from dialplan.tools.values import plain

RunScoped = Callable[[str, str, tuple[str, ...]], Awaitable[str]]
"""Runs a tool with its arguments as JSON, for somebody who has only the tools listed."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Who does the work, shared by all calls of a process.

    Attributes:
        mcp: the connections to MCP servers; without them such tools fail.
        experts: asks specialists; None where no text model is set up.
    """

    python: PythonTools = field(default_factory=PythonTools)
    mcp: McpServers | None = None
    experts: Experts | None = None

    async def run(
        self,
        name: str,
        vertical: Vertical,
        prompts: Mapping[str, str],
        arguments: Mapping[str, object],
        names: Mapping[str, object],
        call: CallState,
        run_scoped: RunScoped,
    ) -> object:
        """Do a tool's work and return its raw result; raises a DialplanError."""
        tool = vertical.tools[name]
        if tool.python is not None:
            return await self.python.run(tool.python, arguments, call)
        if tool.mcp is not None and self.mcp is not None:
            return await self.mcp.run(
                vertical.mcp_servers,
                tool.mcp,
                arguments,
                call,
                repeatable=tool.idempotent,
                limit_s=tool.timeout.total_seconds(),
            )
        if tool.specialist is not None:
            if self.experts is None:
                raise ToolError("no text model is set up: set `OPENAI_API_KEY`")
            scope = tuple(tool.specialist.tools)
            prompt = prompts.get(specialist_prompt(name), tool.specialist.prompt)
            asked = Asked(
                name=name,
                model=tool.specialist.model,
                instructions=render(prompt, names),
                question=_question(tool, arguments, call),
                tools=_own_tools(tool.specialist, vertical),
                max_turns=tool.specialist.max_turns,
            )

            async def run_own(own: str, given: str) -> str:
                return await run_scoped(own, given, scope)

            return await self.experts.ask(asked, run_own) or None
        raise ToolError(f"nobody does the work of the tool `{name}`")


def _question(tool: Tool, arguments: Mapping[str, object], call: CallState) -> str:
    """What was given, one line each; a single value stands alone."""
    given = {key: plain(value, call.zone) for key, value in arguments.items() if value is not None}
    if len(given) == 1:
        return str(*given.values())
    return "\n".join(f"{key}: {value}" for key, value in given.items()) or tool.description


def _own_tools(specialist: Specialist, vertical: Vertical) -> tuple[OwnTool, ...]:
    tools = {name: vertical.tools[name] for name in specialist.tools}
    return tuple(
        OwnTool(name, tool.description, parameters_schema(tool)) for name, tool in tools.items()
    )
