"""What callers hear while something behind the server is down: never silence."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import text

from dialplan.emulators.openai.faults import Faults
from dialplan.emulators.openai.mind import CallTool, Message, Say
from dialplan.emulators.openai.scripted import ScriptedMind
from dialplan.emulators.speech.written import read
from dialplan.emulators.twilio.record import DestinationBehaviour
from dialplan.store.facts import CallEnded, ToolRan, TurnSpoken

NUMBER, HUMAN = "+15550100024", "+15550100911"
OpenSite = Callable[..., AbstractAsyncContextManager[Any]]
VERTICAL = """\
dialplan: 1
name: outages
title: Outages
voice: {greeting: Hello there.}
variables: {human: {type: phone, default: "+15550100911"}}
when_unavailable: {say: Nobody is here now., then: {dial: human, timeout: 5s, else: voicemail}}
agents:
  clerk: {entry: true, prompt: Be kind., tools: [look]}
tools:
  look:
    description: Look it up.
    sql: SELECT 1 AS found
    returns: one
    timeout: 2s
    say: {failed: I cannot look that up just now.}
"""
ANSWERS = {HUMAN: DestinationBehaviour(after_s=0.2, talks_s=0.5, says="Human speaking.")}


async def test_a_model_that_cannot_be_reached_leaves_the_caller_to_a_human(
    open_site: OpenSite, write_verticals: Callable[..., Path]
) -> None:
    folder = write_verticals(VERTICAL, NUMBER)
    # Nobody listens, and nobody else can get the port meanwhile.
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        async with open_site(
            folder,
            ScriptedMind([]),
            numbers=[NUMBER],
            destinations=ANSWERS,
            model_url=f"ws://127.0.0.1:{taken.getsockname()[1]}/v1/realtime",
        ) as site:
            record = await site.ring(NUMBER, hangs_up=False)

    assert read(record.agent_audio) == "Nobody is here now. Human speaking."
    assert record.dialled[0].status == "completed"


async def test_a_lost_model_is_taken_up_again_and_knows_what_was_said(
    open_site: OpenSite, write_verticals: Callable[..., Path]
) -> None:
    mind = ScriptedMind([[Say("Noted.")], [Say("Blue it is.")]])
    async with open_site(write_verticals(VERTICAL, NUMBER), mind, numbers=[NUMBER]) as site:
        site.model.faults = Faults(connection=1, drop_at_response=3)
        record = await site.ring(NUMBER, "My colour is blue.", "Which colour is it?")

        assert read(record.agent_audio) == "Hello there. Noted. Blue it is."
        assert site.model.connections == 2
        told = [(i.role, i.text) for i in mind.turns[-1].items if isinstance(i, Message)]
        assert ("user", "My colour is blue.") in told
        assert ("assistant", "Noted.") in told
        assert ("user", "Which colour is it?") in told
        assert [one.reason for one in site.of(CallEnded)] == ["caller"]


async def test_a_model_that_stays_away_in_mid_call_leaves_the_caller_to_a_human(
    open_site: OpenSite, write_verticals: Callable[..., Path]
) -> None:
    mind = ScriptedMind([[Say("Noted.")]])
    folder = write_verticals(VERTICAL, NUMBER)
    async with open_site(folder, mind, numbers=[NUMBER], destinations=ANSWERS) as site:
        # The greeting is the first response of every connection; then each one is cut off.
        site.model.faults = Faults(drop_at_response=2)
        rung = asyncio.create_task(
            site.ring(NUMBER, "My colour is blue.", "Are you there?", hangs_up=False)
        )
        # What goes wrong on it is settled then.
        while not site.model.connections:  # noqa: ASYNC110  counted by another task
            await asyncio.sleep(0.01)
        site.model.faults = Faults(drop_at_response=1)
        record = await rung

        heard = read(record.agent_audio) or ""
        assert heard.startswith("Hello there.")
        assert heard.endswith("Nobody is here now. Human speaking.")
        assert site.of(CallEnded)[0].reason not in ("caller", "agent")


class Pipe:
    """A way to Postgres that can be cut, and can stop letting anything through."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        query = parse_qs(parts.query)
        self._target = f"{query['host'][0]}/.s.PGSQL.{query['port'][0]}"
        self._user = parts.username
        self._name = parts.path
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._flows = asyncio.Event()
        self._flows.set()
        self._down = False
        self.url = ""

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        self.url = f"postgresql://{self._user}@127.0.0.1:{port}{self._name}"
        try:
            yield
        finally:
            server.close()
            self.cut()
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=5)

    def cut(self) -> None:
        self._down = True
        for writer in self._open:
            writer.transport.abort()

    def mend(self) -> None:
        self._down = False
        self._flows.set()

    def stall(self) -> None:
        self._flows.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._down:
            writer.transport.abort()
            return
        to_reader, to_writer = await asyncio.open_unix_connection(self._target)
        self._open |= {writer, to_writer}
        for one in (self._pump(reader, to_writer), self._pump(to_reader, writer)):
            task = asyncio.create_task(one)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await self._flows.wait()
                writer.write(data)
                await writer.drain()
        self._open.discard(writer)
        writer.close()


async def test_a_database_that_goes_away_in_mid_call_costs_the_answer_and_not_the_call(
    open_site: OpenSite, write_verticals: Callable[..., Path], postgres_url: str
) -> None:
    look, sorry = [CallTool("look")], [Say("I cannot look that up just now.")]
    mind = ScriptedMind([look, [Say("Found.")], look, sorry, look, sorry, look, [Say("Again.")]])
    pipe = Pipe(postgres_url)
    folder = write_verticals(VERTICAL, NUMBER)
    async with (
        pipe.serving(),
        open_site(folder, mind, numbers=[NUMBER], database_url=pipe.url) as site,
        site.stream(NUMBER) as stream,
    ):
        await stream.begin()
        await stream.hears("Hello there.")
        await stream.speak("Look please.")
        await stream.hears("Found.")

        pipe.cut()
        await stream.speak("And now?")
        await stream.hears("I cannot look that up just now.")
        assert (await site.client.get(f"{site.origin}/healthz")).status_code == 200
        assert (await site.client.get(f"{site.origin}/readyz")).status_code == 503

        pipe.mend()
        pipe.stall()
        await stream.speak("And in silence?")
        await stream.until(lambda: stream.heard().count("I cannot look") == 2)
        await stream.hears("I cannot look")

        pipe.mend()
        await stream.speak("And again?")
        await stream.hears("Again.")
        await stream.say("stop", stop={"accountSid": "AC1", "callSid": stream.call_sid})
        await stream.until(lambda: bool(site.of(CallEnded)))

        assert [one.status for one in site.of(ToolRan)] == ["ok", "failed", "failed", "ok"]
        # What was said meanwhile waited for the database, and is there now.
        said = len(site.of(TurnSpoken))
        assert said == 9
        kept = 0
        for _ in range(300):
            async with site.service.database.engine.connect() as connection:
                kept = await connection.scalar(
                    text("SELECT count(*) FROM dialplan.turns WHERE call_sid = :sid"),
                    {"sid": stream.call_sid},
                )
            if kept == said:
                break
            await asyncio.sleep(0.1)
        assert kept == said
