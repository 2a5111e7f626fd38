"""A media stream client that others wrote, streamdouble, holds a call with the server.

It cannot sign, so a pipe in between adds the signature; after `clear` it drops marks where Twilio
returns them, so it says nothing here about barge-ins.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from streamdouble.protocol import StreamIdentity  # type: ignore[import-untyped]  # no types
from streamdouble.session import Session, SessionConfig  # type: ignore[import-untyped]
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from dialplan.emulators.openai.mind import Say
from dialplan.emulators.speech.written import read, write
from dialplan.store.facts import CallEnded, TurnSpoken

NUMBER = "+15550100021"
Desk = Callable[..., AbstractAsyncContextManager[Any]]


@asynccontextmanager
async def signing(site: Any, url: str) -> AsyncIterator[str]:
    """Serve a pipe to the media socket that signs the upgrade; yields its address."""

    async def pipe(inner: ServerConnection) -> None:
        outer = await site.open(url)

        async def backward() -> None:
            async for message in outer:
                await inner.send(message)
            await inner.close()

        back = asyncio.create_task(backward())
        try:
            async for message in inner:
                await outer.send(message)
        except ConnectionClosed:
            pass
        finally:
            await outer.close()
            await asyncio.wait([back])

    async with serve(pipe, "127.0.0.1", 0, compression=None) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


async def test_an_independent_client_holds_a_call_without_a_violation(desk: Desk) -> None:
    quiet = b"\xff" * 8000
    audio = quiet + write("Is anybody there?") + quiet
    frames = [audio[at : at + 160].ljust(160, b"\xff") for at in range(0, len(audio), 160)]
    async with desk([[Say("Yes, somebody is.")]]) as site:
        invitation = await site.invite(NUMBER)
        async with signing(site, invitation.url) as url:
            session = Session(
                url,
                frames,
                identity=StreamIdentity(call_sid=invitation.call_sid),
                config=SessionConfig(
                    custom_parameters={"token": invitation.token},
                    response_timeout_s=30,
                    quiet_period_s=3,
                    max_call_s=60,
                ),
            )
            result = await session.run()

        assert result.violations == []
        assert not result.timed_out
        assert read(bytes(result.audio_received)) == "Hello there. Yes, somebody is."
        turns = [(one.speaker, one.text) for one in site.of(TurnSpoken)]
        assert turns == [
            ("agent", "Hello there."),
            ("caller", "Is anybody there?"),
            ("agent", "Yes, somebody is."),
        ]
        assert [one.reason for one in site.of(CallEnded)] == ["caller"]
