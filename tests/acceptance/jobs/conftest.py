"""Calls that are over, a text model and a service on loopback, and real `dialplan jobs` beside."""

from __future__ import annotations

import asyncio
import json
import os
import random
import secrets
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import pytest
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ProgrammingError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dialplan.config.load import load_vertical
from dialplan.store import after_calls, versions
from dialplan.store.after_calls import AfterCallRow
from dialplan.store.database import Database
from dialplan.store.facts import CallBegan, CallEnded, TurnSpoken
from dialplan.store.records import Recorder
from dialplan.web.serving import serving

ROOT = Path(__file__).parents[3]
NUMBER, CALLER = "+15550100077", "+15550107788"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
VERTICAL = """\
dialplan: 1
name: kiosk
title: Kiosk
voice: {greeting: "Hello there."}
when_unavailable: {say: "Sorry about that."}
variables: {shop: {type: string}}
secrets: [crm_token]
endpoints:
  crm: {base_url: "%(service)s", auth: {bearer: crm_token}, retries: 0, timeout: 5s}
agents: {clerk: {entry: true, prompt: Be kind.}}
after_call:
  skip_when: {shorter_than: 5s}
  fields:
    wish: {type: string, description: What the caller wants.}
    follow_up: boolean
  send:
    - http: {post: "{{ endpoints.crm }}/calls"}
    - when: "{{ fields.follow_up }}"
      http:
        post: "{{ endpoints.crm }}/tasks"
        json: {shop: "{{ shop }}", wish: "{{ fields.wish }}", sid: "{{ call.sid }}"}
"""


@dataclass
class TextModel:
    """Answers as the Responses API does; slow, and away when told so."""

    slow_s: float = 0.0
    away: bool = False
    asked: int = 0
    answer: dict[str, Any] = field(default_factory=lambda: {"wish": "a kite", "follow_up": True})

    async def respond(self, request: Request) -> Response:
        given = json.loads(await request.body())
        self.asked += 1
        if self.away:
            return JSONResponse({"error": {"message": "busy"}}, 503)
        await asyncio.sleep(self.slow_s * random.uniform(0.5, 1.5))
        part = {"type": "output_text", "text": json.dumps(self.answer), "annotations": []}
        message = {
            "id": f"msg_{secrets.token_hex(8)}",
            "type": "message",
            "status": "completed",
            "role": "assistant",
            "content": [part],
        }
        return JSONResponse(
            {
                "id": f"resp_{secrets.token_hex(8)}",
                "object": "response",
                "created_at": int(time.time()),
                "status": "completed",
                "model": given["model"],
                "output": [message],
                "parallel_tool_calls": True,
                "tool_choice": "auto",
                "tools": [],
            }
        )


@dataclass
class Service:
    """A customer's own service: notes what it was sent, and answers as it is told."""

    slow_s: float = 0.0
    status: int = 200
    got: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    refused: int = 0

    async def take(self, request: Request) -> Response:
        body = json.loads(await request.body())
        await asyncio.sleep(self.slow_s * random.uniform(0.5, 1.5))
        if request.headers.get("authorization") != "Bearer open sesame":
            return JSONResponse({}, 401)
        if self.status != 200:
            self.refused += 1
            return JSONResponse({}, self.status)
        self.got.append((request.headers["idempotency-key"], request.url.path, body))
        return JSONResponse({"id": 1})

    @property
    def keys(self) -> set[str]:
        return {key for key, _, _ in self.got}


