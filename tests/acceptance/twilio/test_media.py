"""What goes over the media socket of a call: tolerated, refused, answered, cut off, cleaned up."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket as sockets
import struct
import time
from base64 import b64decode
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path
from typing import Any

import pytest
from tests.stillness import watched
from websockets.exceptions import ConnectionClosed

from dialplan.emulators.openai.mind import CallTool, Say
from dialplan.emulators.speech.written import EnergyDetector, WrittenEar, WrittenVoice, read, write
from dialplan.emulators.stage import Sound
from dialplan.store.facts import CallEnded, TurnSpoken

NUMBER = "+15550100021"
LONG = " ".join(f"word{n}" for n in range(80)) + "."
LOST = "stream_lost"
KEYS = {
    "media": {"event", "streamSid", "media"},
    "mark": {"event", "streamSid", "mark"},
    "clear": {"event", "streamSid"},
}
Desk = Callable[..., AbstractAsyncContextManager[Any]]


def said(site: Any, speaker: str, call_sid: str | None = None) -> list[str]:
    return [one.text for one in site.of(TurnSpoken, call_sid) if one.speaker == speaker]


async def ended(site: Any, count: int = 1, limit_s: float = 30.0) -> list[CallEnded]:
    deadline = time.monotonic() + limit_s
    while len(site.of(CallEnded)) < count:
        assert time.monotonic() < deadline, "the call did not end"
        await asyncio.sleep(0.02)
    found: list[CallEnded] = site.of(CallEnded)
    return found


async def test_media_before_start_is_ignored_and_the_call_begins_with_start(desk: Desk) -> None:
    async with desk([[Say("Yes.")]]) as site, site.stream(NUMBER) as stream:
        await stream.connected()
        for payload in (write("early")[:160], write("words")[:160]):
            await stream.media(payload)
        assert stream.received == []
        await stream.start()

        await stream.hears("Hello there.")
        await stream.speak("Is it you?")
        await stream.hears("Yes.")
        assert said(site, "caller") == ["Is it you?"]


async def test_odd_frames_gaps_and_bursts_reach_the_model_in_order(desk: Desk) -> None:
    async with desk([[Say("One.")], [Say("Two.")]]) as site, site.stream(NUMBER) as stream:
        await stream.begin()
        await stream.hears("Hello there.")

        audio = write("cut into odd pieces") + b"\xff" * 6437
        for number, at in enumerate(range(0, len(audio), 157)):
            await stream.media(audio[at : at + 157], late_ms=(number * 7) % 5 - 2)
        await stream.hears("One.")
        # Twilio dropped a second of audio, and the rest comes in one burst.
        stream._timestamp += 1000
        stream._chunk += 50
        stream._sequence += 50
        await stream.speak("all at once", pace=0)
        await stream.hears("Two.")

        assert said(site, "caller") == ["cut into odd pieces", "all at once"]


async def test_unknown_events_and_fields_are_tolerated(desk: Desk) -> None:
    async with desk([[Say("Yes.")]]) as site, site.stream(NUMBER) as stream:
        await stream.send({"event": "connected", "protocol": "Call", "version": "9", "new": [1]})
        await stream.say("weather", weather={"sunny": True})
        await stream.start(newField={"a": 1}, customParameters={"token": stream.token, "x": "y"})
        await stream.hears("Hello there.")
        await stream.say("weather", weather={"sunny": False})
        await stream.send({"event": "mark", "streamSid": stream.stream_sid, "mark": {"name": "?"}})
        await stream.send({"event": "media", "streamSid": "MZ" + "0" * 32, "media": {}})
        await stream.send({"no": "event"})

        await stream.speak("Still there?")

        await stream.hears("Yes.")
        assert said(site, "caller") == ["Still there?"]


async def test_the_server_sends_only_media_mark_and_clear_with_exactly_their_keys(
    desk: Desk,
) -> None:
    async with desk([[Say(LONG)], [Say("Yes.")]]) as site, site.stream(NUMBER) as stream:
        await stream.begin()
        await stream.hears("Hello there.")
        await stream.speak("Tell me.")
        await stream.arrives("word5")
        await stream.speak("Stop.")
        await stream.hears("Yes.")

        messages = [message for _, message in stream.received]
        assert {message["event"] for message in messages} == set(KEYS)
        for message in messages:
            assert set(message) == KEYS[message["event"]]
            assert message["streamSid"] == stream.stream_sid
            match message["event"]:
                case "media":
                    assert set(message["media"]) == {"payload"}
                    assert 0 < len(b64decode(message["media"]["payload"], validate=True)) < 16_000
                case "mark":
                    assert set(message["mark"]) == {"name"}
                    assert isinstance(message["mark"]["name"], str)


async def test_a_barge_in_clears_within_300_ms_and_nothing_of_the_old_turn_follows(
    desk: Desk,
) -> None:
    async with (
        desk([[Say(LONG)], [Say("Yes?")]]) as site,
        site.stream(NUMBER, marks="never") as stream,
        watched() as stillness,
    ):
        await stream.begin()
        await stream.hears("Hello there.")
        for name in stream.pending:
            await stream.say("mark", mark={"name": name})
        stream.pending.clear()
        greeting = stream.of("media")
        await stream.speak("Tell me.")
        await stream.arrives("word20")
        # The first four pieces of the turn were played, then the caller speaks up.
        turn = [one for one in stream.of("media") if one not in greeting]
        sizes = [len(b64decode(one["media"]["payload"])) for one in turn[:4]]
        for name in stream.pending[:4]:
            await stream.say("mark", mark={"name": name})
        began = time.monotonic()
        await stream.speak("Stop please.")

        clears = [at for at, message in stream.received if message["event"] == "clear"]
        assert len(clears) == 1
        # The caller's first loud frame is 20 ms before the earliest that it can be noticed.
        assert clears[0] - began - stillness.seconds(began, clears[0]) < 0.3
        await stream.arrives("Yes?")
        after = b"".join(
            b64decode(message["media"]["payload"])
            for at, message in stream.received
            if at > clears[0] and message["event"] == "media"
        )
        assert read(after) == "Yes?"

        # Twilio sends back every mark of what it dropped: they prove nothing.
        for name in stream.pending[4:]:
            await stream.say("mark", mark={"name": name})
        await stream.say("stop", stop={"accountSid": "AC1", "callSid": stream.call_sid})
        await ended(site)
        cut = next(t for t in site.of(TurnSpoken) if t.text.startswith("word0"))
        assert cut.heard_ms == sum(sizes) // 8


async def test_marks_that_come_back_at_once_are_taken_as_heard(desk: Desk) -> None:
    async with (
        desk([[Say("Goodbye."), CallTool("to_human")]]) as site,
        site.stream(NUMBER, marks="at once") as stream,
    ):
        await stream.begin()
        await stream.hears("Hello there.")
        await stream.speak("A human please.")

        await stream.hears("Goodbye.")
        async with asyncio.timeout(30):
            await stream.closed.wait()
        assert [one.reason for one in await ended(site)] == ["transferred"]


async def test_ten_minutes_ahead_is_the_most_that_is_ever_buffered(desk: Desk) -> None:
    class Endless(WrittenVoice):
        async def speak(self, text: str) -> bytes:
            return b"\x7f" * (8000 * 330) if text == "Long." else await super().speak(text)

    voice = Endless()
    sound = Sound(voice, voice, WrittenEar(), EnergyDetector)
    steps = [[Say("Long."), Say("Long.")]]
    async with (
        desk(steps, sound=sound, speed=2000.0) as site,
        site.stream(NUMBER, marks="never") as stream,
    ):
        await stream.begin()
        await stream.hears("Hello there.")
        await stream.speak("Talk.", pace=0.1)

        def sent() -> int:
            return sum(len(b64decode(one["media"]["payload"])) for one in stream.of("media"))

        await stream.until(lambda: sent() > 8000 * 560, 60)
        before = -1
        while before != sent():
            before = sent()
            await asyncio.sleep(1)

        assert sent() <= 8000 * 600
        assert not stream.closed.is_set()


async def _stop(stream: Any) -> None:
    await stream.say("stop", stop={"accountSid": "AC1", "callSid": stream.call_sid})
    await stream.socket.close()


async def _close(stream: Any) -> None:
    await stream.socket.close()


async def _stop_and_wait(stream: Any) -> None:
    await stream.say("stop", stop={"accountSid": "AC1", "callSid": stream.call_sid})


async def _reset(stream: Any) -> None:
    raw = stream.socket.transport.get_extra_info("socket")
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, struct.pack("ii", 1, 0))
    stream.socket.transport.abort()


async def test_stop_close_and_reset_each_end_a_call_and_leave_nothing_behind(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with desk([[Say(LONG)]]) as site:
        async with site.stream(NUMBER) as warm:
            await warm.begin()
            await warm.hears("Hello there.")
        await ended(site)
        await asyncio.sleep(0.2)
        before = site.in_use()

        leaves = ((_stop, "caller"), (_stop_and_wait, "caller"), (_close, LOST), (_reset, LOST))
        for number, (leave, reason) in enumerate(leaves, 2):
            async with site.stream(NUMBER) as stream:
                await stream.begin()
                await stream.hears("Hello there.")
                await stream.speak("Tell me.", pace=0.3)
                await stream.arrives("word3")
                await leave(stream)
                endings = await ended(site, number)
                assert endings[-1].reason == reason

        assert await site.settled(before) <= before
        assert site.service.switchboard.running == 0
        assert [r for r in caplog.records if r.exc_info] == []


async def test_a_stop_that_our_own_transfer_causes_is_no_hang_up_of_the_caller(desk: Desk) -> None:
    async with desk([[CallTool("to_human")]]) as site, site.stream(NUMBER) as stream:
        await stream.begin()
        await stream.hears("Hello there.")
        await stream.speak("A human please.")
        async with asyncio.timeout(30):
            await stream.closed.wait()

        answer = await site.webhook(
            "/twilio/after", CallSid=stream.call_sid, To=NUMBER, CallStatus="in-progress"
        )

        assert "<Number>+15550100911</Number>" in answer.text
        assert [one.reason for one in await ended(site)] == ["transferred"]


async def test_oversized_garbage_and_binary_frames_cost_bounded_memory_and_the_server_goes_on(
    desk: Desk,
) -> None:
    def resident() -> int:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    async with desk([[Say("Yes.")]]) as site, site.stream(NUMBER) as stream:
        await stream.begin()
        await stream.hears("Hello there.")
        before = resident()

        for junk in ("", "{", "[]", "null", "\u0000", "9" * 5000, '{"event":7}', "[" * 5000):
            await stream.socket.send(junk)
        for _ in range(5000):
            await stream.socket.send(secrets.token_bytes(400))
            await stream.send({"event": secrets.token_hex(8), "streamSid": "x" * 300})
        async with site.stream(NUMBER) as giant:
            await giant.begin()
            await giant.hears("Hello there.")
            with suppress(ConnectionClosed):
                await giant.socket.send("x" * 8_000_000)
            async with asyncio.timeout(30):
                await giant.closed.wait()
            # "Message too big"; 1006 where the reset overtakes it.
            assert giant.socket.close_code in (1009, 1006)

        assert resident() - before < 40_000_000
        await stream.speak("Still there?")
        await stream.hears("Yes.")
        assert said(site, "caller") == ["Still there?"]


async def test_a_peer_that_stops_reading_is_given_up_and_leaves_nothing_behind(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    class Endless(WrittenVoice):
        async def speak(self, text: str) -> bytes:
            return b"\x7f" * (8000 * 300) if text == "Long." else await super().speak(text)

    voice = Endless()
    sound = Sound(voice, voice, WrittenEar(), EnergyDetector)
    async with desk([[Say("Long."), Say("Long.")]], sound=sound, speed=2000.0) as site:
        await site.webhook("/twilio/status")
        async with site.stream(NUMBER) as warm:
            await warm.begin()
            await warm.hears("Hello there.")
        await ended(site)
        before = site.in_use()
        invitation = await site.invite(NUMBER)
        # A peer with small buffers, so that it is soon behind.
        raw = sockets.socket()
        raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
        raw.setblocking(False)
        port = int(site.origin.rpartition(":")[2])
        await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", port))
        opened = await site.open(invitation.url, sock=raw, max_queue=1)
        async with site.stream(NUMBER) as other:
            await other.begin()
            frozen = other.__class__(opened, invitation.call_sid, invitation.token, "never")
            await frozen.begin()
            await asyncio.sleep(0.2)
            await frozen.speak("Talk.", pace=0.1)
            opened.transport.pause_reading()

            # The call is over although the peer neither reads nor closes.
            endings = await ended(site, 2, 60)
            assert endings[-1].call_sid == invitation.call_sid
            await other.hears("Hello there.")
            assert not other.closed.is_set()
        await ended(site, 3)
        # The peer still holds its end open; ours is gone.
        tasks, descriptors = await site.settled(before)
        assert (tasks, descriptors) <= (before[0] + 2, before[1] + 1)
        opened.transport.abort()
        assert await site.settled(before) <= before
        assert [r for r in caplog.records if r.exc_info] == []


async def test_two_calls_at_once_hear_and_say_only_their_own(desk: Desk) -> None:
    async def hold(site: Any, name: str) -> str:
        async with site.stream(NUMBER) as stream:
            await stream.begin()
            await stream.hears("Hello there.")
            for turn in ("one", "two"):
                await stream.speak(f"{name} {turn}")
                await stream.hears(f"Answer {turn}.")
            await _stop(stream)
            foreign = [m for _, m in stream.received if m["streamSid"] != stream.stream_sid]
            assert foreign == []
            call_sid: str = stream.call_sid
            return call_sid

    async with desk([[Say("Answer one.")], [Say("Answer two.")]]) as site:
        names: Sequence[str] = ("ada", "bob", "cleo")
        sids = await asyncio.gather(*(hold(site, name) for name in names))
        await ended(site, len(names))

        for name, sid in zip(names, sids, strict=True):
            assert said(site, "caller", sid) == [f"{name} one", f"{name} two"]
            assert said(site, "agent", sid) == ["Hello there.", "Answer one.", "Answer two."]
