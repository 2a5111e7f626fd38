"""One connection to an MCP server, held by a task of its own, and what tools are there."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from types import TracebackType
from typing import Self

from mcp import Client
from mcp.client._transport import Transport, TransportStreams
from mcp.shared._stream_protocols import ReadStream
from mcp.shared.message import SessionMessage
from mcp_types import CallToolResult, Tool

from dialplan.errors import ToolError

MOST_PAGES = 20
"""How many pages of a server's list of tools are read."""
CLOSE_S = 8.0
"""How long a connection may take to end; the library kills a program within 6.5 s."""


class _Watched(AbstractAsyncContextManager[TransportStreams]):
    """A transport that tells when the other side has ended."""

    def __init__(self, inner: Transport, ended: asyncio.Event) -> None:
        self._inner = inner
        self._ended = ended

    async def __aenter__(self) -> TransportStreams:
        read, write = await self._inner.__aenter__()
        return _WatchedStream(read, self._ended), write

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        return await self._inner.__aexit__(kind, error, trace)


class _WatchedStream:
    def __init__(self, inner: ReadStream[SessionMessage | Exception], ended: asyncio.Event) -> None:
        self._inner = inner
        self._ended = ended

    @property
    def last_context(self) -> object:
        return getattr(self._inner, "last_context", None)

    async def receive(self) -> SessionMessage | Exception:
        return await self._inner.receive()

    async def aclose(self) -> None:
        self._ended.set()
        await self._inner.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        try:
            return await self._inner.__anext__()
        except BaseException:
            self._ended.set()
            raise

    async def __aenter__(self) -> Self:
        await self._inner.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        self._ended.set()
        return await self._inner.__aexit__(kind, error, trace)


class Session:
    """A connection. Made by `open`, ended by `close`; usable from any task in between."""

    def __init__(self, transport: Transport, why: object = "") -> None:
        """Build it, not connected; `why` as text says more of a failure than the kind of error."""
        self._ended = asyncio.Event()
        self._transport = _Watched(transport, self._ended)
        self._stop = asyncio.Event()
        self._why = why
        self._client: Client | None = None
        self._task: asyncio.Task[None] | None = None
        self._ready: asyncio.Future[None] | None = None
        self.tools: Mapping[str, Tool] = {}

    @property
    def over(self) -> bool:
        """Whether it has ended, whoever ended it."""
        return self._ended.is_set() or self._stop.is_set()

    async def open(self, limit_s: float) -> None:
        """Connect and read what tools there are, or wait for whoever does so already.

        One who gives up leaves it to the others.

        Raises:
            ToolError: the server cannot be reached, or does not speak the protocol.
        """
        if self._ready is None:
            self._ready = asyncio.get_running_loop().create_future()
            held = self._hold(self._ready, limit_s)
            self._task = asyncio.create_task(held, name="mcp session")
        await asyncio.shield(self._ready)

    async def call(
        self, tool: str, arguments: Mapping[str, object], limit_s: float
    ) -> CallToolResult:
        """Call a tool; raises what the library raises."""
        if self._client is None:
            raise ToolError("the connection is not open")
        return await self._client.call_tool(tool, dict(arguments), read_timeout_seconds=limit_s)

    async def close(self) -> None:
        """End the connection, and the program behind it."""
        self._stop.set()
        task, self._task = self._task, None
        if task is None:
            return
        if self._client is None:
            task.cancel()
        await asyncio.wait([task], timeout=CLOSE_S)
        if not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=CLOSE_S)

    async def _hold(self, ready: asyncio.Future[None], limit_s: float) -> None:
        """The whole life of the connection: its library wants one task to enter and leave it."""
        try:
            async with AsyncExitStack() as stack:
                async with asyncio.timeout(limit_s):
                    client = Client(self._transport, cache=None)
                    await stack.enter_async_context(client)
                    self.tools = await _tools_of(client)
                self._client = client
                if not ready.done():
                    ready.set_result(None)
                stop = asyncio.create_task(self._stop.wait())
                gone = asyncio.create_task(self._ended.wait())
                try:
                    await asyncio.wait([stop, gone], return_when=asyncio.FIRST_COMPLETED)
                finally:
                    stop.cancel()
                    gone.cancel()
        except BaseException as error:
            if not ready.done():
                ready.set_exception(
                    ToolError(f"it cannot be reached: {str(self._why) or _kind(error)}")
                )
                ready.exception()  # seen, even where nobody waits any more
            if isinstance(error, asyncio.CancelledError | KeyboardInterrupt | SystemExit):
                raise
        finally:
            self._ended.set()


async def _tools_of(client: Client) -> dict[str, Tool]:
    found: dict[str, Tool] = {}
    cursor: str | None = None
    for _page in range(MOST_PAGES):
        listed = await client.list_tools(cursor=cursor)
        found |= {tool.name: tool for tool in listed.tools}
        cursor = listed.next_cursor
        if cursor is None:
            break
    return found


def _kind(error: BaseException) -> str:
    """The kinds of error at the bottom of groups; messages may hold addresses and keys."""
    if isinstance(error, BaseExceptionGroup):
        return ", ".join(dict.fromkeys(_kind(one) for one in error.exceptions))
    if isinstance(error, ToolError):
        return str(error)
    return type(error).__name__
