"""Sends to a real service on loopback: what it sees, and what its answers come to."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from tests.unit.jobs.conftest import LINE, facts

from dialplan.config.load import LoadedVertical
from dialplan.errors import ToolError, TryLater
from dialplan.jobs.over import OverCall, over_call
from dialplan.jobs.sending import Sent, send
from dialplan.model.vertical import Vertical
from dialplan.runtime.directory import Line
from dialplan.tools.http import HttpCaller
from dialplan.web.serving import serving

Answer = Callable[[int], Response]


class Service:
    """Keeps what it is sent, and answers as it is told."""

    def __init__(self, answer: Answer) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.base_url = ""
        self._answer = answer

    async def take(self, request: Request) -> Response:
        self.requests.append((dict(request.headers), await request.body()))
        return self._answer(len(self.requests))


@asynccontextmanager
async def service(answer: Answer) -> AsyncIterator[Service]:
    it = Service(answer)
    app = Starlette(routes=[Route("/api/{path:path}", it.take, methods=["POST", "GET"])])
    async with serving(app) as url:
        it.base_url = f"{url}/api"
        yield it


@pytest.fixture
async def caller() -> AsyncIterator[HttpCaller]:
    caller = HttpCaller(private_hosts=["127.0.0.1"])
    yield caller
    await caller.close()


def line(base_url: str, auth: dict[str, Any] | None = None, retries: int = 0) -> Line:
    endpoint = {"base_url": base_url, "auth": auth or {"bearer": "crm_token"}, "retries": retries}
    vertical = Vertical.model_validate(
        {
            "name": "clinic",
            "title": "A clinic",
            "dialplan": 1,
            "voice": {"greeting": "Hello."},
            "secrets": ["crm_token"],
            "endpoints": {"crm": endpoint},
            "agents": {"reception": {"entry": True, "prompt": "Answer."}},
            "after_call": {
                "fields": {"follow_up": "boolean"},
                "send": [{"http": {"post": "{{ endpoints.crm }}/calls"}}],
            },
        }
    )
    loaded = LoadedVertical(vertical, "v1", {}, Path())
    return Line(LINE, "lakeside", loaded, {}, {"crm_token": "t1"})


def call() -> OverCall:
    found = over_call(facts(("caller", "Call me back.")), {})
    assert found is not None
    return found


def status(code: int, **headers: str) -> Answer:
    return lambda _number: PlainTextResponse("", code, headers)


async def test_a_send_arrives_with_its_authorisation_and_its_key(caller: HttpCaller) -> None:
    async with service(status(204)) as it:
        sent = await send(1, call(), line(it.base_url), {"follow_up": True}, caller)

    ((headers, body),) = it.requests
    assert sent == Sent("POST 127.0.0.1", 204)
    assert headers["authorization"] == "Bearer t1"
    assert headers["idempotency-key"] == "CA1:send:1"
    assert json.loads(body)["fields"] == {"follow_up": True}


async def test_every_try_has_the_same_key(caller: HttpCaller) -> None:
    async with service(lambda n: PlainTextResponse("", 503 if n == 1 else 200)) as it:
        await send(1, call(), line(it.base_url, retries=1), {}, caller)

    assert [headers["idempotency-key"] for headers, _ in it.requests] == ["CA1:send:1"] * 2


@pytest.mark.parametrize("code", [408, 425, 429, 500, 501, 502, 503, 504])
async def test_a_service_that_is_busy_is_tried_later(caller: HttpCaller, code: int) -> None:
    async with service(status(code)) as it:
        with pytest.raises(TryLater, match=f"status {code}"):
            await send(1, call(), line(it.base_url), {}, caller)


@pytest.mark.parametrize("code", [503, 500])
async def test_how_long_a_service_asks_to_be_left_alone_is_known(
    caller: HttpCaller, code: int
) -> None:
    async with service(status(code, **{"Retry-After": "120"})) as it:
        with pytest.raises(TryLater) as caught:
            await send(1, call(), line(it.base_url), {}, caller)

    assert caught.value.after_s == 120


@pytest.mark.parametrize("code", [301, 400, 401, 404, 409, 410, 422])
async def test_a_refusal_is_final(caller: HttpCaller, code: int) -> None:
    async with service(status(code)) as it:
        with pytest.raises(ToolError, match=f"POST 127.0.0.1 answered with status {code}"):
            await send(1, call(), line(it.base_url), {}, caller)

    assert len(it.requests) == 1


async def test_a_service_that_is_away_is_tried_later(caller: HttpCaller) -> None:
    async with service(status(200)) as it:
        base_url = it.base_url

    with pytest.raises(TryLater, match="failed after 1 tries: ConnectError"):
        await send(1, call(), line(base_url), {}, caller)


async def test_a_private_host_that_the_operator_did_not_name_is_refused() -> None:
    guarded = HttpCaller()
    async with service(status(200)) as it:
        with pytest.raises(ToolError, match="is on a private network"):
            await send(1, call(), line(it.base_url), {}, guarded)
    await guarded.close()

    assert it.requests == []


@pytest.mark.parametrize("body", ["not JSON", "x" * 1_100_000])
async def test_what_a_service_says_beside_its_status_does_not_matter(
    caller: HttpCaller, body: str
) -> None:
    strange = {"Content-Type": "application/json"}
    async with service(lambda _number: Response(body, 200, strange)) as it:
        sent = await send(1, call(), line(it.base_url), {}, caller)

    assert sent.status == 200


OAUTH = {"client_id": "crm_client", "client_secret": "crm_token"}


@pytest.mark.parametrize(("code", "kind"), [(500, TryLater), (401, ToolError)])
async def test_a_token_that_is_not_granted_counts_like_the_request(
    caller: HttpCaller, code: int, kind: type[Exception]
) -> None:
    async with service(status(code)) as it:
        auth = {"oauth2": OAUTH | {"token_url": f"{it.base_url}/token"}}
        with pytest.raises(kind, match=f"gave no token: status {code}"):
            await send(1, call(), line(it.base_url, auth), {}, caller)


async def test_a_granted_token_goes_with_the_send(caller: HttpCaller) -> None:
    def answer(number: int) -> Response:
        granted = {"access_token": "fresh", "token_type": "Bearer", "expires_in": 60}
        return JSONResponse(granted if number == 1 else {})

    async with service(answer) as it:
        auth = {"oauth2": OAUTH | {"token_url": f"{it.base_url}/token"}}
        await send(1, call(), line(it.base_url, auth), {}, caller)

    assert it.requests[1][0]["authorization"] == "Bearer fresh"
