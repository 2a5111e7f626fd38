"""The MCP servers of this process: connected once a tenant, taken up again, never left over."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import httpx2
from mcp import MCPError, StdioServerParameters, stdio_client
from mcp.client._transport import Transport, TransportStreams
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CONNECTION_CLOSED, CallToolResult, TextContent, Tool

from dialplan.errors import ToolError, ToolRefused
from dialplan.model.kinds import McpServer, McpTool
from dialplan.tools.http import HttpCaller
from dialplan.tools.mcp.fitting import demands_of
from dialplan.tools.mcp.network import Refusal, mcp_client
from dialplan.tools.mcp.session import Session
from dialplan.tools.requests import login_of, static_headers
from dialplan.tools.state import CallState
from dialplan.tools.tokens import Login
from dialplan.tools.values import plain

logger = logging.getLogger(__name__)

MOST_STARTS = 5
"""How often a server is connected to within `STARTS_S`, before calls fail at once."""
STARTS_S = 60.0
MOST_CHARACTERS = 1_000_000
"""The longest result of a tool, in characters."""


@dataclass(slots=True)
class _Connection:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    session: Session | None = None
    starts: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_STARTS))


_Key = tuple[str, str, str]
Offered = Mapping[str, Mapping[str, object]]
"""The tools of a server by name, each with the JSON Schema of what it takes."""


class McpServers:
    """All connections. A server is one connection for all calls of a tenant."""

    def __init__(
        self,
        http: HttpCaller,
        *,
        commands: Collection[str] = (),
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Build it, without any connection.

        Args:
            http: fetches tokens; its guard says where connections may go.
            commands: programs that may be started, as `command` names them.
            now: a clock in seconds.
        """
        self._http = http
        self._guard = http.guard
        self._commands = frozenset(commands)
        self._now = now
        self._connections: dict[_Key, _Connection] = {}

    async def run(
        self,
        servers: Mapping[str, McpServer],
        asked: McpTool,
        arguments: Mapping[str, object],
        call: CallState,
        *,
        repeatable: bool,
        limit_s: float,
    ) -> object:
        """Call a tool and return its result; `repeatable` says that twice does no more than once.

        Raises:
            ToolRefused: the tool itself says that it failed, in words for the model.
            ToolError: the server cannot be reached, lacks the tool, or its answer is too long.
        """
        server = servers[asked.server]
        given = {key: plain(value, call.zone) for key, value in arguments.items()}
        given = {key: value for key, value in given.items() if value is not None}
        for again in (True, False):
            session = await self._session(asked.server, server, call)
            tool = session.tools.get(asked.tool)
            if tool is None:
                raise ToolError(f"the MCP server `{asked.server}` has no tool `{asked.tool}`")
            _fits(asked, tool, given)
            try:
                return _result(asked, await session.call(asked.tool, given, limit_s))
            except MCPError as error:
                hints = tool.annotations
                harmless = hints is not None and (hints.read_only_hint or hints.idempotent_hint)
                lost = error.code == CONNECTION_CLOSED
                if not (lost and again and (repeatable or harmless)):
                    code = error.code
                    raise ToolError(
                        f"the MCP server `{asked.server}` answered with error {code}"
                    ) from error
        raise ToolError(f"the MCP server `{asked.server}` ended its connection")

    async def offered(self, name: str, server: McpServer, call: CallState) -> Offered:
        """Connect to a server, and return the input schema of each tool that it has.

        Raises:
            ToolError: it cannot be reached within its `timeout`, or may not be started.
        """
        session = await self._session(name, server, call)
        return {tool: one.input_schema for tool, one in session.tools.items()}

    async def close(self) -> None:
        """End every connection and every program."""
        connections, self._connections = self._connections, {}
        sessions = [one.session for one in connections.values() if one.session is not None]
        await asyncio.gather(*(session.close() for session in sessions))

    async def _session(self, name: str, server: McpServer, call: CallState) -> Session:
        connection = self._connections.setdefault(_key(server, call), _Connection())
        async with connection.lock:
            limit_s = server.timeout.total_seconds()
            if connection.session is not None and not connection.session.over:
                await connection.session.open(limit_s)
                return connection.session
            if connection.session is not None:
                old, connection.session = connection.session, None
                await old.close()
            starts, now = connection.starts, self._now()
            if len(starts) == MOST_STARTS and now - starts[0] < STARTS_S:
                raise ToolError(
                    f"the MCP server `{name}` was begun {MOST_STARTS} times in {STARTS_S:g} s"
                )
            starts.append(now)
            refusal = Refusal()
            session = Session(self._transport(name, server, call, refusal), refusal)
            connection.session = session
            try:
                await session.open(limit_s)
            except ToolError as error:
                raise ToolError(f"the MCP server `{name}`: {error}") from error
            logger.info("mcp server connected", extra={"server": name, "tenant": call.tenant})
            return session

    def _transport(
        self, name: str, server: McpServer, call: CallState, refusal: Refusal
    ) -> Transport:
        if server.command is not None:
            program = server.command[0]
            if program not in self._commands:
                raise ToolError(
                    f"the MCP server `{name}` starts `{program}`: "
                    "the operator must name it in `DIALPLAN_MCP_COMMANDS` first"
                )
            env = {}
            for variable, secret in server.env.items():
                if not call.secrets.get(secret):
                    raise ToolError(f"the secret `{secret}` has no value for this tenant")
                env[variable] = call.secrets[secret]
            return _program([program, *server.command[1:]], env)
        return _address(server.url or "", self._client(server, call, refusal))

    def _client(self, server: McpServer, call: CallState, refusal: Refusal) -> httpx2.AsyncClient:
        headers = {} if server.auth is None else static_headers(server.auth, call.secrets)
        login = None if server.auth is None else login_of(server.auth, call.secrets, call.tenant)
        token = None if login is None else partial(self._token, login, server)
        return mcp_client(self._guard, headers, server.timeout.total_seconds(), token, refusal)

    async def _token(self, login: Login, server: McpServer, refused: str | None) -> str:
        return await self._http.token(login, server.endpoint(), refused=refused)


