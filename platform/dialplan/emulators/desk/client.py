"""Rings a rehearsal through its control channel."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from dialplan.emulators.desk.occupancy import Address
from dialplan.emulators.desk.wire import CallOver, Event, Order, Refused, decode
from dialplan.errors import ConfigError, RehearsalError

LIMIT_S = 10.0
MOST_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Lines:
    """Who can be rung: (tenant, vertical) by number, and whether recordings are heard."""

    known: dict[str, tuple[str, str]]
    hears_audio: bool


class Desk:
    """A phone connected to a running rehearsal."""

    def __init__(self, address: Address, client: httpx.AsyncClient) -> None:
        self._address = address
        self._client = client

    async def lines(self) -> Lines:
        """Return who can be rung."""
        told = (await self._get("/lines")).json()
        known = {one["number"]: (one["tenant"], one["vertical"]) for one in told["lines"]}
        return Lines(known, bool(told["hears_audio"]))

    async def ring(self, order: Order) -> AsyncGenerator[Event, None]:
        """Place a call and yield its events; the last one is `CallOver`.

        Leaving early puts the phone down.

        Raises:
            ConfigError: the order was refused; the message says why.
            RehearsalError: the rehearsal is gone.
        """
        url = f"ws://{self._address.url.partition('://')[2]}/call"
        headers = {"Authorization": f"Bearer {self._address.key}"}
        try:
            async with connect(
                url,
                additional_headers=headers,
                compression=None,
                proxy=None,
                open_timeout=LIMIT_S,
                close_timeout=LIMIT_S,
                max_size=MOST_BYTES,
            ) as socket:
                await socket.send(order.model_dump_json(by_alias=True))
                async for text in socket:
                    event = decode(text)
                    if isinstance(event, Refused):
                        raise ConfigError(event.why)
                    if event is not None:
                        yield event
                    if isinstance(event, CallOver):
                        return
        except (OSError, InvalidHandshake, ConnectionClosed, TimeoutError) as exc:
            raise _gone() from exc
        raise _gone()

    async def audio(self, call_sid: str) -> bytes:
        """Return both sides of a call as a stereo WAV."""
        return (await self._get(f"/calls/{call_sid}/audio.wav")).content

    async def _get(self, path: str) -> httpx.Response:
        try:
            response = await self._client.get(path)
            response.raise_for_status()
        except httpx.HTTPError as exc:
            raise _gone() from exc
        return response


@asynccontextmanager
async def open_desk(address: Address) -> AsyncIterator[Desk]:
    """Connect to the rehearsal at an address."""
    headers = {"Authorization": f"Bearer {address.key}"}
    async with httpx.AsyncClient(
        base_url=address.url, headers=headers, timeout=LIMIT_S, trust_env=False
    ) as client:
        yield Desk(address, client)


def _gone() -> RehearsalError:
    return RehearsalError(
        "the rehearsal has ended: start it again with `dialplan serve --rehearse`"
    )
