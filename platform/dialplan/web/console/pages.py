"""The console's pages, rendered here and now; a page that shows something live fetches its part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

import dialplan
from dialplan.errors import StoreError
from dialplan.runtime.live import LiveCall
from dialplan.web.console import wording
from dialplan.web.looking import Looking, Misasked, wanted_from

Handler = Callable[[Request], Awaitable[Response]]

STATIC = "/static/"
FILTERS = ("tenant", "vertical", "number", "from", "to")


class Pages:
    """Renders templates. `rehearsal` puts the banner on every page, without exception."""

    def __init__(self, *, rehearsal: bool) -> None:
        self._environment = Environment(
            loader=PackageLoader("dialplan.web.console"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= wording.FILTERS
        self._rehearsal = rehearsal

    def render(
        self, request: Request, template: str, status: int = 200, **names: object
    ) -> HTMLResponse:
        """Return a page in the zone of its reader."""
        zone = wording.zone_of(request.cookies)
        html = self._environment.get_template(template).render(
            **names,
            zone=zone,
            rehearsal=self._rehearsal,
            version=dialplan.__version__,
            path=request.url.path,
        )
        return HTMLResponse(html, status)

    def refuse(self, request: Request, status: int, reason: str) -> Response:
        """Return the page for who may not come in."""
        title = "Key needed" if status == 401 else "Not now"
        response = self.render(request, "refused.html", status, title=title, reason=reason)
        if status == 429:
            response.headers["Retry-After"] = "60"
        return response

    async def refused(self, request: Request, exc: Exception) -> Response:
        """Return the page for what the routes do not take."""
        status = exc.status_code if isinstance(exc, HTTPException) else 500
        return self.problem(request, status, "No such page", "There is nothing at this address.")

    def problem(self, request: Request, status: int, title: str, reason: str) -> Response:
        """Return a page that says what went wrong."""
        return self.render(request, "problem.html", status, title=title, reason=reason)


def console_routes(looking: Looking, pages: Pages) -> list[BaseRoute]:
    """Return the routes, as seen from /console."""

    async def overview(request: Request) -> Response:
        template = "_overview.html" if "part" in request.query_params else "overview.html"
        up = await looking.running()
        return pages.render(
            request,
            template,
            now=looking.clock.now(),
            problems=await looking.problems(),
            files=looking.service.reloader.problems,
            calls=up,
            lines=_lines(looking, up),
        )

    async def lines(request: Request) -> Response:
        lines = _lines(looking, await looking.running())
        return pages.render(request, "lines.html", lines=lines)

    async def calls(request: Request) -> Response:
        query = request.query_params
        asked = {name: query.get(name, "").strip() for name in FILTERS}
        names: dict[str, Any] = {
            "asked": asked,
            "filtered": any(asked.values()),
            "tenants": sorted({one.tenant for one in looking.service.lines.values()}),
            "verticals": sorted(looking.service.verticals),
            "first": "before" not in query,
        }
        try:
            wanted = wanted_from(query, wording.zone_of(request.cookies))
        except Misasked as exc:
            names |= {"calls": [], "running": set(), "older": None, "reason": str(exc)}
            return pages.render(request, "calls.html", 400, **names)
        page = await looking.page(wanted)
        names |= {
            "calls": page.calls,
            "running": {one.began.call_sid for one in await looking.running()},
            "older": None if page.after is None else _query(asked, page.after.text()),
            "reason": None,
        }
        return pages.render(request, "calls.html", **names)

    async def call(request: Request) -> Response:
        call_sid = request.path_params["call_sid"]
        found = await looking.call(call_sid)
        if found is None:
            return pages.problem(request, 404, "No such call", f"Nobody knows a call {call_sid}.")
        whole, running = found
        template = "_call.html" if "part" in request.query_params else "call.html"
        return pages.render(
            request,
            template,
            call=wording.summary(whole),
            facts=whole.facts,
            left_out=bool(whole.left_out),
            after=None if isinstance(whole, LiveCall) else whole.after,
            running=running,
            again=not running and wording.more_to_come(whole, looking.clock.now()),
            now=looking.clock.now(),
        )

    async def unknown(request: Request) -> Response:
        return pages.problem(request, 404, "No such page", "There is nothing at this address.")

    def shown(handler: Handler) -> Handler:
        async def answer(request: Request) -> Response:
            try:
                return await handler(request)
            except StoreError as exc:
                return pages.problem(request, 503, "No answer from the database", f"{exc}.")

        return answer

    return [
        Route("/", shown(overview)),
        Route("/calls", shown(calls)),
        Route("/calls/{call_sid}", shown(call)),
        Route("/lines", shown(lines)),
        Mount(STATIC.rstrip("/"), StaticFiles(packages=[(__package__, "static")])),
        Route("/{rest:path}", unknown),
    ]


def _lines(looking: Looking, running: Sequence[LiveCall]) -> list[Mapping[str, Any]]:
    up = Counter(one.began.called for one in running)
    return [
        {
            "number": one.number,
            "tenant": one.tenant,
            "vertical": one.vertical.vertical.name,
            "title": one.vertical.vertical.title,
            "agents": list(one.vertical.vertical.agents),
            "entry": one.vertical.vertical.entry,
            "calls": up[one.number],
        }
        for one in sorted(looking.service.lines.values(), key=lambda one: (one.tenant, one.number))
    ]


def _query(asked: Mapping[str, str], before: str) -> str:
    return urlencode([*((k, v) for k, v in asked.items() if v), ("before", before)])
