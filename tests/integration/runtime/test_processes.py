"""Two processes of one installation: what one of them did, the other one knows."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.stillness import watched

from dialplan.call.commands import Ending, HangUp, Transfer
from dialplan.config.load import load_tenants, load_vertical
from dialplan.errors import StoreError
from dialplan.protocols.twilio.stream import Stream
from dialplan.protocols.twilio.twiml import render
from dialplan.runtime.attended import CallRequest, Leg
from dialplan.runtime.clock import Clock
from dialplan.runtime.directory import Directory, Line, build_lines
from dialplan.runtime.endings import Endings
from dialplan.runtime.switchboard import Switchboard
from dialplan.runtime.tokens import StreamTokens
from dialplan.store.database import Database
from dialplan.store.installation import Installation

NUMBER, CALLER = "+15550100001", "+15550107788"
VERTICAL = """\
dialplan: 1
name: kiosk
title: Kiosk
voice: {greeting: Hello.}
when_unavailable: {say: "Sorry."}
agents:
  clerk: {entry: true, prompt: Be kind.}
"""


@dataclass
class Call:
    """A call that ends as it was told to, once its stream is there."""

    request: CallRequest
    ending: Ending | None
    prepared: bool = False
    ran: bool = False
    discarded: bool = False

    async def prepare(self) -> None:
        self.prepared = True

    async def run(self, leg: Leg, stream: Stream) -> Ending | None:
        self.ran = True
        return self.ending

    async def discard(self) -> None:
        self.discarded = True


@dataclass
class Socket:
    """A media socket that says `start` and then nothing; notes what is known when it closes."""

    frame: str
    installation: Installation
    patience_s: float
    known: list[Ending | None] = field(default_factory=list)

    async def receive(self) -> str | None:
        return self.frame

    def listen(self, hear: Callable[[str | bytes | None], None]) -> None:
        hear(None)

    def send(self, *texts: str) -> None: ...

    @property
    def writable(self) -> bool:
        return True

    async def drained(self) -> None: ...

    async def close(self) -> None:
        with suppress(TimeoutError, StoreError):
            async with asyncio.timeout(self.patience_s):
                self.known.append(await self.installation.ending_of("CA1"))


class Process:
    """One process's switchboard, on the installation's database or on none that answers."""

    def __init__(self, lines: dict[str, Line], installation: Installation, key: bytes) -> None:
        self.ending: Ending | None = HangUp("agent")
        self.calls: list[Call] = []
        self.installation = installation
        self.patience_s = 30.0
        self.switchboard = Switchboard(
            Directory(lines),
            make_call=self._make,
            tokens=StreamTokens(key, installation),
            clock=Clock(),
            public_url="https://phone.example",
            endings=Endings(installation),
        )

    def _make(self, request: CallRequest) -> Call:
        self.calls.append(Call(request, self.ending))
        return self.calls[-1]

    async def voice(self, sid: str = "CA1") -> str:
        form = {"CallSid": sid, "AccountSid": "AC1", "From": CALLER, "To": NUMBER}
        answer = render(*await self.switchboard.answer(form))
        found = re.search(r'name="token" value="([^"]+)"', answer)
        assert found is not None
        return found[1]

    async def after(self, sid: str = "CA1") -> str:
        return render(*await self.switchboard.after({"CallSid": sid, "To": NUMBER}))

    async def stream(self, token: str, sid: str = "CA1") -> Socket:
        start = {
            "event": "start",
            "sequenceNumber": "1",
            "streamSid": "MZ1",
            "start": {
                "accountSid": "AC1",
                "streamSid": "MZ1",
                "callSid": sid,
                "tracks": ["inbound"],
                "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
                "customParameters": {"token": token},
            },
        }
        socket = Socket(json.dumps(start), self.installation, self.patience_s)
        await self.switchboard.attend(socket)
        return socket

    @property
    def ran(self) -> int:
        return sum(call.ran for call in self.calls)


@pytest.fixture
def lines(tmp_path: Path) -> dict[str, Line]:
    (tmp_path / "kiosk").mkdir()
    (tmp_path / "kiosk" / "vertical.yaml").write_text(VERTICAL)
    (tmp_path / "tenants.yaml").write_text(
        f'tenants:\n  corner:\n    lines: {{"{NUMBER}": kiosk}}\n'
    )
    loaded = load_vertical(tmp_path / "kiosk")
    tenants = load_tenants(tmp_path / "tenants.yaml", [loaded.vertical])
    return build_lines(tenants, {"kiosk": loaded}, {}, account="AC1", token="t0ken")


@dataclass
class Two:
    """Two processes with a pool each."""

    first: Process
    second: Process


@pytest.fixture
async def two(database: Database, postgres_url: str, lines: dict[str, Line]) -> AsyncIterator[Two]:
    async with database.engine.begin() as connection:
        await connection.execute(text("TRUNCATE dialplan.endings, dialplan.used_tokens"))
    other = Database(postgres_url)
    processes = []
    for number, one in enumerate((database, other)):
        installation = Installation(one)
        key = await installation.signing_key(bytes([number]) * 32)
        processes.append(Process(lines, installation, key))
    yield Two(*processes)
    for process in processes:
        await process.switchboard.close()
    await other.close()


async def test_the_first_process_gives_the_key_and_the_others_take_it(
    database: Database,
) -> None:
    installation = Installation(database)

    first = await installation.signing_key(b"a" * 32)

    assert await installation.signing_key(b"b" * 32) == first


async def test_a_stream_that_reaches_another_process_is_carried_there(two: Two) -> None:
    token = await two.first.voice()

    await two.second.stream(token)

    (call,) = two.second.calls
    assert (call.prepared, call.ran, call.discarded) == (True, True, True)
    assert call.request.caller == CALLER
    assert (call.request.call_sid, call.request.account_sid) == ("CA1", "AC1")
    assert call.request.line.number == NUMBER
    assert two.first.ran == 0


@pytest.mark.parametrize(
    ("ending", "verb"),
    [(HangUp("agent"), "<Hangup"), (Transfer("+15550100911"), "<Number>+15550100911</Number>")],
)
async def test_any_process_says_how_a_call_ends(two: Two, ending: Ending, verb: str) -> None:
    two.first.ending = ending
    await two.first.stream(await two.first.voice())

    answer = await two.second.after()

    assert verb in answer
    assert "Sorry" not in answer


async def test_the_ending_is_written_down_before_the_stream_is_closed(two: Two) -> None:
    two.first.ending = Transfer("+15550100911")

    socket = await two.first.stream(await two.first.voice())

    assert socket.known == [Transfer("+15550100911")]


async def test_a_call_that_nobody_ended_is_followed_by_the_verticals_wish(two: Two) -> None:
    two.first.ending = None
    await two.first.stream(await two.first.voice())

    assert "Sorry" in await two.second.after()


async def test_a_token_is_used_once_in_all_processes(two: Two) -> None:
    token = await two.first.voice()

    await two.first.stream(token)
    await two.second.stream(token)

    assert (two.first.ran, two.second.ran) == (1, 0)


async def test_a_token_shown_to_both_at_once_is_taken_by_one(two: Two) -> None:
    token = await two.first.voice()

    await asyncio.gather(two.first.stream(token), two.second.stream(token))

    assert two.first.ran + two.second.ran == 1


async def test_a_token_of_another_installation_is_refused(two: Two, lines: dict[str, Line]) -> None:
    stranger = Process(lines, two.first.installation, b"s" * 32)
    token = await stranger.voice()

    await two.second.stream(token)
    await stranger.switchboard.close()

    assert two.second.ran == 0


async def test_without_the_database_calls_go_on_in_the_process_that_has_them(
    two: Two, lines: dict[str, Line], caplog: pytest.LogCaptureFixture
) -> None:
    down = Database("postgresql://nobody@127.0.0.1:1/not_there")
    key = await two.first.installation.signing_key(b"x" * 32)
    alone = Process(lines, Installation(down), key)
    alone.ending = Transfer("+15550100911")
    token = await alone.voice()

    with caplog.at_level(logging.WARNING):
        await alone.stream(token)
        await alone.stream(token)

    assert alone.ran == 1
    assert "+15550100911" in await alone.after()
    assert "Sorry" in await alone.after("CA2")
    said = {record.message for record in caplog.records}
    assert {"token checked in this process only", "ending kept in this process only"} <= said
    assert CALLER not in caplog.text
    await down.close()


async def test_a_caller_who_is_gone_gets_no_words(two: Two) -> None:
    form = {"CallSid": "CA1", "To": NUMBER, "CallStatus": "completed"}

    answer = render(*await two.second.switchboard.after(form))

    assert "<Hangup" in answer
    assert "Sorry" not in answer


async def test_a_database_that_hangs_costs_a_second_and_not_the_call(two: Two) -> None:
    two.first.patience_s = 0.5
    token = await two.first.voice()
    async with (
        watched() as stillness,
        two.second.installation._database.engine.begin() as connection,
    ):
        await connection.execute(text("LOCK dialplan.used_tokens, dialplan.endings"))
        began = time.monotonic()
        await two.first.stream(token)
        answer = await two.first.after()
        ended = time.monotonic()

    assert "<Hangup" in answer
    assert two.first.ran == 1
    assert 2 < ended - began
    assert ended - began - stillness.seconds(began, ended) < 4, (
        "one second for the token and one for the ending"
    )


async def test_what_is_old_is_forgotten(two: Two, database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO dialplan.endings (call_sid, reason, at)"
                " VALUES ('CAold', 'x', now() - interval '2 days')"
            )
        )
        await connection.execute(
            text(
                "INSERT INTO dialplan.used_tokens (nonce, at)"
                " VALUES ('old', now() - interval '2 hours')"
            )
        )
    await two.first.stream(await two.first.voice())

    async with database.engine.connect() as connection:
        sids = (await connection.execute(text("SELECT call_sid FROM dialplan.endings"))).scalars()
        assert list(sids) == ["CA1"]
        left = await connection.scalar(text("SELECT count(*) FROM dialplan.used_tokens"))
    assert left == 1
