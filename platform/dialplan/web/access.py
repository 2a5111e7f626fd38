"""Who may look: one key opens API and console. No key is ever logged, kept or sent on.

The key comes as a bearer token, or once in the address, where a browser changes it for a cookie.
The cookie holds an end of time and a proof of the key, not the key itself.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict
from dataclasses import dataclass
from urllib.parse import urlencode

SESSION_S = 12 * 3600
WINDOW_S = 60.0
MOST_WRONG = 10
MOST_ADDRESSES = 1_000


class WrongKeys:
    """Counts wrong keys by address; remembers so many addresses and no more."""

    def __init__(self, *, limit: int = MOST_WRONG, addresses: int = MOST_ADDRESSES) -> None:
        self._limit = limit
        self._addresses = addresses
        self._wrong: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def blocked(self, address: str, now: float) -> bool:
        """Whether this address has tried too often in the last minute."""
        since, count = self._wrong.get(address, (now, 0))
        return count >= self._limit and now - since < WINDOW_S

    def note(self, address: str, now: float) -> None:
        """Count a wrong key."""
        since, count = self._wrong.pop(address, (now, 0))
        if now - since >= WINDOW_S:
            since, count = now, 0
        self._wrong[address] = (since, count + 1)
        if len(self._wrong) > self._addresses:
            self._wrong.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Cookie:
    """What a browser is given for the key."""

    name: str
    value: str
    max_age: int = SESSION_S


class Access:
    """Knows the key. Comparisons take the same time whatever was given."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()
        # Cookies know no ports: two servers on one machine must not overwrite each other's.
        self.cookie_name = f"dialplan_{self._proof('name')[:12]}"

    def address(self, origin: str) -> str:
        """Return the console's address with the key in it, to be shown once."""
        return f"{origin}/console/?{urlencode({'key': self._key.decode()})}"

    def is_key(self, given: str) -> bool:
        """Whether this is the key."""
        return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._key)

    def cookie(self, now: float) -> Cookie:
        """Return a cookie that is good for the next hours."""
        until = str(int(now) + SESSION_S)
        return Cookie(self.cookie_name, f"{until}.{self._proof(until)}")

    def is_cookie(self, value: str, now: float) -> bool:
        """Whether we gave this cookie out and its time has not come."""
        until, _, proof = value.partition(".")
        expected = self._proof(until)
        right = hmac.compare_digest(proof.encode("utf-8", "surrogateescape"), expected.encode())
        return right and until.isdecimal() and int(until) > now

    def _proof(self, text: str) -> str:
        return hmac.new(self._key, f"console {text}".encode(), hashlib.sha256).hexdigest()
