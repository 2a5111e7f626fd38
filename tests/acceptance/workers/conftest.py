"""`dialplan serve --workers 2` as its user runs it, on a real Postgres, with emulated peers."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]  # it ships no types
import pytest
from tests.ports import free_port

from dialplan.emulators.openai.mind import Say
from dialplan.emulators.openai.scripted import ScriptedMind
from dialplan.emulators.openai.server import RealtimeServer
from dialplan.emulators.stage import written
from dialplan.emulators.twilio.caller import Line, ScriptedCaller
from dialplan.emulators.twilio.carrier import Carrier
from dialplan.emulators.twilio.record import CallRecord, NumberConfig

ROOT = Path(__file__).parents[3]
NUMBER, ACCOUNT, TOKEN, KEY = "+15550100077", "AC" + "1" * 32, "12345", "k" * 24
VERTICAL = """\
dialplan: 1
name: kiosk
title: Kiosk
voice: {greeting: "Hello there."}
limits: {concurrent_calls: %(most)d}
when_unavailable: {say: "Sorry about that."}
agents: {clerk: {entry: true, prompt: Be kind.}}
"""


@dataclass
class Server:
    """A running server of several workers, and the peers of it."""

    process: asyncio.subprocess.Process
    port: int
    carrier: Carrier
    model: RealtimeServer
    log: Path
    client: httpx.AsyncClient
    said: list[str] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def workers(self) -> list[psutil.Process]:
        """Return the workers that run, by their number."""
        found = {}
        for one in psutil.Process(self.process.pid).children():
            with suppress(psutil.NoSuchProcess):  # one that ends meanwhile, or is a zombie
                words = one.cmdline()
                if "worker" in words:
                    found[words[words.index("--slot") + 1]] = one
        return [found[slot] for slot in sorted(found)]

    async def ring(self, *said: str | Line, limit_s: float = 60) -> CallRecord:
        lines = [Line(one) if isinstance(one, str) else one for one in said]
        caller = ScriptedCaller(lines, written().caller, patience_ms=600)
        await caller.prepare()
        return await self.carrier.place(
            to=NUMBER, from_="+15550107788", caller=caller, limit_s=limit_s
        )

    async def fresh(self, path: str) -> httpx.Response:
        """Ask over a connection of its own, so that any worker may get it."""
        async with httpx.AsyncClient(timeout=30) as client:
            return await client.get(self.origin + path, headers={"Authorization": f"Bearer {KEY}"})

    async def counts(self, metric: str) -> dict[str, float]:
        """Return a metric's values by worker, added up over its other labels."""
        found: dict[str, float] = {}
        for line in (await self.fresh("/metrics")).text.splitlines():
            match = re.fullmatch(rf'{metric}{{(?:.*,)?worker="(\d+)"}} (\S+)', line)
            if match:
                found[match[1]] = found.get(match[1], 0) + float(match[2])
        return found

    async def until(self, true: Callable[[], bool], limit_s: float = 60.0) -> None:
        async with asyncio.timeout(limit_s):
            while not true():  # noqa: ASYNC110  another process is watched
                await asyncio.sleep(0.05)


OpenServer = Callable[..., AbstractAsyncContextManager[Server]]


@pytest.fixture
def open_server(postgres_url: str, tmp_path: Path) -> OpenServer:
    @asynccontextmanager
    async def opening(
        *,
        workers: int = 2,
        most: int = 40,
        more: str = "",
        model_url: str | None = None,
        embedded: bool = False,
        arguments: Sequence[str] = (),
        environ: dict[str, str] | None = None,
    ) -> AsyncIterator[Server]:
        folder = tmp_path / "verticals"
        (folder / "kiosk").mkdir(parents=True, exist_ok=True)
        (folder / "kiosk" / "vertical.yaml").write_text(VERTICAL % {"most": most} + more)
        (folder / "tenants.yaml").write_text(
            f'tenants:\n  corner:\n    lines: {{"{NUMBER}": kiosk}}\n'
        )
        port = free_port()
        origin = f"http://127.0.0.1:{port}"
        sound = written()
        async with AsyncExitStack() as stack:
            model = await stack.enter_async_context(
                RealtimeServer(
                    mind=ScriptedMind([[Say("Certainly.")]] * 50),
                    ear=sound.ear,
                    voice=sound.agent,
                    detector=sound.detector,
                    speed=8.0,
                )
            )
            number = NumberConfig(
                f"{origin}/twilio/voice", status_callback=f"{origin}/twilio/status"
            )
            carrier = await stack.enter_async_context(
                Carrier(
                    account_sid=ACCOUNT,
                    auth_token=TOKEN,
                    voice=sound.agent,
                    numbers={NUMBER: number},
                )
            )
            log = tmp_path / "server.log"
            stderr = stack.enter_context(log.open("w"))
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "dialplan", "serve", "--port", str(port), "--workers", str(workers)),
                *arguments,
                cwd=tmp_path,
                env={
                    "PATH": os.environ["PATH"],
                    "HOME": str(tmp_path),
                    "PYTHONPATH": str(ROOT / "platform"),
                    "DIALPLAN_VERTICALS": str(folder),
                    "DIALPLAN_DATA": str(tmp_path / "data"),
                    "DIALPLAN_PUBLIC_URL": origin,
                    "DIALPLAN_REALTIME_URL": model_url or model.url,
                    "DIALPLAN_TWILIO_API_URL": carrier.rest_url,
                    "DIALPLAN_CONSOLE_KEY": KEY,
                    "TWILIO_ACCOUNT_SID": ACCOUNT,
                    "TWILIO_AUTH_TOKEN": TOKEN,
                    **({} if embedded else {"DIALPLAN_DATABASE_URL": postgres_url}),
                    **(environ or {}),
                },
                stdout=asyncio.subprocess.PIPE,
                stderr=stderr,
            )
            stack.push_async_callback(_end, process)
            client = await stack.enter_async_context(httpx.AsyncClient(timeout=30))
            server = Server(process, port, carrier, model, log, client)
            assert process.stdout is not None
            async with asyncio.timeout(90):
                while "console:" not in "".join(server.said):
                    line = (await process.stdout.readline()).decode()
                    assert line, f"it ended: {log.read_text()}"
                    server.said.append(line)
            yield server

    return opening


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(60):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        raise
