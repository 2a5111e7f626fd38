"""Reads a webhook of Twilio's and proves that it is one.

The URL that was signed is rebuilt from the configured public origins, never from request headers:
headers can be forged, and behind a proxy they are wrong. See "Webhooks Security" in Twilio's docs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from starlette.requests import ClientDisconnect, Request

from dialplan.errors import ProtocolError
from dialplan.protocols.twilio.signature import is_valid, parse_form, url_variants

MAX_BODY_BYTES = 64 * 1024
# Twilio sends a form in one piece, and waits no longer than 15 s for the answer.
BODY_S = 5.0
SIGNATURE = "x-twilio-signature"


class Refused(Exception):
    """The request is not one that Twilio signed for us.

    Attributes:
        status: the HTTP answer.
        kind: the reason in one fixed word, for the metrics.
    """

    def __init__(self, status: int, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.kind = kind


def raw_target(request: Request) -> str:
    """Return path and query as on the request line: re-encoding would break signatures."""
    raw_path: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    path = raw_path.partition(b"?")[0].decode("latin-1")
    query = request.scope.get("query_string", b"").decode("latin-1")
    return f"{path}?{query}" if query else path


def signed_urls(target: str, origins: Sequence[str], *, socket: bool = False) -> tuple[str, ...]:
    """Return every URL that Twilio may have signed for a request; those of sockets are `wss`."""
    urls: list[str] = []
    for origin in origins:
        scheme, _, host = origin.partition("://")
        if socket:
            # Media Streams go to wss and carry no query; locally a plain socket stands for it.
            scheme = {"https": "wss", "http": "ws"}[scheme]
        urls.extend(url_variants(f"{scheme}://{host}{target}"))
    return tuple(urls)


async def read_form(request: Request) -> list[tuple[str, str]]:
    """Return the parameters of a webhook: the form of a POST, the query of a GET.

    Raises:
        Refused: the body is too large or not a form.
    """
    if request.method == "GET":
        return _fields(request.scope.get("query_string", b""))
    try:
        async with asyncio.timeout(BODY_S):
            return _fields(await _body(request))
    except TimeoutError as exc:
        raise Refused(408, "too_slow", f"expected the whole form within {BODY_S:g} s") from exc
    except ClientDisconnect as exc:
        raise Refused(400, "not_a_form", "the form ended before its end") from exc


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise Refused(413, "too_large", f"expected at most {MAX_BODY_BYTES} bytes")
    return bytes(body)


def _fields(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_form(body)
    except ProtocolError as exc:
        raise Refused(400, "not_a_form", f"not a form: {exc}") from exc


def check_signature(
    request: Request,
    params: Sequence[tuple[str, str]],
    *,
    tokens: Sequence[str],
    origins: Sequence[str],
) -> None:
    """Accept the webhook if one of the tokens signed it.

    Raises:
        Refused: it did not.
    """
    # A GET is signed over its URL alone, which holds the parameters already.
    signed_params = [] if request.method == "GET" else params
    urls = signed_urls(raw_target(request), origins)
    _check(request.headers.get(SIGNATURE), urls, signed_params, tokens)


def check_upgrade(
    target: str, signature: str | None, *, tokens: Sequence[str], origins: Sequence[str]
) -> None:
    """Accept a media socket if one of the tokens signed its target, as on the request line.

    Raises:
        Refused: it did not.
    """
    _check(signature, signed_urls(target, origins, socket=True), [], tokens)


def _check(
    signature: str | None,
    urls: Sequence[str],
    params: Sequence[tuple[str, str]],
    tokens: Sequence[str],
) -> None:
    if signature is None:
        raise Refused(403, "no_signature", f"no `{SIGNATURE}` header")
    if not is_valid(tokens, urls, params, signature):
        raise Refused(
            403,
            "bad_signature",
            "the signature does not match; check the auth token and the public URL",
        )
