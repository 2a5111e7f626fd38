"""What the emulated services answer, asked with the client that tools use."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from zoneinfo import ZoneInfo

import pytest

from dialplan.emulators.services import EmulatedService, services_app
from dialplan.model.endpoint import Endpoint
from dialplan.model.rehearsal import Rehearsal
from dialplan.model.tool import Http
from dialplan.runtime.peers import at_emulator
from dialplan.tools.http import HttpCaller, Response
from dialplan.tools.requests import prepare_request
from dialplan.web.serving import serving

OAUTH2 = {
    "token_url": "https://login.example.com/token",
    "client_id": "cid",
    "client_secret": "key",
    "scope": "tickets",
}
ROUTES = [
    {"get": "/slow", "times": 1, "status": 503, "headers": {"Retry-After": "0"}},
    {"get": "/slow", "text": "at last"},
    {"post": "/tickets", "form": {"id": "T-1", "subject": "{{ request.subject }}"},
     "set": {"subject": "{{ request.subject }}", "open": True}},
    {"get": "/tickets/{id}", "when": {"id": "T-1", "state.open": True},
     "json": {"id": "{{ request.id }}", "about": "{{ state.subject }}"}},
    {"post": "/notes", "text": "noted: {{ request.text }}"},
    {"get": "/broken", "json": {"a": "{{ request.nothing }}"}},
]  # fmt: skip


class Desk:
    """A tool's side of one emulated service."""

    def __init__(self, caller: HttpCaller, endpoint: Endpoint) -> None:
        self._caller = caller
        self._endpoint = endpoint

    async def ask(self, http: dict[str, object], **values: object) -> Response:
        written = Http.model_validate(http)
        endpoints = {"it": self._endpoint}
        zone = ZoneInfo("UTC")
        prepared = prepare_request(written, endpoints, values, {"key": "rehearsal"}, zone)
        return await self._caller.send(prepared)


@asynccontextmanager
async def desk(
    auth: dict[str, object] | None, sent: dict[str, object] | None = None
) -> AsyncIterator[Desk]:
    """A service that wants `auth`, asked with `sent`."""
    written: dict[str, object] = {"base_url": "https://it.example.com"}
    real = Endpoint.model_validate({**written, **({"auth": auth} if auth else {})})
    asked = Endpoint.model_validate({**written, "auth": sent}) if sent else real
    services = {"it": EmulatedService(Rehearsal.model_validate({"routes": ROUTES}), real.auth)}
    async with serving(services_app(services)) as url:
        caller = HttpCaller(private_hosts=["127.0.0.1"])
        yield Desk(caller, at_emulator(asked, f"{url}/it"))
        await caller.close()


async def test_a_route_takes_names_from_its_path_and_remembers_what_was_sent() -> None:
    async with desk(None) as it:
        before = await it.ask({"get": "{{ endpoints.it }}/tickets/{{ id }}"}, id="T-1")
        made = await it.ask(
            {"post": "{{ endpoints.it }}/tickets", "form": {"subject": "{{ s }}"}}, s="My VPN & I"
        )
        after = await it.ask({"get": "{{ endpoints.it }}/tickets/{{ id }}"}, id="T-1")
        other = await it.ask({"get": "{{ endpoints.it }}/tickets/{{ id }}"}, id="T-2")

    assert before.status == other.status == 404
    assert made.json == {"id": "T-1", "subject": "My VPN & I"}
    assert after.json == {"id": "T-1", "about": "My VPN & I"}


async def test_a_route_fails_as_often_as_it_says() -> None:
    async with desk(None) as it:
        response = await it.ask({"get": "{{ endpoints.it }}/slow"})

    assert (response.status, response.text, response.json) == (200, "at last", None)


async def test_plain_text_is_known_to_the_answer() -> None:
    async with desk(None) as it:
        response = await it.ask({"post": "{{ endpoints.it }}/notes", "text": "Hello."})

    assert response.text == "noted: Hello."


async def test_a_template_that_cannot_be_filled_says_so() -> None:
    async with desk(None) as it:
        response = await it.ask({"get": "{{ endpoints.it }}/broken"})

    assert response.status == 500
    assert "cannot fill the template" in response.text


AUTHS: dict[str, dict[str, object]] = {
    "bearer": {"bearer": "key"},
    "basic": {"basic": {"user": "desk", "password": "key"}},
    "header": {"header": {"X-Api-Key": "key"}},
    "oauth2": {"oauth2": OAUTH2},
    "oauth2 in the body": {"oauth2": {**OAUTH2, "send": "body"}},
}


@pytest.mark.parametrize("auth", AUTHS.values(), ids=AUTHS)
async def test_every_way_to_authorise_is_taken(auth: dict[str, object]) -> None:
    async with desk(auth) as it:
        response = await it.ask({"post": "{{ endpoints.it }}/notes", "text": "Hello."})

    assert response.status == 200


@pytest.mark.parametrize(
    ("auth", "sent"),
    [
        (AUTHS["oauth2"], AUTHS["bearer"]),
        (AUTHS["basic"], AUTHS["bearer"]),
        (AUTHS["header"], AUTHS["bearer"]),
        (AUTHS["bearer"], AUTHS["basic"]),
    ],
)
async def test_another_way_is_refused(auth: dict[str, object], sent: dict[str, object]) -> None:
    async with desk(auth, sent) as it:
        response = await it.ask({"post": "{{ endpoints.it }}/notes", "text": "Hello."})

    assert response.status == 401
