"""The API: what the console shows, as JSON, for other programs. Reads only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dialplan.errors import StoreError
from dialplan.web import shapes
from dialplan.web.feed import Feed
from dialplan.web.looking import Looking, Misasked, wanted_from

Handler = Callable[[Request], Awaitable[Response]]

UTC = ZoneInfo("UTC")


class Json(JSONResponse):
    """JSON of values as they come from the database."""

    def render(self, content: Any) -> bytes:
        """Return the text; what JSON does not know becomes text."""
        return orjson.dumps(content, default=str)


def refuse(request: Request, status: int, reason: str) -> Response:
    """Return the answer for who may not come in."""
    return Json({"error": reason}, status, {"WWW-Authenticate": "Bearer"} if status == 401 else {})


async def refused(request: Request, exc: Exception) -> Response:
    """Return the answer to what the routes do not take: another method, say."""
    status = exc.status_code if isinstance(exc, HTTPException) else 500
    return Json({"error": HTTPStatus(status).phrase.lower()}, status)


def api_routes(looking: Looking) -> list[Route]:
    """Return the routes, as seen from /api."""

    async def status(request: Request) -> Response:
        problems = await looking.problems()
        return Json(
            {
                "ready": not problems,
                "problems": problems,
                "rehearsal": looking.service.rehearsal,
                "calls": looking.service.switchboard.running,
                "now": shapes.time(looking.clock.now()),
            }
        )

    async def lines(request: Request) -> Response:
        found = sorted(looking.service.lines.values(), key=lambda one: (one.tenant, one.number))
        return Json({"lines": [shapes.line(one) for one in found]})

    async def running(request: Request) -> Response:
        return Json({"calls": [shapes.live_row(one) for one in await looking.running()]})

    async def calls(request: Request) -> Response:
        page = await looking.page(wanted_from(request.query_params, UTC))
        return Json(
            {
                "calls": [shapes.row(one) for one in page.calls],
                "next": None if page.after is None else page.after.text(),
            }
        )

    async def call(request: Request) -> Response:
        found = await looking.call(request.path_params["call_sid"])
        if found is None:
            return Json({"error": "there is no call with this SID"}, 404)
        return Json(shapes.whole(found[0], running=found[1]))

    async def events(request: Request) -> Response:
        listener = looking.live.listen(request.query_params.get("call_sid"))
        if listener is None:
            return Json({"error": "too many listen already: try again later"}, 503)
        return Feed(looking.live, listener)

    return [
        Route("/status", _plain(status)),
        Route("/lines", _plain(lines)),
        Route("/running", _plain(running)),
        Route("/calls", _plain(calls)),
        Route("/calls/{call_sid}", _plain(call)),
        Route("/events", events, methods=["GET"]),
        Route("/{rest:path}", _unknown),
    ]


def _plain(handler: Handler) -> Handler:
    """Return the handler with our problems as answers."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except Misasked as exc:
            return Json({"error": str(exc)}, 400)
        except StoreError as exc:
            return Json({"error": str(exc)}, 503)

    return answer


async def _unknown(request: Request) -> Response:
    return Json({"error": "there is nothing here: see docs/reference/api.md"}, 404)
