"""One request of an `http` tool: where it may go, how often it is tried, how much is read.

A tool's address is a template, so the only places it may reach are the vertical's endpoints, and a
private network only where the operator named the host.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
from opentelemetry.propagate import inject

from dialplan.errors import ToolError
from dialplan.model.endpoint import Endpoint
from dialplan.tools.guard import Guard, Resolve, guarded_client, look_up
from dialplan.tools.received import ENCODINGS, Unreadable, parse_body, read_body
from dialplan.tools.requests import Prepared, prepare_request, token_request
from dialplan.tools.tokens import Login, Token, Tokens, read_token

__all__ = ["HttpCaller", "NoAnswer", "Prepared", "Response", "prepare_request"]

MOST_BYTES = 1_000_000
"""The longest answer that is read, in bytes, unpacked."""
FIRST_PAUSE_S = 0.1
LONGEST_S = 60.0
"""How long a service may have itself waited for where the caller sets no limit, in seconds."""
_REPEATABLE = frozenset({"GET", "PUT", "DELETE"})
_TRY_AGAIN = frozenset({429, 502, 503, 504})
# Nothing of the request had left: to try again cannot do anything twice.
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class NoAnswer(ToolError):
    """A service did not answer, or had too much to do: the same request may succeed later.

    Attributes:
        after_s: how long it asks to be left alone, in seconds; None where it does not.
    """

    def __init__(self, message: str, *, after_s: float | None = None) -> None:
        super().__init__(message)
        self.after_s = after_s


@dataclass(frozen=True, slots=True)
class Response:
    """What a service answered; `retry_after_s` is how long it asks to wait, in seconds."""

    status: int
    json: object
    text: str
    retry_after_s: float | None = None

    def names(self) -> dict[str, object]:
        """What stands under `response.` in templates."""
        return {"status": self.status, "json": self.json, "text": self.text}


class HttpCaller:
    """Sends prepared requests over one pooled client, with tokens kept for them."""

    def __init__(
        self,
        *,
        private_hosts: Iterable[str] = (),
        most_bytes: int = MOST_BYTES,
        resolve: Resolve = look_up,
        jitter: Callable[[], float] = random.random,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Build the client.

        Args:
            private_hosts: `host` or `host:port` that may be on a private network.
            most_bytes: the longest answer.
            resolve: resolves names.
            jitter: gives numbers from 0 to 1, so that callers do not come back all at once.
            now: a clock in seconds.
        """
        self._most_bytes = most_bytes
        self._jitter = jitter
        self._now = now
        self.guard = Guard(private_hosts, resolve)
        self._client = guarded_client(self.guard)
        self._tokens = Tokens(now)

    async def send(
        self,
        request: Prepared,
        *,
        key: str | None = None,
        limit_s: float = LONGEST_S,
        reads: bool = True,
    ) -> Response:
        """Send a request; tried again only where twice does no more than once (RFC 9110 9.2.2).

        `key` goes out as `Idempotency-Key` and makes any method safe to repeat. A pause that would
        not end within `limit_s` seconds is not begun. Where nobody `reads` the answer, only its
        status counts, whatever its body is.

        Raises:
            NoAnswer: none came, and may later.
            ToolError: no usable answer came; the message holds nothing of the request's values.
        """
        headers = dict(request.headers) | ({"Idempotency-Key": key} if key else {})
        # W3C `traceparent` of the tool's span; nothing where the call is not traced.
        traced: dict[str, str] = {}
        inject(traced)
        headers = traced | headers
        repeatable = key is not None or request.method in _REPEATABLE

        async def once() -> Response:
            return await self._authorised(replace(request, headers=headers), reads=reads)

        return await self._persist(request, once, repeatable=repeatable, limit_s=limit_s)

    async def close(self) -> None:
        """Close the pooled connections."""
        await self._client.aclose()

    async def token(self, login: Login, endpoint: Endpoint, *, refused: str | None = None) -> str:
        """Return a token for requests to an endpoint, never the one that was just `refused`.

        Raises:
            ToolError: the service gave none; the message holds no secret.
        """

        async def fetch() -> Token:
            asked = token_request(login, endpoint)
            # Twice asked is two tokens, which is no harm.
            granted = await self._persist(asked, lambda: self._once(asked), repeatable=True)
            if granted.status != 200:
                message = f"{asked.target} gave no token: status {granted.status}"
                raise NoAnswer(message) if granted.status >= 500 else ToolError(message)
            return read_token(granted.json)

        return await self._tokens.get(login, fetch, refused=refused)

    async def _persist(
        self,
        request: Prepared,
        once: Callable[[], Awaitable[Response]],
        *,
        repeatable: bool,
        limit_s: float = LONGEST_S,
    ) -> Response:
        ends = self._now() + limit_s
        problem, tries = "no answer", 0
        after_s: float | None = None
        while tries <= request.endpoint.retries:
            tries += 1
            wait = FIRST_PAUSE_S * 2 ** (tries - 1) * (0.5 + self._jitter() / 2)
            again = repeatable
            try:
                response = await once()
            except (httpx.TransportError, TimeoutError, OSError) as error:
                problem, after_s = type(error).__name__, None
                again = repeatable or isinstance(error, _UNSENT)
            else:
                if response.status not in _TRY_AGAIN:
                    return response
                problem, after_s = f"status {response.status}", response.retry_after_s
                wait = wait if response.retry_after_s is None else response.retry_after_s
            if not again or self._now() + wait >= ends:
                break
            if tries <= request.endpoint.retries:
                await asyncio.sleep(wait)
        raise NoAnswer(f"{request.target} failed after {tries} tries: {problem}", after_s=after_s)

    async def _authorised(self, request: Prepared, *, reads: bool) -> Response:
        login = request.login
        if login is None:
            return await self._once(request, reads=reads)
        token = await self.token(login, request.endpoint)
        response = await self._once(_with_token(request, token), reads=reads)
        if response.status == 401:
            # Taken back before its time; once, or a wrong scope would ask for ever.
            token = await self.token(login, request.endpoint, refused=token)
            response = await self._once(_with_token(request, token), reads=reads)
        return response

    async def _once(self, request: Prepared, *, reads: bool = True) -> Response:
        limit = request.endpoint.timeout.total_seconds()
        try:
            url = httpx.URL(request.url)
        except httpx.InvalidURL as error:
            raise ToolError("the address of the request is no URL") from error
        sent = {"Accept-Encoding": ENCODINGS, **request.headers}
        async with (
            asyncio.timeout(limit),
            self._client.stream(
                request.method,
                url.copy_merge_params(dict(request.query)) if request.query else url,
                headers=sent,
                content=request.content,
                timeout=limit,
            ) as answer,
        ):
            try:
                encoding = answer.headers.get("content-encoding", "")
                body = await read_body(answer.aiter_raw(), encoding, self._most_bytes)
                parsed, text = parse_body(body, answer.headers.get("content-type", ""))
            except Unreadable as error:
                if reads and (answer.is_success or answer.status_code not in _TRY_AGAIN):
                    raise ToolError(f"{request.target} answered {error}") from error
                parsed, text = None, ""
        wait = _retry_after(answer.headers.get("retry-after", ""))
        return Response(answer.status_code, parsed, text, wait)


def _with_token(request: Prepared, token: str) -> Prepared:
    return replace(request, headers={**request.headers, "Authorization": f"Bearer {token}"})


def _retry_after(written: str) -> float | None:
    """Read `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date."""
    if written.strip().isdecimal():
        return float(written)
    try:
        until = parsedate_to_datetime(written)
    except (ValueError, TypeError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())
