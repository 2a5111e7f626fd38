"""A real MCP server, made with the protocol's own library: over standard input, or as an app."""

import asyncio
import os
from typing import Literal

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations

server = MCPServer("desk", log_level="ERROR")
calls = {"made": 0}


@server.tool()
async def create_ticket(subject: str, urgent: bool = False) -> dict[str, object]:
    """Create a ticket."""
    calls["made"] += 1
    return {"id": f"T-{calls['made']}", "subject": subject, "urgent": urgent}


@server.tool()
async def set_priority(ticket: str, priority: Literal["low", "high"], copies: int = 1) -> str:
    """Say how urgent a ticket is."""
    return f"{ticket} is {priority}, {copies} times"


@server.tool()
async def pid() -> int:
    """Tell which process this is."""
    return os.getpid()


@server.tool()
async def key() -> str:
    """Tell the key that was given."""
    return os.environ.get("DESK_KEY", "none")


@server.tool()
async def fails() -> str:
    """Fail."""
    raise ToolError("the ticket is locked")


@server.tool()
async def slow() -> str:
    """Take long."""
    await asyncio.sleep(30)
    return "late"


@server.tool()
async def huge() -> str:
    """Say much."""
    return "x" * 1_100_000


@server.tool(structured_output=False)
async def older(text: str) -> str:
    """Answer with text alone, as servers do that know no structured results."""
    return text


@server.tool()
async def die() -> str:
    """End the process in the middle of a call."""
    os._exit(3)


@server.tool(annotations=ToolAnnotations(read_only_hint=True))
async def die_once(mark: str) -> str:
    """End the process the first time."""
    if not os.path.exists(mark):  # noqa: ASYNC240
        open(mark, "w").close()  # noqa: ASYNC230
        os._exit(3)
    return "alive"


if __name__ == "__main__":
    server.run("stdio")