@asynccontextmanager
async def _program(
    command: Sequence[str], env: Mapping[str, str]
) -> AsyncIterator[TransportStreams]:
    parameters = StdioServerParameters(command=command[0], args=list(command[1:]), env=dict(env))
    # What a program writes beside the protocol may hold anything, keys too.
    with open(os.devnull, "w") as nowhere:  # noqa: ASYNC230  no disk is asked
        async with stdio_client(parameters, nowhere) as streams:
            yield streams


@asynccontextmanager
async def _address(url: str, client: httpx2.AsyncClient) -> AsyncIterator[TransportStreams]:
    async with client, streamable_http_client(url, http_client=client) as streams:
        yield streams


def _key(server: McpServer, call: CallState) -> _Key:
    used = {name: call.secrets.get(name, "") for name in sorted(server.names())}
    # A program that is given the same serves every tenant; an address may count calls by tenant.
    tenant = "" if server.command is not None else call.tenant
    return tenant, server.model_dump_json(), json.dumps(used)


def _fits(asked: McpTool, tool: Tool, given: Mapping[str, object]) -> None:
    """Refuse what the server would not understand, in words for the author."""
    demands = demands_of(tool.input_schema)
    missing = sorted(demands.required - given.keys())
    if missing:
        raise ToolError(f"`{asked.tool}` of `{asked.server}` needs the parameter `{missing[0]}`")
    unknown = [] if demands.known is None else sorted(given.keys() - demands.known)
    if unknown:
        raise ToolError(f"`{asked.tool}` of `{asked.server}` has no parameter `{unknown[0]}`")


def _read(text: str) -> dict[str, object] | None:
    """An object that a server writes as text, as those do that know no structured results."""
    if not text.startswith("{") or len(text) > MOST_CHARACTERS:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _result(asked: McpTool, answered: CallToolResult) -> object:
    texts = [one.text for one in answered.content if isinstance(one, TextContent)]
    text = "\n".join(texts)
    if answered.is_error:
        raise ToolRefused(text or "The tool says that it failed.")
    found: object = answered.structured_content
    if found is None and len(texts) == 1:
        found = _read(text)
    if found is None:
        result: object = text or None
        length = len(text)
    else:
        # A tool that returns one value has it wrapped, so that it is an object.
        result = found
        if isinstance(found, dict) and found.keys() == {"result"}:
            result = found["result"]
        length = len(json.dumps(result))
    if length > MOST_CHARACTERS:
        raise ToolError(
            f"`{asked.tool}` of `{asked.server}` answered more than {MOST_CHARACTERS} characters"
        )
    return result
