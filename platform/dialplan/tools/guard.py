"""Where connections of tools may go: a name is resolved here, checked, and that address is dialled.

The check stands where the connection is made, not where a request is: a name that answers
differently the second time is never asked twice, and connections are kept by name, so that two
services at one address do not share one.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence

import httpcore
import httpx

from dialplan.errors import ToolError
from dialplan.tools.trust import trusted

MOST_ADDRESSES = 4
"""How many of a name's addresses are dialled, one after the other."""

# What carries another address inside: 6to4, Teredo, NAT64, and the two old ways to write IPv4.
_WRAPPERS = tuple(
    ipaddress.ip_network(one)
    for one in ("2002::/16", "2001::/32", "64:ff9b::/96", "64:ff9b:1::/48", "::/96")
)

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


async def look_up(host: str, port: int) -> Sequence[str]:
    """Resolve a name as the system does; raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(one[4][0]) for one in found]


def is_public(address: str) -> bool:
    """Whether this is an address of the public internet: no private, local or metadata network."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return is_public(str(found.ipv4_mapped))
        if found.is_site_local or any(found in network for network in _WRAPPERS):
            return False
    return found.is_global and not found.is_multicast


class Guard:
    """Says which addresses a name may be reached at."""

    def __init__(self, private_hosts: Iterable[str] = (), resolve: Resolve = look_up) -> None:
        """Args: `host` or `host:port` that may be on a private network; what resolves names."""
        self._private = frozenset(one.strip().lower() for one in private_hosts)
        self._resolve = resolve

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """Resolve a name once.

        Raises:
            ToolError: one of its addresses is not public, and the operator did not allow it.
            OSError: there is no such name.
        """
        found = await self._resolve(host, port)
        name = host.lower().strip("[]")
        if not {name, f"{name}:{port}", f"[{name}]:{port}"} & self._private:
            for address in found:
                if not is_public(address):
                    raise ToolError(
                        f"the host `{host}` is on a private network: "
                        "the operator must name it in `DIALPLAN_PRIVATE_HOSTS` first"
                    )
        return found[:MOST_ADDRESSES]


class _GuardedBackend(httpcore.AsyncNetworkBackend):
    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  the interface of httpcore
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            addresses = await self._guard.addresses(host, port)
        except OSError as error:
            raise httpcore.ConnectError("the name cannot be resolved") from error
        problem: Exception = httpcore.ConnectError("the name has no address")
        for address in addresses:
            try:
                return await self._network.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                problem = error
        raise problem

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _GuardedTransport(httpx.AsyncHTTPTransport):
    def __init__(self, guard: Guard) -> None:
        # A proxy would resolve the name again, after the check.
        super().__init__(verify=trusted(), trust_env=False)
        # httpx takes no network backend, the pool that it wraps does; httpx is pinned below 0.29.
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=trusted(),
            max_connections=100,
            max_keepalive_connections=20,
            keepalive_expiry=30.0,
            network_backend=_GuardedBackend(guard),
        )


def guarded_client(guard: Guard) -> httpx.AsyncClient:
    """A pooled client that connects only where `guard` allows and follows no redirect."""
    return httpx.AsyncClient(
        transport=_GuardedTransport(guard), follow_redirects=False, trust_env=False
    )
