"""Stream tokens: the proof, in the first message of a media stream, that our webhook asked for it.

A token is single use, lives for a minute and belongs to one call. It says who calls whom and is
signed, so that the socket may reach another process than the webhook did: any that has the key.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import json
import logging
from collections import OrderedDict
from dataclasses import dataclass, field

from dialplan.errors import StoreError
from dialplan.store.installation import Installation

log = logging.getLogger(__name__)

LIFETIME_S = 60
# A used token is remembered for its lifetime only; this bounds the memory under a flood.
REMEMBERED = 10_000
# The caller waits for it; without an answer this process's own memory must do.
DATABASE_S = 1.0
# A parameter of a stream has fewer than 500 characters, and what calls may be an address.
MOST_NUMBER = 64


@dataclass(frozen=True, slots=True)
class Claims:
    """What a good token says. Of a caller that is no number it has 64 printable characters."""

    caller: str = field(repr=False)
    called: str
    nonce: str


class StreamTokens:
    """Issues and redeems stream tokens. `now` is in seconds since the epoch, nonces are random.

    Args:
        key: signs; the same in every process that serves one address.
        installation: where the processes tell each other of used tokens, None for one alone.
    """

    def __init__(self, key: bytes, installation: Installation | None = None) -> None:
        if len(key) < 16:
            raise ValueError("the key of stream tokens must have at least 16 bytes")
        self._key = key
        self._installation = installation
        self._used: OrderedDict[str, float] = OrderedDict()

    def issue(self, call_sid: str, *, caller: str, called: str, now: float, nonce: str) -> str:
        """Return a token for one stream of one call."""
        expires = int(now) + LIFETIME_S
        numbers = [_short(caller), _short(called)]
        body = f"{expires}.{nonce}.{_text64(json.dumps(numbers, ensure_ascii=False).encode())}"
        return f"{body}.{self._sign(call_sid, body)}"

    async def redeem(self, token: str, call_sid: str, *, now: float) -> Claims | str:
        """Use the token up. Return what it says when it was good, else why it was not."""
        claims = self._check(token, call_sid, now)
        if isinstance(claims, str) or self._installation is None:
            return claims
        try:
            async with asyncio.timeout(DATABASE_S):
                fresh = await self._installation.use_token(claims.nonce)
        except (StoreError, TimeoutError) as error:
            # The call goes on: a replay would also need Twilio's signature on its upgrade.
            why = str(error) or f"no answer within {DATABASE_S} s"
            log.warning(
                "token checked in this process only", extra={"call_sid": call_sid, "reason": why}
            )
            return claims
        return claims if fresh else "used before"

    def _check(self, token: str, call_sid: str, now: float) -> Claims | str:
        body, _, signature = token.rpartition(".")
        expires_text, _, rest = body.partition(".")
        nonce, _, numbers = rest.partition(".")
        if not expires_text.isascii() or not expires_text.isdigit() or len(expires_text) > 12:
            return "malformed"
        expected = self._sign(call_sid, body)
        if not hmac.compare_digest(expected.encode(), signature.encode(errors="replace")):
            return "forged, or of another call"
        expires = int(expires_text)
        if now > expires:
            return "expired"
        if nonce in self._used:
            return "used before"
        try:
            caller, called = json.loads(
                base64.urlsafe_b64decode(numbers + "=" * (-len(numbers) % 4))
            )
        except (binascii.Error, ValueError):
            return "malformed"
        self._forget(now)
        self._used[nonce] = expires
        return Claims(caller, called, nonce)

    def _forget(self, now: float) -> None:
        while self._used:
            _, expires = next(iter(self._used.items()))
            if expires >= now and len(self._used) < REMEMBERED:
                break
            self._used.popitem(last=False)

    def _sign(self, call_sid: str, body: str) -> str:
        return _text64(hmac.digest(self._key, f"{call_sid}|{body}".encode(), "sha256"))


def _short(number: str) -> str:
    return "".join(one for one in number if one.isprintable())[:MOST_NUMBER]


def _text64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
