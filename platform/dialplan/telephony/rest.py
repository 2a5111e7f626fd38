"""Twilio's REST API, as far as a running call needs it: redirect, hang up, send a text message.

It owns no connection pool, no settings and no policy: when to transfer or whom to text is decided
elsewhere. Neither numbers nor texts appear in its errors.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from urllib.parse import quote

import httpx
import orjson

from dialplan.errors import TelephonyError

API_VERSION = "2010-04-01"
TIMEOUT_S = 5.0
ATTEMPTS = 4
FIRST_DELAY_S = 0.25

Fields = Mapping[str, str | Sequence[str]]

_NOT_IN_PROGRESS = 21220
_NOT_FOUND = 20404
# Nothing reached Twilio, so even what must not happen twice may be tried again.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class TwilioRest:
    """One account's REST API over a shared client.

    Args:
        client: the pooled client; it is not closed here.
        base_url: `https://api.twilio.com`, a regional host, or an emulator.
        account_sid: the account in the paths, `AC...`.
        username: the account SID or an API key SID, for Basic authentication.
        password: the auth token or the API key's secret.
        sleep: how to wait between attempts, in seconds.
        jitter: gives 0..1; spreads the attempts of many calls.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        base_url: str,
        account_sid: str,
        username: str,
        password: str,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._client = client
        self._account_url = f"{base_url.rstrip('/')}/{API_VERSION}/Accounts/{account_sid}"
        self._auth = httpx.BasicAuth(username, password)
        self._sleep = sleep
        self._jitter = jitter

    async def redirect(self, call_sid: str, twiml: str) -> None:
        """Give a call in progress another document. Ends its media stream at once.

        Raises:
            TelephonyError: refused (21220: the call is over), or Twilio could not be reached.
        """
        await self._post(f"Calls/{quote(call_sid, safe='')}", {"Twiml": twiml})

    async def hang_up(self, call_sid: str) -> None:
        """End a call; one that is over or unknown counts as ended.

        Raises:
            TelephonyError: refused, or Twilio could not be reached.
        """
        path = f"Calls/{quote(call_sid, safe='')}"
        try:
            await self._post(path, {"Status": "completed"}, idempotent=True)
        except TelephonyError as error:
            if error.code not in (_NOT_IN_PROGRESS, _NOT_FOUND):
                raise

    async def send_message(self, *, to: str, from_: str, body: str) -> str:
        """Send a text message; return its SID. Tried again only when nothing was sent.

        Raises:
            TelephonyError: refused, or unclear whether it was sent (status 0 or 5xx).
        """
        answer = await self._post("Messages", {"To": to, "From": from_, "Body": body})
        sid = answer.get("sid")
        if not isinstance(sid, str):
            raise TelephonyError("expected `sid` in Twilio's answer to `POST Messages`, got none")
        return sid

    async def _post(
        self, path: str, fields: Fields, *, idempotent: bool = False
    ) -> Mapping[str, object]:
        operation = f"POST {path.partition('/')[0]}"
        for attempt in range(ATTEMPTS):
            if attempt:
                await self._sleep(FIRST_DELAY_S * 2 ** (attempt - 1) * (0.5 + self._jitter()))
            last = attempt == ATTEMPTS - 1
            try:
                response = await self._client.post(
                    f"{self._account_url}/{path}.json",
                    data={name: _form_value(value) for name, value in fields.items()},
                    auth=self._auth,
                    headers={"Accept": "application/json"},
                    timeout=TIMEOUT_S,
                )
            except httpx.TransportError as error:
                if not last and (idempotent or isinstance(error, _NOT_SENT)):
                    continue
                raise TelephonyError(
                    f"expected an answer to `{operation}`, got `{type(error).__name__}`: "
                    "see whether Twilio can be reached"
                ) from error
            body = _object(response.content)
            if response.is_success:
                return body
            refusal = _refusal(operation, response.status_code, body)
            # 429 means "not processed" (error 20429), so it may be repeated; a 5xx may not.
            busy = refusal.status == 429 or refusal.code == 20429
            if last or not (busy or (idempotent and refusal.status >= 500)):
                raise refusal
        raise AssertionError("the last attempt returns or raises")  # pragma: no cover


def _form_value(value: str | Sequence[str]) -> str | list[str]:
    """Return what httpx writes as one key, or as a repeated key for a list."""
    return value if isinstance(value, str) else list(value)


def _object(content: bytes) -> Mapping[str, object]:
    try:
        body = orjson.loads(content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _refusal(operation: str, status: int, body: Mapping[str, object]) -> TelephonyError:
    code = body.get("code")
    number = code if isinstance(code, int) else 0
    # Twilio's own message may quote a phone number; the code says the same without it.
    detail = f"see https://www.twilio.com/docs/errors/{number}" if number else "no error code"
    return TelephonyError(
        f"expected Twilio to accept `{operation}`, got status {status}, code {number}: {detail}",
        status=status,
        code=number,
    )
