"""One request of an `http` tool: where it may go, how often it is tried, how much is read.

A tool's address is a template, so the only places it may reach are the vertical's endpoints, and a
private network only where the operator named the host.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import re
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from urllib.parse import quote, urlsplit

import httpx
from opentelemetry.propagate import inject

from dialplan.errors import ToolError
from dialplan.model.tool import Http
from dialplan.model.vertical import Endpoint
from dialplan.prompts.render import render
from dialplan.tools.values import evaluate_json, plain

MOST_BYTES = 1_000_000
"""The longest answer that is read, in bytes."""
FIRST_PAUSE_S = 0.1
_REPEATABLE = frozenset({"GET", "PUT", "DELETE"})
_TRY_AGAIN = frozenset({429, 502, 503, 504})
_RESERVED_HEADERS = frozenset({"host", "content-length", "transfer-encoding", "connection"})


@dataclass(frozen=True, slots=True)
class Response:
    """What a service answered."""

    status: int
    body: object

    def names(self) -> dict[str, object]:
        """What stands under `response.` in templates."""
        return {"status": self.status, "json": self.body}


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request ready to be sent; what it carries is caller data and stays out of its repr."""

    method: str
    url: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    content: bytes | None
    endpoint: Endpoint

    def __repr__(self) -> str:
        """The method and the host, nothing else."""
        return f"Prepared({self.method} {urlsplit(self.url).hostname})"


def prepare_request(
    http: Http,
    endpoints: Mapping[str, Endpoint],
    values: Mapping[str, object],
    secrets: Mapping[str, str],
    zone: tzinfo,
) -> Prepared:
    """Fill a request's templates; a value in the address is encoded and cannot change its path.

    Raises:
        ToolError: the address is not under an endpoint, or a secret is missing.
    """
    addresses = {name: one.base_url for name, one in endpoints.items()}
    url = render(http.url, {**_encoded(values), "endpoints": addresses})
    endpoint = _endpoint_of(url, endpoints.values())
    if any(part in (".", "..") for part in urlsplit(url).path.split("/")):
        raise ToolError("the address of the request has a `.` or `..` in its path")
    names = {**values, "endpoints": addresses}
    headers = {name: render(value, names) for name, value in http.headers.items()}
    for name, value in headers.items():
        if name.lower() in _RESERVED_HEADERS or re.search(r"[\r\n\0]", value):
            raise ToolError(f"the header `{name}` cannot be sent")
    if endpoint.auth is not None:
        secret = secrets.get(endpoint.auth.bearer)
        if not secret:
            raise ToolError(f"the secret `{endpoint.auth.bearer}` has no value for this tenant")
        headers["Authorization"] = f"Bearer {secret}"
    content: bytes | None = None
    if http.body is not None:
        content = json.dumps(plain(evaluate_json(http.body, names), zone)).encode()
        headers.setdefault("Content-Type", "application/json")
    query = {name: render(value, names) for name, value in http.query.items()}
    return Prepared(http.method, url, headers, query, content, endpoint)


class HttpCaller:
    """Sends prepared requests over one pooled client."""

    def __init__(self, *, private_hosts: Iterable[str] = (), most_bytes: int = MOST_BYTES) -> None:
        """Args: hosts that may be on a private network; the longest answer, in bytes."""
        self._private = frozenset(host.lower() for host in private_hosts)
        self._most_bytes = most_bytes
        self._client = httpx.AsyncClient(
            follow_redirects=False,
            # A proxy would resolve the name again, after the check.
            trust_env=False,
            limits=httpx.Limits(max_connections=100, max_keepalive_connections=20),
        )

    async def send(self, request: Prepared, *, key: str | None = None) -> Response:
        """Send a request; tried again only where twice does no more than once (RFC 9110 9.2.2).

        `key` goes out as `Idempotency-Key` and makes any method safe to repeat.

        Raises:
            ToolError: no usable answer came; the message holds nothing of the request's values.
        """
        repeatable = key is not None or request.method in _REPEATABLE
        tries = 1 + (request.endpoint.retries if repeatable else 0)
        headers = dict(request.headers) | ({"Idempotency-Key": key} if key else {})
        # W3C `traceparent` of the tool's span; nothing where the call is not traced.
        traced: dict[str, str] = {}
        inject(traced)
        headers = traced | headers
        problem = "no answer"
        for attempt in range(tries):
            if attempt:
                await asyncio.sleep(FIRST_PAUSE_S * 2 ** (attempt - 1))
            try:
                async with asyncio.timeout(request.endpoint.timeout.total_seconds()):
                    response = await self._once(request, headers)
            except (httpx.TransportError, TimeoutError, OSError) as error:
                problem = type(error).__name__
                continue
            if response.status not in _TRY_AGAIN:
                return response
            problem = f"status {response.status}"
        raise ToolError(f"{request!r} failed after {tries} tries: {problem}")

    async def close(self) -> None:
        """Close the pooled connections."""
        await self._client.aclose()

    async def _once(self, request: Prepared, headers: Mapping[str, str]) -> Response:
        url = httpx.URL(request.url)
        extensions: dict[str, object] = {}
        sent = dict(headers)
        if url.host.lower() not in self._private:
            # The address that was checked is the one that is dialled: a name may change in between.
            address = await _public_address(url.host, url.port or _port(url.scheme))
            sent["Host"] = url.netloc.decode("ascii")
            extensions["sni_hostname"] = url.host
            url = url.copy_with(host=address)
        async with self._client.stream(
            request.method,
            url.copy_merge_params(dict(request.query)) if request.query else url,
            headers=sent,
            content=request.content,
            extensions=extensions,
            timeout=request.endpoint.timeout.total_seconds(),
        ) as answer:
            body = bytearray()
            async for piece in answer.aiter_bytes():
                body += piece
                if len(body) > self._most_bytes:
                    raise ToolError(f"{request!r} answered more than {self._most_bytes} bytes")
        return Response(answer.status_code, _parse(bytes(body)))


def _endpoint_of(url: str, endpoints: Iterable[Endpoint]) -> Endpoint:
    matching = [
        one
        for one in endpoints
        if url == one.base_url or url.startswith((f"{one.base_url}/", f"{one.base_url}?"))
    ]
    if not matching:
        raise ToolError("the address of the request is not under any of the vertical's `endpoints`")
    return max(matching, key=lambda one: len(one.base_url))


def _encoded(values: Mapping[str, object]) -> dict[str, object]:
    return {name: _encode(value) for name, value in values.items()}


def _encode(value: object) -> object:
    match value:
        case str():
            return quote(value, safe="")
        case Mapping():
            return {key: _encode(item) for key, item in value.items()}
        case list() | tuple():
            return [_encode(item) for item in value]
        case _:
            return value


def _parse(body: bytes) -> object:
    try:
        return json.loads(body) if body else None
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")


def _port(scheme: str) -> int:
    return 443 if scheme == "https" else 80


async def _public_address(host: str, port: int) -> str:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(one[4][0]) for one in found]
    for address in addresses:
        if not ipaddress.ip_address(address.split("%")[0]).is_global:
            raise ToolError(
                f"the host `{host}` is on a private network: "
                "the operator must allow it before a tool may reach it"
            )
    return addresses[0]
