"""API and console as routes for the application, behind one guard."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from dialplan.runtime.clock import Clock
from dialplan.runtime.service import Service
from dialplan.web import api
from dialplan.web.access import Access, WrongKeys
from dialplan.web.app import build_app
from dialplan.web.console.pages import STATIC, Pages, console_routes
from dialplan.web.guard import Guard
from dialplan.web.looking import Looking
from dialplan.web.siblings import Siblings


def console_address(service: Service, origin: str) -> str:
    """Return what to print about the console: a key made at this start is in it, a set one is not.

    For the person at the terminal, never for a log.
    """
    if service.console_key_made:
        return Access(service.console_key).address(origin)
    return f"{origin}/console/ (its key is `DIALPLAN_CONSOLE_KEY`)"


def build_site(
    service: Service, origins: Sequence[str], siblings: Siblings | None = None
) -> Starlette:
    """Return everything that a process serves: webhooks, media, health, API and console."""
    return build_app(
        service.switchboard,
        origins,
        ping=service.database.ping,
        files=lambda: service.reloader.problems,
        siblings=siblings,
        extra=looking_routes(service, origins),
    )


def looking_routes(service: Service, origins: Sequence[str]) -> list[BaseRoute]:
    """Return /api and /console; one key opens both."""
    clock, access, wrong = Clock(), Access(service.console_key), WrongKeys()
    looking = Looking(service, clock)
    pages = Pages(rehearsal=service.rehearsal)
    guarded_api = Guard(
        Starlette(routes=api.api_routes(looking), exception_handlers={HTTPException: api.refused}),
        access=access,
        wrong=wrong,
        clock=clock,
        origins=origins,
        refuse=api.refuse,
    )
    guarded_console = Guard(
        Starlette(
            routes=console_routes(looking, pages), exception_handlers={HTTPException: pages.refused}
        ),
        access=access,
        wrong=wrong,
        clock=clock,
        origins=origins,
        refuse=pages.refuse,
        exchange=True,
        open_under=STATIC,
    )

    async def console(request: Request) -> Response:
        # Without an origin: behind a proxy we do not know ours.
        return RedirectResponse("/console/", 308)

    return [
        Mount("/api", guarded_api),
        Route("/console", console),
        Mount("/console", guarded_console),
    ]
