"""The process that does what follows calls, as a server keeps it: nobody starts it by hand."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]  # it ships no types

from .conftest import NUMBER, Desk

KEY = "k" * 24


@dataclass
class Server:
    """A rehearsal, run as a user runs it, over an embedded Postgres of its own."""

    process: asyncio.subprocess.Process
    origin: str
    log: Path

    def jobs(self) -> list[psutil.Process]:
        """Return the processes that do what follows calls, of all that it started."""
        with suppress(psutil.NoSuchProcess):
            return [
                one
                for one in psutil.Process(self.process.pid).children(recursive=True)
                if "jobs" in one.cmdline()
            ]
        return []

    async def call(self, sid: str) -> dict[str, object]:
        headers = {"Authorization": f"Bearer {KEY}"}
        async with httpx.AsyncClient(timeout=30) as client:
            found = await client.get(f"{self.origin}/api/calls/{sid}", headers=headers)
            page = await client.get(f"{self.origin}/console/calls/{sid}", headers=headers)
        assert found.status_code == 200, found.text
        answer: dict[str, object] = found.json()
        return answer | {"page": page.text}


async def until(true: Callable[[], bool], limit_s: float = 100.0) -> None:
    async with asyncio.timeout(limit_s):
        while not true():  # noqa: ASYNC110  other processes are watched
            await asyncio.sleep(0.1)


@asynccontextmanager
async def rehearsing(desk: Desk, **environ: str) -> AsyncIterator[Server]:
    log = desk.folder / "serve.log"
    given = {name: value for name, value in desk.environ.items() if "DATABASE_URL" not in name}
    with log.open("w") as written:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "dialplan", "serve", "--rehearse", "--written", "--port", "0"),
            env={**given, "DIALPLAN_CONSOLE_KEY": KEY, **environ},
            stdout=written,
            stderr=written,
        )
        try:
            await until(lambda: "ring it from" in log.read_text(), 90)
            found = re.search(r"on (http://127\.0\.0\.1:\d+)", log.read_text())
            assert found is not None
            yield Server(process, found[1], log)
        finally:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(60):
                await process.wait()
            # One that was killed leaves its database running.
            with suppress(FileNotFoundError, ProcessLookupError):
                pid = (desk.folder / "data" / "postgres" / "postmaster.pid").read_text().split()[0]
                os.kill(int(pid), signal.SIGINT)


async def dial(desk: Desk, *says: str) -> str:
    """Ring from another terminal; return what it prints."""
    given = {name: value for name, value in desk.environ.items() if "DATABASE_URL" not in name}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dialplan", "call", NUMBER, "--written"),
        *(word for one in says for word in ("--say", one)),
        env=given,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(90):
        out, _ = await process.communicate()
    return out.decode()


async def test_a_call_is_read_and_sent_within_seconds_of_its_end(desk: Desk) -> None:
    vertical = desk.folder / "kiosk" / "vertical.yaml"
    # The rehearsal's model reads it: by rules, no more.
    vertical.write_text(
        vertical.read_text()
        .replace("shorter_than: 5s", "shorter_than: 0s")
        .replace('when: "{{ fields.follow_up }}"', 'when: "{{ call.duration_s >= 0 }}"')
    )
    async with rehearsing(desk) as server:
        printed = await dial(desk, "I would like a kite, please.", "Goodbye.")

        sid = re.search(r"calls/(CA[0-9a-f]{32})\.wav", printed)
        assert sid is not None, printed
        assert "wish" in printed
        assert "POST 127.0.0.1  sent" in printed
        assert desk.service.keys == {f"{sid[1]}:send:1", f"{sid[1]}:send:2"}
        call = await server.call(sid[1])
        after = call["after"]
        assert isinstance(after, dict)
        assert after["status"] == "done"
        assert set(after["fields"]) == {"wish", "follow_up"}
        assert [(one["number"], one["status"]) for one in after["sends"]] == [
            (1, "sent"),
            (2, "sent"),
        ]
        page = call["page"]
        assert isinstance(page, str)
        assert "What followed" in page
        assert "Read by the rehearsal model." in page
        assert "POST 127.0.0.1" in page
        (jobs,) = server.jobs()
        assert jobs.nice() == 10
    assert not jobs.is_running()


async def test_it_comes_with_a_saved_change_is_started_again_and_leaves_with_a_killed_server(
    desk: Desk,
) -> None:
    vertical = desk.folder / "kiosk" / "vertical.yaml"
    whole = vertical.read_text()
    vertical.write_text(whole.partition("after_call:")[0])
    async with rehearsing(desk) as server:
        await asyncio.sleep(3)
        assert server.jobs() == []

        vertical.write_text(whole)
        await until(lambda: len(server.jobs()) == 1)
        (first,) = server.jobs()
        first.kill()
        await until(lambda: server.jobs() not in ([], [first]))
        (second,) = server.jobs()
        os.kill(server.process.pid, signal.SIGKILL)
        await until(lambda: not second.is_running() or second.status() == psutil.STATUS_ZOMBIE)
        told = [json.loads(line) for line in server.log.read_text().splitlines() if line[:1] == "{"]

    (ended,) = [one for one in told if one["message"] == "jobs process ended"]
    assert (ended["how"], ended["restart_in_s"]) == ("signal 9", 1.0)


async def test_a_server_that_is_told_so_leaves_it_to_others(desk: Desk) -> None:
    async with rehearsing(desk, DIALPLAN_JOBS="off") as server:
        await asyncio.sleep(3)
        assert server.jobs() == []
