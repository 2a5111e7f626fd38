"""The supervisor of `dialplan serve --workers`: starts workers, restarts what crashes, ends all.

It answers no call, opens no database and reads no vertical: what can fail fails in a worker. Each
worker's standard input is a pipe from here; its end is the sign to leave, so that nothing stays
when this process is killed.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dialplan.cli.reporting import WorkerFailed, WorkerReady, load
from dialplan.errors import ConfigError, WorkersError
from dialplan.runtime.processes import ended, gone
from dialplan.runtime.slots import Slot

log = logging.getLogger(__name__)

# Cold imports on a busy machine, and a database that is made first.
READY_S = 120.0
# A worker's own clean-up has limits that add up to less.
STOP_S = 30.0
BACKOFF_S = (0.0, 0.5, 1.0, 2.0, 4.0)
MOST_RESTARTS = 5
WINDOW_S = 60.0
MOST_LINE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run.

    Attributes:
        arguments: given to each worker, behind its own.
        environ: the workers' environment.
        ready: is told once, when all workers answer: the numbers, and the port.
    """

    host: str
    port: int
    workers: int
    arguments: Sequence[str]
    environ: dict[str, str]
    ready: Callable[[Sequence[str], int], None]


def reserve(host: str, port: int) -> socket.socket:
    """Return a socket that keeps a port for the workers and takes no connection itself.

    Raises:
        ConfigError: somebody has the port.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    kept = socket.socket(family, socket.SOCK_STREAM)
    try:
        # First as if alone: beside a server that shares its port we would take turns unnoticed.
        with socket.create_server((host, port), family=family):
            pass
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        kept.bind((host, port))
    except OSError as exc:
        kept.close()
        raise ConfigError(
            f"cannot listen on {host}:{port}: {exc.strerror}; choose another with `--port`"
        ) from exc
    return kept


class Restarts:
    """Counts restarts, so that workers that cannot live are not started for ever."""

    def __init__(self, *, most: int = MOST_RESTARTS, window_s: float = WINDOW_S) -> None:
        self._most = most
        self._window_s = window_s
        self._at: deque[float] = deque()

    def next_pause(self, now: float) -> float | None:
        """Return how long to wait before the next start, in seconds; None when it was too often."""
        while self._at and now - self._at[0] > self._window_s:
            self._at.popleft()
        if len(self._at) >= self._most:
            return None
        self._at.append(now)
        return BACKOFF_S[min(len(self._at), len(BACKOFF_S)) - 1]


async def supervise(plan: Plan) -> None:
    """Run the workers until cancelled.

    Raises:
        ConfigError: the port is taken, or a worker says what must be mended.
        WorkersError: workers end as often as they are started.
    """
    with reserve(plan.host, plan.port) as kept:
        port = kept.getsockname()[1]
        folder = Path(tempfile.mkdtemp(prefix="dialplan-"))
        try:
            await _Workers(plan, port, folder).run()
        finally:
            shutil.rmtree(folder, ignore_errors=True)


class _Workers:
    def __init__(self, plan: Plan, port: int, folder: Path) -> None:
        self._plan = plan
        self._port = port
        self._slots = [
            Slot(folder, group, index, plan.workers)
            for group in [secrets.token_hex(4)]
            for index in range(plan.workers)
        ]
        self._restarts = Restarts()
        self._lines: Sequence[str] = ()
        self._waiting = plan.workers

    async def run(self) -> None:
        """Keep every slot filled."""
        async with asyncio.TaskGroup() as tasks:
            for slot in self._slots:
                tasks.create_task(self._keep(slot), name=f"worker {slot.index}")

    async def _keep(self, slot: Slot) -> None:
        while True:
            how = await self._live(slot)
            pause_s = self._restarts.next_pause(time.monotonic())
            if pause_s is None:
                raise WorkersError(
                    f"workers ended more than {MOST_RESTARTS} times within {WINDOW_S:g} s (the "
                    f"last one, worker {slot.index}: {how}): the log above says why"
                )
            log.error(
                "worker ended",
                extra={"worker": slot.index, "how": how, "restart_in_s": pause_s},
            )
            await asyncio.sleep(pause_s)

    async def _live(self, slot: Slot) -> str:
        """Run a worker to its end; return how it ended."""
        process = await self._start(slot)
        try:
            await self._answers(slot, process)
            return ended(await process.wait())
        finally:
            await _stop(process)

    async def _start(self, slot: Slot) -> asyncio.subprocess.Process:
        place = ["--slot", str(slot.index), "--count", str(slot.count), "--group", slot.group]
        where = ["--folder", str(slot.folder), "--host", self._plan.host, "--port", str(self._port)]
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "dialplan", "worker", *place, *where, *self._plan.arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=MOST_LINE,
            env=self._plan.environ,
            # Ctrl-C is for us: we pass it on.
            start_new_session=True,
        )

    async def _answers(self, slot: Slot, process: asyncio.subprocess.Process) -> None:
        """Wait until a worker is ready, or has ended."""
        assert process.stdout is not None  # noqa: S101  it was asked for
        try:
            async with asyncio.timeout(READY_S):
                line = await process.stdout.readline()
        except TimeoutError:
            log.error("worker is not ready", extra={"worker": slot.index, "limit_s": READY_S})
            process.kill()
            return
        if not line:
            return
        match load(line):
            case WorkerFailed(reason) if self._waiting:
                raise ConfigError(reason)
            case WorkerFailed(reason):
                # It was up before: the files, or the database, may be right again in a moment.
                log.error("worker cannot start", extra={"worker": slot.index, "reason": reason})
            case WorkerReady(lines) if self._waiting:
                self._lines = lines
                self._waiting -= 1
                if not self._waiting:
                    self._plan.ready(self._lines, self._port)
            case WorkerReady():
                log.info("worker is back", extra={"worker": slot.index})


async def _stop(process: asyncio.subprocess.Process) -> None:
    """Ask a worker to leave, and wait for it; end it when it does not."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    if not await gone(process, STOP_S):
        log.error("worker did not stop", extra={"pid": process.pid, "limit_s": STOP_S})


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))
