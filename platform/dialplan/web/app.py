"""The HTTP surface: webhooks, health and metrics. Decides nothing itself."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from dialplan.protocols.twilio.twiml import Verb, render
from dialplan.runtime.switchboard import Switchboard
from dialplan.web.counting import scrape
from dialplan.web.siblings import Siblings
from dialplan.web.signed import Refused, check_signature, read_form

log = logging.getLogger(__name__)

Handler = Callable[[Request], Awaitable[Response]]
Decide = Callable[[dict[str, str]], Awaitable[Sequence[Verb]]]


class Webhooks:
    """Twilio's requests: each is checked, then answered by the switchboard."""

    def __init__(self, switchboard: Switchboard, origins: Sequence[str]) -> None:
        self._switchboard = switchboard
        self._origins = tuple(origins)

    async def voice(self, request: Request) -> Response:
        """Answer a call: which tenant and vertical, and the stream to connect to."""
        return await self._answer(request, self._switchboard.answer)

    async def after(self, request: Request) -> Response:
        """Say what comes after the stream or a transfer has ended."""
        return await self._answer(request, self._switchboard.after)

    async def fallback(self, request: Request) -> Response:
        """Take over a call whose webhook failed."""
        return await self._answer(request, self._switchboard.fallback)

    async def status(self, request: Request) -> Response:
        """Take note of a call's progress; the answer is empty, as Twilio wants it."""
        try:
            form = await self._checked(request)
        except Refused as exc:
            return PlainTextResponse(str(exc), exc.status)
        self._switchboard.note_status(form)
        return Response(status_code=204)

    async def _answer(self, request: Request, decide: Decide) -> Response:
        try:
            form = await self._checked(request)
        except Refused as exc:
            return PlainTextResponse(str(exc), exc.status)
        return Response(render(*await decide(form)), media_type="text/xml")

    async def _checked(self, request: Request) -> dict[str, str]:
        try:
            params = await read_form(request)
            form = dict(params)
            check_signature(
                request,
                params,
                tokens=self._switchboard.tokens_of(form.get("To", "")),
                origins=self._origins,
            )
        except Refused as exc:
            log.warning("webhook refused", extra={"path": request.url.path, "reason": str(exc)})
            self._switchboard.metrics.webhook_refused(exc.kind)
            raise
        return form


def build_app(
    switchboard: Switchboard,
    origins: Sequence[str],
    *,
    ping: Callable[[], Awaitable[None]],
    files: Callable[[], Sequence[str]] = tuple,
    siblings: Siblings | None = None,
    extra: Sequence[BaseRoute] = (),
) -> Starlette:
    """Return the application. `ping` raises StoreError while the database does not answer.

    Health, readiness and metrics need no key: they hold nothing of a caller's or of a secret. They
    are for the operator's network all the same. `files` says why newest files do not serve.
    `siblings` are the other workers behind the port. `extra` are more routes: API and console.
    """
    hooks = Webhooks(switchboard, origins)

    async def healthz(request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(request: Request) -> Response:
        problems = await switchboard.problems(ping)
        return JSONResponse(
            {
                "ready": not problems,
                "problems": problems,
                # Files that do not serve: calls are answered all the same, by the last good ones.
                "files": list(files()),
                "calls": switchboard.running,
            },
            503 if problems else 200,
        )

    async def metrics(request: Request) -> Response:
        text = await scrape(switchboard.metrics.registry, siblings)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    both = ["GET", "POST"]
    return Starlette(
        routes=[
            Route("/twilio/voice", hooks.voice, methods=both),
            Route("/twilio/after", hooks.after, methods=both),
            Route("/twilio/fallback", hooks.fallback, methods=both),
            Route("/twilio/status", hooks.status, methods=both),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", metrics),
            *extra,
        ]
    )
