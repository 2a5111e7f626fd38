"""Signed requests from the emulated carrier to the server under test.

Follows "Webhooks security" and "Webhooks connection overrides" (defaults): one retry of a failed
connect, 15 s for everything, redirects followed as GET. It never judges what an answer says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode, urljoin, urlsplit
from uuid import uuid4

import httpx

from dialplan.protocols.twilio.signature import sign

TOTAL_TIMEOUT_S = 15.0
CONNECT_TIMEOUT_S = 5.0
MAX_REDIRECTS = 5

Params = Sequence[tuple[str, str]]


class WebhookFailed(Exception):
    """No usable answer. `code` is from Twilio's error dictionary."""

    def __init__(self, code: int, url: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.url = url


def absolute(base: str, url: str) -> str:
    """Return a URL as seen from the document at `base`.

    Raises:
        WebhookFailed: 11100, it is not an absolute http(s) URL even then.
    """
    try:
        joined = urljoin(base, url)
        parts = urlsplit(joined)
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return joined
    except ValueError as error:
        raise WebhookFailed(11100, url, "URL is malformed") from error
    raise WebhookFailed(11100, url, "URL is not an absolute http(s) URL")


@dataclass(frozen=True, slots=True)
class Answer:
    """A 2xx answer. `url` is where it came from, after redirects."""

    url: str
    content_type: str
    body: bytes


class Webhooks:
    """Sends webhooks as Twilio does.

    Args:
        client: owned by the carrier.
        auth_token: signs every request.
        resolve: maps a public URL to the one that is really asked; the public one is signed.
    """

    def __init__(
        self, client: httpx.AsyncClient, auth_token: str, resolve: Callable[[str], str]
    ) -> None:
        self._client = client
        self._auth_token = auth_token
        self._resolve = resolve

    async def fetch(self, url: str, params: Params, method: str = "POST") -> Answer:
        """Ask for a document.

        Raises:
            WebhookFailed: nothing usable came back within 15 s.
        """
        url = absolute("", url).partition("#")[0]
        try:
            async with asyncio.timeout(TOTAL_TIMEOUT_S):
                return await self._follow(url, params, method)
        except TimeoutError as error:
            raise WebhookFailed(11205, url, "no answer within 15 s") from error
        except httpx.TransportError as error:
            raise WebhookFailed(11205, url, f"connection failed: {type(error).__name__}") from error
        except httpx.InvalidURL as error:
            raise WebhookFailed(11100, url, "URL is malformed") from error

    async def _follow(self, url: str, params: Params, method: str) -> Answer:
        token = str(uuid4())
        for _ in range(MAX_REDIRECTS + 1):
            response = await self._send(url, params, method, token)
            location = response.headers.get("location")
            if response.status_code in (301, 302, 303, 307, 308) and location:
                url, params, method = absolute(url, location), (), "GET"
                continue
            if response.status_code >= 400:
                raise WebhookFailed(11217, url, f"server answered {response.status_code}")
            if not response.is_success:
                raise WebhookFailed(11200, url, f"server answered {response.status_code}")
            return Answer(url, response.headers.get("content-type", ""), response.content)
        raise WebhookFailed(11215, url, "too many redirects")

    async def _send(self, url: str, params: Params, method: str, token: str) -> httpx.Response:
        content: str | None = None
        if method == "GET":
            if params:
                url += ("&" if urlsplit(url).query else "?") + urlencode(params)
            signature = sign(self._auth_token, url, ())
        else:
            content = urlencode(params)
            signature = sign(self._auth_token, url, params)
        headers = {
            "Accept": "*/*",
            "Accept-Encoding": "gzip",
            "Host": urlsplit(url).netloc.rpartition("@")[2],
            "I-Twilio-Idempotency-Token": token,
            "User-Agent": "TwilioProxy/1.1",
            "X-Twilio-Signature": signature,
        }
        if content is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
        try:
            return await self._request(method, url, content, headers)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            return await self._request(method, url, content, headers)

    async def _request(
        self, method: str, url: str, content: str | None, headers: dict[str, str]
    ) -> httpx.Response:
        return await self._client.request(
            method,
            self._resolve(url),
            content=content,
            headers=headers,
            follow_redirects=False,
            timeout=httpx.Timeout(TOTAL_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
        )
