"""The HTTP client that MCP servers are reached with: guard, limits and tokens as of `http`.

The protocol's library speaks `httpx2`, whose types are not those of `httpx`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

import httpcore2
import httpx2

from dialplan.tools.guard import Guard
from dialplan.tools.trust import trusted

MOST_BYTES = 2_000_000
"""The longest JSON answer of a server, in bytes; events of a stream are limited by the library."""

GetToken = Callable[[str | None], Awaitable[str]]
"""Gives a token other than the one that was refused."""


class _GuardedBackend(httpcore2.AsyncNetworkBackend):
    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  the interface of httpcore2
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        try:
            addresses = await self._guard.addresses(host, port)
        except OSError as error:
            raise httpcore2.ConnectError("the name cannot be resolved") from error
        problem: Exception = httpcore2.ConnectError("the name has no address")
        for address in addresses:
            try:
                return await self._network.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                problem = error
        raise problem

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _Limited(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        length = 0
        async for piece in self._stream:
            length += len(piece)
            if length > MOST_BYTES:
                raise httpx2.ReadError(f"an answer of more than {MOST_BYTES} bytes")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


@dataclass(slots=True)
class Refusal:
    """How a server refused the last message to it; the protocol's library forgets it.

    Attributes:
        status: the status of HTTP; None where it took the message.
    """

    status: int | None = None

    def __str__(self) -> str:
        """The status with its meaning in RFC 9110; nothing where there is none."""
        if self.status is None:
            return ""
        phrase = HTTPStatus(self.status).phrase if self.status in list(HTTPStatus) else ""
        return f"HTTP status {self.status} {phrase}".rstrip()


class _GuardedTransport(httpx2.AsyncHTTPTransport):
    def __init__(self, guard: Guard, refusal: Refusal) -> None:
        super().__init__(verify=trusted(), trust_env=False)
        self._refusal = refusal
        # Like httpx, this library takes no network backend; the pool that it wraps does.
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=trusted(),
            max_connections=20,
            max_keepalive_connections=5,
            keepalive_expiry=30.0,
            network_backend=_GuardedBackend(guard),
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        # Nothing is unpacked that could be larger than it came.
        request.headers["Accept-Encoding"] = "identity"
        response = await super().handle_async_request(request)
        # A stream of events is asked for by GET, which a server need not have.
        if request.method == "POST":
            self._refusal.status = response.status_code if response.status_code >= 400 else None
        kind = response.headers.get("content-type", "")
        if not kind.startswith("text/event-stream") and isinstance(
            response.stream, httpx2.AsyncByteStream
        ):
            response.stream = _Limited(response.stream)
        return response


class _Token(httpx2.Auth):
    def __init__(self, get: GetToken) -> None:
        self._get = get

    async def async_auth_flow(
        self, request: httpx2.Request
    ) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        token = await self._get(None)
        request.headers["Authorization"] = f"Bearer {token}"
        response = yield request
        if response.status_code == 401:
            request.headers["Authorization"] = f"Bearer {await self._get(token)}"
            yield request


def mcp_client(
    guard: Guard,
    headers: Mapping[str, str],
    timeout_s: float,
    token: GetToken | None,
    refusal: Refusal,
) -> httpx2.AsyncClient:
    """A client that connects only where `guard` allows; redirects stay on the server's origin.

    `refusal` is kept up to date with what the server says.
    """
    return httpx2.AsyncClient(
        transport=_GuardedTransport(guard, refusal),
        headers=dict(headers),
        auth=None if token is None else _Token(token),
        # A stream of events may be silent for long; each call of a tool has its own limit.
        timeout=httpx2.Timeout(timeout_s, read=300.0),
        trust_env=False,
    )
