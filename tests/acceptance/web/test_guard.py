"""The door under the addresses that a server may be reached by."""

from __future__ import annotations

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from dialplan.runtime.clock import Clock
from dialplan.web.access import Access, WrongKeys
from dialplan.web.guard import Guard

KEY = "0123456789abcdef"


def refuse(request: Request, status: int, reason: str) -> Response:
    return PlainTextResponse(reason, status)


def guard() -> Guard:
    return Guard(
        PlainTextResponse("inside"),
        access=Access(KEY),
        wrong=WrongKeys(),
        clock=Clock(),
        origins=["https://phone.example", "http://127.0.0.1:8080"],
        refuse=refuse,
        exchange=True,
    )


@pytest.mark.parametrize(
    ("origin", "secure"),
    [
        # A proxy ends TLS and speaks plain HTTP to us: the public origin says what is outside.
        ("http://phone.example", True),
        ("https://other.example", True),
        ("http://127.0.0.1:8080", False),
    ],
)
async def test_under_https_the_cookie_is_for_https_alone(origin: str, secure: bool) -> None:
    transport = httpx.ASGITransport(app=guard())
    async with httpx.AsyncClient(transport=transport, base_url=origin) as client:
        answer = await client.get("/console/", params={"key": KEY})

    assert ("Secure" in answer.headers["set-cookie"]) is secure


async def test_the_address_after_the_exchange_is_on_this_server_whatever_was_asked() -> None:
    transport = httpx.ASGITransport(app=guard())
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        answer = await client.get("/console/calls?key=" + KEY + "&x=%0d%0aSet-Cookie:a")

    assert answer.headers["location"] == "/console/calls?x=%0D%0ASet-Cookie%3Aa"
