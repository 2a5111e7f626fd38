"""Emulated HTTP services: the routes that a vertical's rehearsal files describe, on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route as HttpRoute

from dialplan.model.rehearsal import Rehearsal, Route

MOST_BYTES = 1024 * 1024
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def services_app(services: Mapping[str, Rehearsal]) -> Starlette:
    """Return an application that serves each rehearsal under `/` and its name."""

    async def answer(request: Request) -> Response:
        service = services.get(request.path_params["service"])
        if service is None:
            return JSONResponse({"error": "no such service"}, 404)
        given = await _given(request)
        path = "/" + request.path_params["rest"]
        for route in service.routes:
            if _matches(route, request.method, path, given):
                await asyncio.sleep(route.delay.total_seconds())
                return JSONResponse(route.body, route.status)
        return JSONResponse({"error": "no route answers this"}, 404)

    return Starlette(routes=[HttpRoute("/{service}/{rest:path}", answer, methods=METHODS)])


async def _given(request: Request) -> dict[str, Any]:
    """Return the members of the JSON body over those of the query."""
    given: dict[str, Any] = dict(request.query_params)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            return given
    try:
        parsed = json.loads(bytes(body) or b"{}")
    except ValueError:
        return given
    return given | parsed if isinstance(parsed, dict) else given


def _matches(route: Route, method: str, path: str, given: Mapping[str, Any]) -> bool:
    return (
        route.method == method
        and route.path == path
        and all(given.get(name) == value for name, value in route.when.items())
    )
