"""Stream tokens: the proof, in the first message of a media stream, that our webhook asked for it.

A token is single use, lives for a minute and belongs to one call. It is signed, so that the webhook
and the socket may be answered by different processes that share a key.
"""

from __future__ import annotations

import base64
import hmac
from collections import OrderedDict

LIFETIME_S = 60
# A used token is remembered for its lifetime only; this bounds the memory under a flood.
REMEMBERED = 10_000


class StreamTokens:
    """Issues and redeems stream tokens. `now` is in seconds since the epoch, nonces are random."""

    def __init__(self, key: bytes) -> None:
        if len(key) < 16:
            raise ValueError("the key of stream tokens must have at least 16 bytes")
        self._key = key
        self._used: OrderedDict[str, float] = OrderedDict()

    def issue(self, call_sid: str, *, now: float, nonce: str) -> str:
        """Return a token for one stream of one call."""
        expires = int(now) + LIFETIME_S
        return f"{expires}.{nonce}.{self._sign(call_sid, expires, nonce)}"

    def redeem(self, token: str, call_sid: str, *, now: float) -> str | None:
        """Use the token up. Return None when it was good, else why it was not."""
        expires_text, _, rest = token.partition(".")
        nonce, _, signature = rest.partition(".")
        if not expires_text.isascii() or not expires_text.isdigit() or len(expires_text) > 12:
            return "malformed"
        expires = int(expires_text)
        expected = self._sign(call_sid, expires, nonce)
        if not hmac.compare_digest(expected.encode(), signature.encode(errors="replace")):
            return "forged, or of another call"
        if now > expires:
            return "expired"
        if token in self._used:
            return "used before"
        self._forget(now)
        self._used[token] = expires
        return None

    def _forget(self, now: float) -> None:
        while self._used:
            _, expires = next(iter(self._used.items()))
            if expires >= now and len(self._used) < REMEMBERED:
                break
            self._used.popitem(last=False)

    def _sign(self, call_sid: str, expires: int, nonce: str) -> str:
        digest = hmac.digest(self._key, f"{call_sid}|{expires}|{nonce}".encode(), "sha256")
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")
