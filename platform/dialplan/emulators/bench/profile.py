"""A flame graph of the server under load, by py-spy: it looks at the process from outside."""

from __future__ import annotations

import asyncio
import shutil
import sysconfig
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from dialplan.emulators.bench.machine import go_ahead
from dialplan.errors import ConfigError, RehearsalError

RATE_HZ = 200
END_S = 30.0


def find_py_spy() -> str:
    """Return the path of py-spy.

    Raises:
        ConfigError: it is not installed.
    """
    found = shutil.which("py-spy", path=sysconfig.get_path("scripts")) or shutil.which("py-spy")
    if found is None:
        raise ConfigError("`--profile` needs py-spy: install `dialplan[bench]`")
    return found


def profile(file: Path, seconds: float, *, ahead: bool = False) -> _Profile:
    """Return what `measure` takes: a flame graph of `seconds` of a process, written to `file`.

    With `ahead` the one who looks goes before other processes, as those do whom it looks at.
    """
    return _Profile(find_py_spy(), file, seconds, ahead=ahead)


class _Profile:
    def __init__(self, program: str, file: Path, seconds: float, *, ahead: bool) -> None:
        self._ahead = ahead
        self._program = program
        self._file = file
        self._seconds = seconds

    @asynccontextmanager
    async def __call__(self, pid: int) -> AsyncIterator[None]:
        """Look at the process while the block lasts.

        Raises:
            RehearsalError: py-spy could not look; the message has its words.
        """
        process = await asyncio.create_subprocess_exec(
            *(self._program, "record", "--pid", str(pid), "--rate", str(RATE_HZ)),
            *("--duration", str(max(1, int(self._seconds))), "--format", "flamegraph"),
            # Frames are read while the process runs on: to stop it would be latency. What waits
            # for the network has let go of the interpreter's lock, and is no work.
            *("--nonblocking", "--gil", "--output", str(self._file)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            if self._ahead:
                go_ahead(process.pid, children=True)
            yield
            async with asyncio.timeout(END_S):
                _, words = await process.communicate()
        except BaseException:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            raise
        if process.returncode != 0:
            said = words.decode(errors="replace").strip()
            raise RehearsalError(
                f"py-spy could not look at the server: {said}; it needs the right to trace "
                "processes (root, or `kernel.yama.ptrace_scope = 0`)"
            )
