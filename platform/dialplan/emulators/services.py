"""Emulated HTTP services: the routes that a vertical's rehearsal files describe, on loopback.

A service wants what its endpoint's `auth` sends, in form: any value of a secret will do, but a
token must be one that was granted here.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import re
import secrets
from collections import Counter, deque
from collections.abc import Mapping
from datetime import UTC
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route as HttpRoute

from dialplan.model.endpoint import Auth
from dialplan.model.rehearsal import Rehearsal, Route
from dialplan.prompts.render import TemplateProblem, render
from dialplan.runtime.peers import TOKEN_PATH
from dialplan.tools.values import evaluate, evaluate_json, plain

MOST_BYTES = 1024 * 1024
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
TOKEN_LIFE_S = 3600
MOST_TOKENS = 1000
_FORM = "application/x-www-form-urlencoded"
_PLACE = re.compile(r"\{([a-z][a-z0-9_]*)\}")


class EmulatedService:
    """One service: its routes, what it remembers, the tokens that it granted."""

    def __init__(self, rehearsal: Rehearsal, auth: Auth | None = None) -> None:
        """Args: the routes, and how requests are authorised (None: not at all)."""
        self._auth = auth
        self._routes = rehearsal.routes
        self._answered: Counter[int] = Counter()
        self._state: dict[str, Any] = {}
        self._tokens: deque[str] = deque(maxlen=MOST_TOKENS)

    async def answer(self, request: Request, path: str) -> Response:
        """Answer a request to a path behind the service's address."""
        body = await _body(request)
        if path == TOKEN_PATH and self._auth is not None and self._auth.oauth2 is not None:
            return self._grant(request, body)
        if not self._authorised(request):
            return JSONResponse({"error": "not authorised"}, 401)
        given = _given(request, body)
        for at, route in enumerate(self._routes):
            places = _places(route.path, path)
            if places is None or route.method != request.method:
                continue
            named = {**given, **places}
            if not self._wants(route, named):
                continue
            if route.times is not None and self._answered[at] >= route.times:
                continue
            self._answered[at] += 1
            await asyncio.sleep(route.delay.total_seconds())
            return self._made(route, named)
        return JSONResponse({"error": "no route answers this"}, 404)

    def _wants(self, route: Route, given: Mapping[str, Any]) -> bool:
        known = {**given, **{f"state.{name}": value for name, value in self._state.items()}}
        return all(known.get(name) == value for name, value in route.when.items())

    def _made(self, route: Route, given: Mapping[str, Any]) -> Response:
        names: dict[str, object] = {"request": given, "state": self._state}
        try:
            for name, value in route.set.items():
                self._state[name] = evaluate(value, names) if isinstance(value, str) else value
            headers = {name: render(value, names) for name, value in route.headers.items()}
            if route.form is not None:
                fields = {name: render(value, names) for name, value in route.form.items()}
                return Response(urlencode(fields), route.status, headers, media_type=_FORM)
            if route.text is not None:
                return PlainTextResponse(render(route.text, names), route.status, headers)
            filled = plain(evaluate_json(route.body, names), UTC)
            return JSONResponse(filled, route.status, headers)
        except TemplateProblem as problem:
            return JSONResponse({"error": f"the rehearsal file: {problem}"}, 500)

    def _authorised(self, request: Request) -> bool:
        auth, sent = self._auth, request.headers.get("authorization", "")
        scheme, _, value = sent.partition(" ")
        if auth is None:
            return True
        if auth.header is not None:
            return all(request.headers.get(name) for name in auth.header)
        if auth.basic is not None:
            return scheme == "Basic" and _named(value)
        return scheme == "Bearer" and (value in self._tokens if auth.oauth2 else bool(value))

    def _grant(self, request: Request, body: bytes) -> Response:
        fields = dict(parse_qsl(body.decode("utf-8", "replace")))
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        known = (scheme == "Basic" and _named(value)) or (
            fields.get("client_id") and fields.get("client_secret")
        )
        if not known:
            return JSONResponse({"error": "invalid_client"}, 401)
        if fields.get("grant_type") != "client_credentials":
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        self._tokens.append(secrets.token_hex(16))
        granted = {"token_type": "Bearer", "expires_in": TOKEN_LIFE_S}
        return JSONResponse({"access_token": self._tokens[-1], **granted})


def services_app(services: Mapping[str, EmulatedService]) -> Starlette:
    """Return an application that serves each service under `/` and its name."""

    async def answer(request: Request) -> Response:
        service = services.get(request.path_params["service"])
        if service is None:
            return JSONResponse({"error": "no such service"}, 404)
        # As it was sent: `%2F` belongs to a segment.
        path = request.scope["raw_path"].decode("ascii").split("/", 2)[2]
        return await service.answer(request, f"/{path}")

    return Starlette(routes=[HttpRoute("/{service}/{rest:path}", answer, methods=METHODS)])


def _places(written: str, path: str) -> dict[str, str] | None:
    """What a path has in the places of a route's, nothing when it is another."""
    places: dict[str, str] = {}
    wanted, got = written.split("/"), [unquote(one) for one in path.split("/")]
    if len(wanted) != len(got):
        return None
    for segment, given in zip(wanted, got, strict=True):
        place = _PLACE.fullmatch(segment)
        if place is not None and given:
            places[place[1]] = given
        elif segment != given:
            return None
    return places


def _named(credentials: str) -> bool:
    try:
        user, colon, password = base64.b64decode(credentials, validate=True).partition(b":")
    except binascii.Error:
        return False
    return bool(user and colon and password)


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            return b""
    return bytes(body)


def _given(request: Request, body: bytes) -> dict[str, Any]:
    """Return the members of the body over those of the query."""
    given: dict[str, Any] = dict(request.query_params)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == _FORM:
        return given | dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    if kind.startswith("text/"):
        return given | {"text": body.decode("utf-8", "replace")}
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        return given
    return given | parsed if isinstance(parsed, dict) else given
