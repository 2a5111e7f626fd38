"""The door of API and console: asks for the key, and puts the safe headers on every answer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from urllib.parse import urlencode, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dialplan.runtime.clock import Clock
from dialplan.web.access import Access, WrongKeys

log = logging.getLogger(__name__)

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
WRONG = "the key is wrong: open the address that `dialplan serve` printed when it started"
MISSING = "a key is needed: open the address that `dialplan serve` printed when it started"
TOO_OFTEN = "too many wrong keys: try again in a minute"

Refuse = Callable[[Request, int, str], Response]


class Guard:
    """Lets nobody into the application behind it without the key.

    Args:
        app: what is guarded.
        access: knows the key.
        wrong: counts wrong keys; shared by everything that one key opens.
        origins: the public origins: under an https one the cookie is for https alone.
        refuse: makes the answer for who may not come in.
        exchange: whether a key in the address is changed for a cookie.
        open_under: a path, seen from the application, that needs no key.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        access: Access,
        wrong: WrongKeys,
        clock: Clock,
        origins: Sequence[str],
        refuse: Refuse,
        exchange: bool = False,
        open_under: str | None = None,
    ) -> None:
        self._app = app
        self._access = access
        self._wrong = wrong
        self._clock = clock
        self._https = {urlsplit(one).netloc for one in origins if one.startswith("https://")}
        self._refuse = refuse
        self._exchange = exchange
        self._open_under = open_under

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        request = Request(scope, receive)
        inside = scope["path"].removeprefix(scope.get("root_path", ""))
        is_open = self._open_under is not None and inside.startswith(self._open_under)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers["Cache-Control"] = "no-cache" if is_open else "no-store"
            await send(message)

        answer = None if is_open else self._checked(request)
        await (answer or self._app)(scope, receive, with_headers)

    def _checked(self, request: Request) -> Response | None:
        """Return the answer for who may not pass, None for who may."""
        now = self._clock.epoch()
        address = request.client.host if request.client else ""
        given = _bearer(request)
        if given is None and self._exchange:
            given = request.query_params.get("key")
        if given is None:
            cookie = request.cookies.get(self._access.cookie_name)
            if cookie is not None and self._access.is_cookie(cookie, now):
                return None
            return self._refuse(request, 401, MISSING)
        if self._wrong.blocked(address, now):
            return self._refuse(request, 429, TOO_OFTEN)
        if not self._access.is_key(given):
            self._wrong.note(address, now)
            log.warning("wrong console key", extra={"path": request.url.path})
            return self._refuse(request, 401, WRONG)
        if _bearer(request) is not None:
            return None
        return self._exchanged(request, now)

    def _exchanged(self, request: Request, now: float) -> Response:
        rest = [(k, v) for k, v in request.query_params.multi_items() if k != "key"]
        target = request.url.path + (f"?{urlencode(rest)}" if rest else "")
        response = RedirectResponse(target, 303)
        cookie = self._access.cookie(now)
        response.set_cookie(
            cookie.name,
            cookie.value,
            max_age=cookie.max_age,
            path="/",
            secure=request.url.scheme == "https" or request.headers.get("host") in self._https,
            httponly=True,
            samesite="strict",
        )
        return response


def _bearer(request: Request) -> str | None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else None
