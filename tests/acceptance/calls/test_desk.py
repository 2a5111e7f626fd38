"""The control channel of a rehearsal: calls placed, watched, put down and fetched through it."""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import orjson
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from dialplan.emulators.desk.client import Desk, open_desk
from dialplan.emulators.desk.control import Control
from dialplan.emulators.desk.occupancy import Address
from dialplan.emulators.desk.talk import AnswerHeard
from dialplan.emulators.desk.wire import CallOver, Event, Order, decode
from dialplan.emulators.house import House, open_house
from dialplan.emulators.openai.mind import CallTool, Say
from dialplan.emulators.openai.scripted import ScriptedMind
from dialplan.emulators.speech.written import read, write
from dialplan.emulators.stage import written
from dialplan.emulators.twilio.caller import Line
from dialplan.emulators.twilio.record import Answered, BufferCleared, Ended, Ringing
from dialplan.errors import ConfigError
from dialplan.settings import Settings
from dialplan.store.facts import CallBegan, CallEnded, Fact, ToolRan, TurnSpoken
from dialplan.web.serving import listen, serving

VERTICALS = Path(__file__).parents[3] / "verticals"
CLINIC = "+15550100001"
KEY = "k" * 32


@dataclass
class Place:
    """A rehearsal with its control channel, and a phone that is connected to it."""

    house: House
    address: Address
    desk: Desk

    async def ring(self, *say: str | Line) -> list[Event]:
        lines = tuple(Line(one) if isinstance(one, str) else one for one in say)
        order = Order(to=CLINIC, from_="anonymous", say=lines)
        async with asyncio.timeout(60):
            return [event async for event in self.desk.ring(order)]

    def socket(self, key: str = KEY) -> connect:
        url = self.address.url.replace("http", "ws", 1)
        return connect(f"{url}/call?key={key}", proxy=None)


@pytest.fixture
async def place(data: Path) -> AsyncIterator[Place]:
    controls: list[Control] = []

    def watch(fact: Fact) -> None:
        for control in controls:
            control.note(fact)

    sound = written()
    mind = ScriptedMind(
        [[CallTool("clinic_info", {})], [Say("We are open.")], [Say("Bye.")], [Say("Bye.")]]
    )
    settings = Settings.model_validate({"data": data, "verticals": VERTICALS})
    async with open_house(
        settings, {}, sound=sound, listener=listen("127.0.0.1", 0), mind=mind, watch=watch
    ) as house:
        lines = {CLINIC: ("lakeside", "clinic")}
        controls.append(Control(house.stage.carrier, sound, lines, origin=house.origin, key=KEY))
        async with serving(controls[0].app()) as url:
            address = Address(house.origin, url, 1, KEY)
            async with open_desk(address) as desk:
                yield Place(house, address, desk)


def first(events: list[Event], kind: type[Event]) -> int:
    return next(at for at, event in enumerate(events) if isinstance(event, kind))


async def test_a_call_is_watched_from_its_ringing_to_its_record(place: Place) -> None:
    events = await place.ring("When are you open?", "Goodbye.")

    order = [Ringing, Answered, CallBegan, AnswerHeard, TurnSpoken, ToolRan, Ended, CallOver]
    found = [first(events, kind) for kind in order]
    assert found == sorted(found)
    # The server's last fact comes from elsewhere and is waited for.
    assert sum(isinstance(one, CallEnded) for one in events) == 1
    over = events[-1]
    assert isinstance(over, CallOver)
    assert (over.status, over.ended_by) == ("completed", "caller")
    with wave.open(io.BytesIO(await place.desk.audio(over.call_sid))) as audio:
        assert audio.getnchannels() == 2
        assert audio.getnframes() > 8000


async def test_two_watchers_each_see_their_own_call(place: Place) -> None:
    one, two = await asyncio.gather(place.ring("Hello."), place.ring("Good day."))

    for events in (one, two):
        over = events[-1]
        assert isinstance(over, CallOver)
        sids = {getattr(event, "call_sid", over.call_sid) for event in events}
        assert sids == {over.call_sid}


async def test_the_phone_is_put_down_when_its_socket_closes(place: Place) -> None:
    order = Order(to=CLINIC, from_="+15550107788", say=(Line("Hello.", pause_ms=30_000),))
    async with place.socket() as socket:
        await socket.send(order.model_dump_json(by_alias=True))
        await _until(socket, AnswerHeard)
        (call,) = place.house.stage.carrier.calls.values()

    for _ in range(2000):
        await asyncio.sleep(0.02)
        if not place.house.service.switchboard.running and call.record.status == "completed":
            break
    assert place.house.service.switchboard.running == 0
    assert call.record.ended_by == "caller"


async def test_somebody_live_talks_and_hears_over_the_socket(place: Place) -> None:
    async with place.socket() as socket, asyncio.timeout(60):
        order = Order(to=CLINIC, from_="+15550107788", live=True)
        await socket.send(order.model_dump_json(by_alias=True))
        heard = bytearray()
        said = False
        while "We are open." not in (read(bytes(heard)) or ""):
            message = await socket.recv()
            if isinstance(message, bytes):
                heard += message
            elif isinstance(decode(message), Answered):
                assert not said
                said = True
                await socket.send('{"digits": "1x"}')
                await socket.send(bytes([0xFF]) * 16_000 + write("When are you open?"))
        (call,) = place.house.stage.carrier.calls.values()
        assert call.line is not None
        assert call.line.digits == "1"


async def test_a_barge_in_is_seen(place: Place) -> None:
    events = await place.ring(Line("Stop.", after_ms=300), "Goodbye.")

    assert any(isinstance(one, BufferCleared) for one in events)


async def test_nobody_gets_in_without_the_key(place: Place) -> None:
    async with httpx.AsyncClient(base_url=place.address.url, trust_env=False) as client:
        for path in ("/lines", "/calls/CA1", "/calls/CA1/audio.wav", "/lines?key=wrong"):
            assert (await client.get(path)).status_code == 401
        assert (await client.get(f"/lines?key={KEY}")).status_code == 200
        assert (await client.get(f"/calls/CA1?key={KEY}")).status_code == 404
    with pytest.raises(InvalidStatus):
        async with place.socket("wrong"):
            pass
    assert place.house.stage.carrier.calls == {}


async def test_what_cannot_be_placed_is_refused_with_a_reason(place: Place) -> None:
    async def refused(order: Order) -> str:
        with pytest.raises(ConfigError) as caught:
            async for _ in place.desk.ring(order):
                pass
        return str(caught.value)

    nobody = Order(to="+1999", from_="+1", say=(Line("Hi."),))
    assert await refused(nobody) == f"nobody answers `+1999`; the tenants file knows {CLINIC}"
    recording = Order.calling(CLINIC, "+1", audio=b"\xff")
    assert "hears no recordings" in await refused(recording)
    async with place.socket() as socket:
        await socket.send("what?")
        assert "order refused" in orjson.loads(await socket.recv())["why"]


async def _until(socket: ClientConnection, kind: type[Event]) -> None:
    async with asyncio.timeout(60):
        while not isinstance(decode(await socket.recv()), kind):
            pass
