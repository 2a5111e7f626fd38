"""Who comes in, and what every answer carries."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest

from dialplan.web.access import MOST_WRONG

# conftest types cannot be imported in importlib mode.
Open = Callable[[], AbstractAsyncContextManager[Any]]
KEY = "a key of an operator"
API = ("/api/status", "/api/lines", "/api/running", "/api/calls", "/api/calls/CA1", "/api/events")
PAGES = ("/console/", "/console/calls", "/console/calls/CA1", "/console/lines", "/console/nothing")


async def test_without_the_key_nothing_is_shown(rehearse: Open) -> None:
    async with (
        rehearse() as rehearsal,
        httpx.AsyncClient(base_url=rehearsal.house.origin) as client,
    ):
        for path in (*API, "/api/nothing"):
            answer = await client.get(path)
            assert (answer.status_code, list(answer.json())) == (401, ["error"]), path
        for path in PAGES:
            answer = await client.get(path)
            assert answer.status_code == 401, path
            assert "A key is needed" in answer.text
            assert "lakeside" not in answer.text


async def test_a_key_in_the_address_becomes_a_cookie_that_opens_pages_and_api(
    rehearse: Open,
) -> None:
    async with (
        rehearse() as rehearsal,
        httpx.AsyncClient(base_url=rehearsal.house.origin) as client,
    ):
        answer = await client.get("/console/calls", params={"tenant": "a b", "key": KEY})

        assert answer.status_code == 303
        assert answer.headers["location"] == "/console/calls?tenant=a+b"
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert "Secure" not in cookie
        assert KEY not in str(answer.headers)
        assert (await client.get("/console/calls")).status_code == 200
        assert (await client.get("/api/status")).json()["rehearsal"] is True
        # The API takes no key in an address: those end up in logs of proxies.
        client.cookies.clear()
        assert (await client.get("/api/status", params={"key": KEY})).status_code == 401


@pytest.mark.parametrize(
    "given", ["Bearer wrong", "Bearer", "Basic YTpi", "Bearer é".encode(), KEY]
)
async def test_a_wrong_key_is_one_sentence(rehearse: Open, given: str | bytes) -> None:
    async with rehearse() as rehearsal:
        answer = await rehearsal.client.get("/api/status", headers={"Authorization": given})

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["error"].startswith(("the key is wrong", "a key is needed"))


async def test_guessing_is_slowed_down_and_a_cookie_goes_on_working(rehearse: Open) -> None:
    async with (
        rehearse() as rehearsal,
        httpx.AsyncClient(base_url=rehearsal.house.origin) as browser,
    ):
        await browser.get("/console/", params={"key": KEY})
        for n in range(MOST_WRONG):
            wrong = await rehearsal.client.get(
                "/console/", params={"key": n}, headers={"Authorization": ""}
            )
            assert wrong.status_code == 401

        right = await rehearsal.client.get("/api/status")

        assert right.status_code == 429
        assert (await browser.get("/console/")).status_code == 200


async def test_every_answer_carries_the_headers_that_keep_other_sites_out(rehearse: Open) -> None:
    async with rehearse() as rehearsal:
        for path in (*API[:-1], *PAGES, "/console/static/console.css", "/console/static/nothing"):
            headers = {"Origin": "https://elsewhere.example"}
            answer = await rehearsal.client.get(path, headers=headers)
            policy = answer.headers["content-security-policy"]

            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert "access-control-allow-origin" not in answer.headers
            caching = "no-cache" if "/static/" in path else "no-store"
            assert answer.headers["cache-control"] == caching, path


async def test_pages_hold_no_inline_script_or_style_and_ask_nobody_else(rehearse: Open) -> None:
    async with rehearse() as rehearsal:
        sid = await rehearsal.ring("<script>alert(1)</script> 'Hello' & goodbye.")
        pages = ("/console/", "/console/calls", f"/console/calls/{sid}", "/console/lines")
        for path in pages:
            text = (await rehearsal.client.get(path)).text
            assert text.count("<script") == 1, path
            assert " style=" not in text
            assert " on" + "click=" not in text
            assert "://" not in text
        assert "&lt;script&gt;" in (await rehearsal.client.get(pages[2])).text


async def test_a_question_that_cannot_be_understood_is_answered_in_words(rehearse: Open) -> None:
    async with rehearse() as rehearsal:
        page = await rehearsal.client.get("/console/calls?from=yesterday")
        answer = await rehearsal.client.get("/api/calls?from=yesterday")

    assert page.status_code == answer.status_code == 400
    assert "expected a day or a time" in page.text
    assert "expected a day or a time" in answer.json()["error"]


async def test_health_and_readiness_need_no_key_and_a_files_path_leads_nowhere(
    rehearse: Open,
) -> None:
    async with (
        rehearse() as rehearsal,
        httpx.AsyncClient(base_url=rehearsal.house.origin) as client,
    ):
        for path in ("/healthz", "/readyz", "/metrics", "/console/static/icon.svg"):
            assert (await client.get(path)).status_code == 200
        for path in ("/console/static/../calls", "/console/static/%2e%2e/pages.py"):
            assert (await client.get(path)).status_code in (401, 404)


async def test_nothing_can_be_changed(rehearse: Open) -> None:
    async with rehearse() as rehearsal:
        for path in ("/api/calls", "/api/calls/CA1", "/api/events", "/console/", "/console/calls"):
            for method in ("POST", "PUT", "PATCH", "DELETE"):
                answer = await rehearsal.client.request(method, path)
                assert answer.status_code == 405, path
                assert answer.headers["cache-control"] == "no-store"
