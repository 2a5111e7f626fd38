"""Several workers behind one port: calls spread over them, and each finds its way back."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import subprocess
import sys
import time
from base64 import b64encode
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import orjson
import psutil  # type: ignore[import-untyped]  # it ships no types
from websockets.asyncio.client import connect

from dialplan.protocols.twilio.signature import sign

NUMBER, CALLER, ACCOUNT, TOKEN = "+15550100077", "+15550107788", "AC" + "1" * 32, "12345"


async def invited(server: Any) -> tuple[str, str, str]:
    """Announce a call over a connection of its own; return its SID, stream URL and token."""
    sid, url = "CA" + secrets.token_hex(16), f"{server.origin}/twilio/voice"
    params = {"CallSid": sid, "AccountSid": ACCOUNT, "From": CALLER, "To": NUMBER}
    async with httpx.AsyncClient(timeout=30) as client:
        answer = await client.post(
            url,
            content=urlencode(params),
            headers={
                "content-type": "application/x-www-form-urlencoded",
                "x-twilio-signature": sign(TOKEN, url, list(params.items())),
            },
        )
    found = re.search(r'<Stream url="([^"]+)".*name="token" value="([^"]+)"', answer.text)
    return (sid, found[1], found[2]) if found else (sid, "", "")


async def of_each_worker(server: Any) -> list[tuple[str, str, str]]:
    """Announce calls, one after the other, until both workers have one; there is room for 14."""
    answers: list[tuple[str, str, str]] = []
    while len({url.rpartition("/")[2][:1] for _, url, _ in answers}) < 2:
        assert len(answers) < 14, "all calls were announced to one worker: nothing is shown"
        answers.append(await invited(server))
    return answers


def start_of(sid: str, token: str) -> list[bytes]:
    about = {
        "accountSid": ACCOUNT,
        "streamSid": "MZ" + sid[2:],
        "callSid": sid,
        "tracks": ["inbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": {"token": token},
    }
    start = {"event": "start", "sequenceNumber": "1", "streamSid": "MZ" + sid[2:], "start": about}
    return [b'{"event":"connected","protocol":"Call","version":"1.0.0"}', orjson.dumps(start)]


def upgrade(url: str) -> bytes:
    """Return the request that opens a media socket, signed as Twilio signs it."""
    host, path = re.fullmatch(r"ws://([^/]+)(/.*)", url).groups()  # type: ignore[union-attr]
    return (
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {b64encode(secrets.token_bytes(16)).decode()}\r\n"
        f"Sec-WebSocket-Version: 13\r\nX-Twilio-Signature: {sign(TOKEN, url, [])}\r\n\r\n"
    ).encode()


async def opened(sid: str, url: str, token: str) -> Any:
    """Open the stream of a call that was announced."""
    headers = {"X-Twilio-Signature": sign(TOKEN, url, [])}
    socket = await connect(url, additional_headers=headers, compression=None, open_timeout=60)
    for frame in start_of(sid, token):
        await socket.send(frame, text=True)
    return socket


async def hear(socket: Any) -> None:
    """Say of all that arrives that it was played, until the socket closes."""
    async for frame in socket:
        if orjson.loads(frame)["event"] == "mark":
            await socket.send(frame, text=True)


async def test_calls_spread_over_the_workers_and_all_of_them_are_talked(open_server: Any) -> None:
    async with open_server() as server:
        records = await asyncio.gather(*(server.ring("Hello?", "Thanks.") for _ in range(20)))

        # A worker that waits for its turn has yet to note what its callers know.
        deadline = time.monotonic() + 30
        while True:
            began = await server.counts("dialplan_calls_began_total")
            ended = await server.counts("dialplan_calls_ended_total")
            if sum(ended.values()) == 20 or time.monotonic() > deadline:
                break
            await asyncio.sleep(0.2)
        passed = await server.counts("dialplan_streams_passed_total")
        up = await server.counts("dialplan_worker_up")
        scraped = [(await server.fresh("/metrics")).text for _ in range(6)]

        # An upgrade that comes in pieces, a byte at first: none of them is lost on the way.
        for _ in range(6):
            sid, url, _token = await invited(server)
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            for piece in (upgrade(url)[:1], upgrade(url)[1:25], upgrade(url)[25:60]):
                writer.write(piece)
                await asyncio.sleep(0.02)
            writer.write(upgrade(url)[60:])
            async with asyncio.timeout(30):
                assert (await reader.readline()).startswith(b"HTTP/1.1 "), sid
            writer.close()

    assert [one.notifications for one in records] == [[]] * 20
    assert sum(began.values()) == sum(ended.values()) == 20
    assert all(began.get(worker) for worker in "01"), began
    assert up == {"0": 1, "1": 1}
    assert sum(passed.values()) > 0, "no stream reached another worker than its webhook"
    # Had a stream been carried where it was not expected, the model had been dialled once more.
    assert server.model.connections <= 20 + 6
    # Whichever worker is hit answers for both, each sample once.
    for text in scraped:
        samples = [line.split(" ")[0] for line in text.splitlines() if not line.startswith("#")]
        assert len(samples) == len(set(samples))
        assert 'dialplan_calls_running{worker="0"}' in samples
        assert 'dialplan_calls_running{worker="1"}' in samples


async def test_the_limit_of_calls_and_the_list_of_them_are_those_of_all_workers(
    open_server: Any,
) -> None:
    async with open_server(most=16) as server:
        # Each goes to either worker by chance, and all to one where the other has not its turn.
        answers = await of_each_worker(server)
        # A few at once: a database that has too many to count for a second is done without.
        for _ in range(5):
            answers += await asyncio.gather(*(invited(server) for _ in range(6)))
        granted = [one for one in answers if one[1]]
        # At once: a stream must have come half a minute after its call.
        sockets = await asyncio.gather(*(opened(*one) for one in granted))
        listening = [asyncio.create_task(hear(socket)) for socket in sockets]
        slots = {url.rpartition("/")[2][0] for _, url, _ in granted}
        wanted = sorted(sid for sid, *_ in granted)
        deadline = time.monotonic() + 60
        while True:
            lists = [(await server.fresh("/api/running")).json()["calls"] for _ in range(8)]
            if all(sorted(c["call_sid"] for c in one) == wanted for one in lists):
                break
            assert time.monotonic() < deadline, lists
        elsewhere = [{c["process"] for c in one if c["process"]} for one in lists]
        # The page and the data of a call, from whichever worker answers, with what was heard.
        turns: list[bool] = []
        while not turns or not all(turns):
            assert time.monotonic() < deadline + 30
            calls = [(await server.fresh(f"/api/calls/{wanted[0]}")).json() for _ in range(8)]
            turns = [bool(one["turns"]) for one in calls]
            assert all(one["running"] for one in calls), calls
        pages = [await server.fresh(f"/console/calls/{wanted[0]}") for _ in range(8)]
        refused = await asyncio.gather(*(invited(server) for _ in range(6)))
        for socket in sockets:
            await socket.close()
        await asyncio.wait(listening)
        for _ in range(300):
            again = await invited(server)
            if again[1]:
                break
            await asyncio.sleep(0.1)

    assert len(granted) == 16
    assert slots == {"0", "1"}, "all calls were announced to one worker: nothing is shown"
    assert any(elsewhere)
    assert {page.status_code for page in pages} == {200}
    assert any("in another process" in page.text for page in pages)
    assert not any(url for _, url, _ in refused)
    assert again[1], "calls that are over make room"


async def test_a_killed_worker_is_started_again_and_the_other_ones_calls_go_on(
    open_server: Any,
) -> None:
    async with open_server() as server:
        answers = await of_each_worker(server)
        lost = [one for one in answers if one[1].rpartition("/")[2].startswith("0-")]
        kept = [one for one in answers if one[1].rpartition("/")[2].startswith("1-")]
        assert lost
        assert kept
        still = await opened(*kept[0])
        await still.recv()
        before = server.workers()
        before[0].kill()
        # Not its zombie: a thread of it may hold the sockets for a moment longer.
        await server.until(lambda: "worker ended" in server.log.read_text())

        # Announced to the one that is gone: the other one carries it.
        sid, url, token = lost[0]
        async with (
            asyncio.timeout(60),
            connect(
                url,
                additional_headers={"X-Twilio-Signature": sign(TOKEN, url, [])},
                compression=None,
            ) as socket,
        ):
            for frame in start_of(sid, token):
                await socket.send(frame, text=True)
            assert orjson.loads(await socket.recv())["event"] == "media"
        await server.until(lambda: "worker is back" in server.log.read_text(), 90)
        after = server.workers()
        record = await server.ring("Hello?")
        await still.send(
            orjson.dumps({"event": "mark", "streamSid": "MZ", "mark": {"name": "x"}}), text=True
        )
        running = {c["call_sid"] for c in (await server.fresh("/api/running")).json()["calls"]}
        await still.close()

    assert len(after) == 2
    assert after[1].pid == before[1].pid
    assert record.notifications == []
    assert kept[0][0] in running


async def test_nothing_stays_when_the_supervisor_is_killed(open_server: Any) -> None:
    async with open_server(embedded=True) as server:
        (folder,) = {one.cmdline()[one.cmdline().index("--folder") + 1] for one in server.workers()}
        data = server.log.parent / "data" / "postgres"
        processes = server.workers()
        assert (data / "postmaster.pid").exists()

        server.process.kill()

        await server.until(lambda: not any(one.is_running() for one in processes))
        await server.until(lambda: not (data / "postmaster.pid").exists())
        assert not re.search("Traceback", server.log.read_text())
        await server.until(lambda: not Path(folder).exists())


async def test_sigterm_ends_the_server_and_all_of_its_workers(open_server: Any) -> None:
    async with open_server(embedded=True) as server:
        processes = server.workers()
        ended = [await server.ring("Hello?")]

        server.process.terminate()
        async with asyncio.timeout(60):
            code = await server.process.wait()

        assert code == 0
        assert not any(one.is_running() for one in processes)
        assert not (server.log.parent / "data" / "postgres" / "postmaster.pid").exists()
        assert ended[0].notifications == []
        assert "Traceback" not in server.log.read_text()


def serve(folder: Path, vertical: str) -> subprocess.Popen[str]:
    (folder / "verticals" / "kiosk").mkdir(parents=True)
    (folder / "verticals" / "kiosk" / "vertical.yaml").write_text(vertical)
    (folder / "verticals" / "tenants.yaml").write_text(
        f'tenants:\n  corner:\n    lines: {{"{NUMBER}": kiosk}}\n'
    )
    return subprocess.Popen(
        [sys.executable, "-m", "dialplan", "serve", "--port", "0", "--workers", "2"],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHONPATH": str(Path(__file__).parents[3] / "platform"),
            "DIALPLAN_DATA": str(folder / "data"),
            "OPENAI_API_KEY": "sk-1",
            "TWILIO_AUTH_TOKEN": TOKEN,
            "DIALPLAN_PUBLIC_URL": "https://phone.example",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


VERTICAL = """\
dialplan: 1
name: kiosk
title: Kiosk
voice: {greeting: Hello.}
agents: {clerk: {entry: true, prompt: Be kind.}}
"""


def jobs_of(process: int) -> list[psutil.Process]:
    """Return the processes under one that do what follows calls."""
    found = []
    for one in psutil.Process(process).children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # one that ends meanwhile, or is a zombie
            found += [one] if "jobs" in one.cmdline() else []
    return found


async def test_one_process_does_what_follows_the_calls_of_all_workers(open_server: Any) -> None:
    follows = "after_call: {fields: {follow_up: boolean}}\n"
    async with open_server(more=follows, environ={"OPENAI_API_KEY": "a key"}) as server:
        await server.until(lambda: len(jobs_of(server.process.pid)) == 1)
        await asyncio.sleep(2)
        (jobs,) = jobs_of(server.process.pid)

        workers = server.workers()
        assert jobs.ppid() == workers[0].pid
        workers[0].kill()
        # It leaves with its worker, and comes back with that.
        await server.until(
            lambda: not jobs.is_running() and len(jobs_of(server.process.pid)) == 1, 60
        )
        assert jobs_of(server.process.pid)[0].ppid() == server.workers()[0].pid


def test_what_the_user_must_mend_is_said_once_for_all_workers(tmp_path: Path) -> None:
    server = serve(tmp_path, VERTICAL.replace("title:", "titel:"))

    _, error = server.communicate(timeout=110)

    assert server.returncode == 2
    assert error.count("did you mean `title`?") == 1
    assert "Traceback" not in error


def test_workers_that_do_not_stay_up_end_the_server(tmp_path: Path) -> None:
    server = serve(tmp_path, VERTICAL)
    deadline = time.monotonic() + 100
    while server.poll() is None and time.monotonic() < deadline:
        with suppress(psutil.NoSuchProcess):
            for child in psutil.Process(server.pid).children():
                child.kill()
        time.sleep(0.05)

    _, error = server.communicate(timeout=60)

    assert server.returncode == 2
    assert "workers ended more than 5 times within 60 s" in error
    assert "signal 9" in error
    assert "Traceback" not in error
