"""Tokens of OAuth2 client credentials (RFC 6749, section 4.4): fetched once, kept, renewed.

Knows no HTTP client: the caller gives what fetches one.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from dialplan.errors import ToolError

MARGIN_S = 30.0
"""A token is renewed this long before it ends, in seconds."""
DEFAULT_LIFE_S = 300.0
"""How long a token is kept whose life the service does not tell, in seconds."""
MOST_LOGINS = 1000
"""How many tenants' logins are remembered; the one not used for longest goes first."""


@dataclass(frozen=True, slots=True)
class Login:
    """Who asks for a token, for which tenant. Secrets stay out of its repr."""

    tenant: str
    token_url: str
    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)
    scope: str | None = None
    in_body: bool = False


@dataclass(frozen=True, slots=True)
class Token:
    """What the service granted; `life_s` is its life in seconds."""

    value: str = field(repr=False)
    life_s: float = DEFAULT_LIFE_S


@dataclass(slots=True)
class _Kept:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    value: str = ""
    until: float = 0.0


class Tokens:
    """The tokens of this process. Callers that need the same one wait for one request."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """Args: a clock in seconds."""
        self._now = now
        self._kept: OrderedDict[Login, _Kept] = OrderedDict()

    async def get(
        self, login: Login, fetch: Callable[[], Awaitable[Token]], *, refused: str | None = None
    ) -> str:
        """Return a token, never the one that was just `refused`; raises what `fetch` raises."""
        kept = self._kept.setdefault(login, _Kept())
        self._kept.move_to_end(login)
        while len(self._kept) > MOST_LOGINS:
            self._kept.popitem(last=False)
        async with kept.lock:
            if not kept.value or kept.value == refused or self._now() >= kept.until:
                began = self._now()
                token = await fetch()
                # Half of a short life: a margin longer than it would fetch one every time.
                kept.until = began + max(token.life_s - MARGIN_S, token.life_s / 2)
                kept.value = token.value
            return kept.value


def read_token(granted: object) -> Token:
    """Read the answer of a token endpoint (RFC 6749, section 5.1); raises ToolError."""
    given = granted if isinstance(granted, dict) else {}
    value, kind, life = (given.get(key) for key in ("access_token", "token_type", "expires_in"))
    if not isinstance(value, str) or not value:
        raise ToolError("the token endpoint answered without an `access_token`")
    if isinstance(kind, str) and kind.lower() != "bearer":
        raise ToolError("the token endpoint answered with a `token_type` other than `Bearer`")
    try:
        # Some services write the number as text.
        return Token(value, max(0.0, float(str(life))))
    except ValueError:
        return Token(value)
