"""The emulated account, and Twilio's own REST client pointed at it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import urlsplit, urlunsplit

import pytest
from twilio.http.http_client import TwilioHttpClient  # type: ignore[import-untyped]  # no types
from twilio.rest import Client  # type: ignore[import-untyped]  # no types

from dialplan.emulators.twilio.carrier import Carrier
from dialplan.emulators.twilio.record import DestinationBehaviour, NumberConfig

ACCOUNT = "AC" + "1" * 32
TOKEN = "12345"
CLINIC = "+15550100001"
NURSE = "+15550100002"


class NoVoice:
    """Says everything in no time."""

    async def speak(self, text: str) -> bytes:
        return b""


class Rehosted(TwilioHttpClient):  # type: ignore[misc]  # the package has no types
    """Twilio's own HTTP client, sent to another host."""

    def __init__(self, base_url: str) -> None:
        super().__init__(pool_connections=False, timeout=30)
        self._host = urlsplit(base_url)

    def request(self, method: str, url: str, **options: object) -> object:
        moved = urlsplit(url)._replace(scheme=self._host.scheme, netloc=self._host.netloc)
        return super().request(method, urlunsplit(moved), **options)


@pytest.fixture
async def carrier() -> AsyncIterator[Carrier]:
    async with Carrier(
        account_sid=ACCOUNT,
        auth_token=TOKEN,
        voice=NoVoice(),
        numbers={CLINIC: NumberConfig("http://127.0.0.1:1/voice")},
        destinations={
            NURSE: DestinationBehaviour("answer", 0.0, 60.0),
            "+15550100003": DestinationBehaviour("busy", 0.0),
            "+15550100004": DestinationBehaviour("no-answer"),
        },
        api_keys={"SK" + "2" * 32: "key secret"},
    ) as carrier:
        yield carrier


@pytest.fixture
def sdk(carrier: Carrier) -> Client:
    return Client(ACCOUNT, TOKEN, http_client=Rehosted(carrier.rest_url))