@dataclass
class Desk:
    """The whole scene."""

    url: str
    folder: Path
    database: Database
    model: TextModel
    service: Service
    environ: dict[str, str]
    stack: AsyncExitStack

    async def over(self, *call_sids: str, seconds: int = 60, says: str = "A kite.") -> None:
        """Let calls end, as the server notes it."""
        recorder = Recorder(lambda: Database(self.url))
        (version,) = await self._versions()
        for sid in call_sids:
            recorder.put(CallBegan(sid, 1, NOW, "corner", "kiosk", version, CALLER, NUMBER))
            recorder.put(TurnSpoken(sid, 2, NOW, "caller", "", says))
            recorder.put(CallEnded(sid, 3, NOW, "caller", seconds * 1000, {}))
        await recorder.close()
        assert recorder.dropped == 0

    async def work(self, **environ: str) -> asyncio.subprocess.Process:
        """Start a real worker."""
        log = self.stack.enter_context((self.folder / "jobs.log").open("a"))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "dialplan", "jobs", "--log", "json"),
            env={**self.environ, **environ},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=log,
        )
        self.stack.push_async_callback(_end, process)
        return process

    def log(self) -> str:
        return (self.folder / "jobs.log").read_text()

    async def rows(self) -> dict[str, AfterCallRow]:
        async with self.database.engine.connect() as connection:
            sids = (
                (await connection.exec_driver_sql("SELECT call_sid FROM dialplan.after_calls"))
                .scalars()
                .all()
            )
            found = [await after_calls.row_of(connection, sid) for sid in sids]
        return {row.call_sid: row for row in found if row is not None}

    async def until(
        self, true: Callable[[dict[str, AfterCallRow]], bool], limit_s: float = 60.0
    ) -> dict[str, AfterCallRow]:
        """Wait until the rows are so; return them."""
        deadline = time.monotonic() + limit_s
        while not true(rows := await self.rows()):
            assert time.monotonic() < deadline, f"not within {limit_s} s: {rows}\n{self.log()}"
            await asyncio.sleep(0.1)
        return rows

    async def pauses(self, count: int, limit_s: float = 60.0) -> None:
        """Wait until so many jobs are to begin later."""
        query = "SELECT count(*) FROM dialplan_jobs.workflow_status WHERE status = 'DELAYED'"
        async with asyncio.timeout(limit_s):
            while True:
                with suppress(ProgrammingError):  # the first worker is making the tables
                    async with self.database.engine.connect() as connection:
                        if (await connection.exec_driver_sql(query)).scalar_one() == count:
                            return
                await asyncio.sleep(0.1)

    async def _versions(self) -> list[str]:
        loaded = load_vertical(self.folder / "kiosk")
        async with self.database.engine.begin() as connection:
            await versions.keep(connection, "kiosk", loaded.version, loaded.files)
        return [loaded.version]


@pytest.fixture
async def desk(postgres_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    """A database of its own for each test: jobs of others must not be done here."""
    name = f"jobs_{secrets.token_hex(4)}"
    parts = make_url(postgres_url)
    server = await asyncpg.connect(
        host=parts.query["host"], port=int(str(parts.query["port"])), user="postgres"
    )
    await server.execute(f'CREATE DATABASE "{name}"')
    await server.close()
    url = parts.set(database=name).render_as_string(hide_password=False)
    model, service = TextModel(), Service()
    async with AsyncExitStack() as stack:
        model_url = await stack.enter_async_context(
            serving(Starlette(routes=[Route("/v1/responses", model.respond, methods=["POST"])]))
        )
        service_url = await stack.enter_async_context(
            serving(Starlette(routes=[Route("/{rest:path}", service.take, methods=["POST"])]))
        )
        (tmp_path / "kiosk").mkdir()
        (tmp_path / "kiosk" / "vertical.yaml").write_text(VERTICAL % {"service": service_url})
        (tmp_path / "tenants.yaml").write_text(
            "tenants:\n  corner:\n    variables: {shop: Corner Kites}\n"
            f'    lines: {{"{NUMBER}": kiosk}}\n    secrets: {{crm_token: "env:CRM_TOKEN"}}\n'
        )
        database = Database(url)
        await database.prepare()
        stack.push_async_callback(database.close)
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "PYTHONPATH": str(ROOT / "platform"),
            "DIALPLAN_VERTICALS": str(tmp_path),
            "DIALPLAN_DATA": str(tmp_path / "data"),
            "DIALPLAN_DATABASE_URL": url,
            "DIALPLAN_PRIVATE_HOSTS": service_url.removeprefix("http://"),
            "OPENAI_API_KEY": "a key",
            "OPENAI_BASE_URL": f"{model_url}/v1",
            "CRM_TOKEN": "open sesame",
        }
        workers = await stack.enter_async_context(AsyncExitStack())
        yield Desk(url, tmp_path, database, model, service, environ, workers)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(60):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        raise
