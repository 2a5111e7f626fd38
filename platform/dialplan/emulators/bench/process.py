"""A process under test, alone on its core: started, waited for, and never left behind."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from dialplan.errors import RehearsalError

READY_S = 60.0
STOP_S = 20.0
_POLL_S = 0.1
_TAIL = 12


@asynccontextmanager
async def pinned(
    arguments: Sequence[str],
    *,
    environ: Mapping[str, str],
    core: int,
    log: Path,
    ready: Callable[[], Awaitable[bool]],
) -> AsyncIterator[int]:
    """Run Python with these arguments on one core until the block ends; yields the process id.

    Raises:
        RehearsalError: it ended, or was not ready in time; the message has the end of its log.
    """
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=dict(environ),
            start_new_session=True,
        )
    try:
        # Threads that it starts later inherit this.
        os.sched_setaffinity(process.pid, {core})
        try:
            async with asyncio.timeout(READY_S):
                while not await ready():
                    if process.returncode is not None:
                        raise RehearsalError(
                            f"the server under test ended with {process.returncode}: {_end(log)}"
                        )
                    await asyncio.sleep(_POLL_S)
        except TimeoutError as exc:
            raise RehearsalError(
                f"the server under test was not ready within {READY_S:g} s: {_end(log)}"
            ) from exc
        yield process.pid
    finally:
        await _stop(process)


async def _stop(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _end(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(lines[-_TAIL:])
