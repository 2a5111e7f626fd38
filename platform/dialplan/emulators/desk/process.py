"""The peers' process, seen from its parent: started, told facts, waited for, and never left."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from dialplan.emulators.desk.handshake import Ready, Setting, load
from dialplan.emulators.desk.wire import encode
from dialplan.errors import ProtocolError, RehearsalError
from dialplan.settings import Settings
from dialplan.store.facts import Fact

# Cold imports and models on a busy machine of two cores take some 15 s.
SET_S = 90.0
READY_S = 90.0
STOP_S = 12.0
# Facts that the peers do not read are dropped beyond this: a stuck stage must not fill our memory.
MOST_UNREAD = 4 * 1024 * 1024
MOST_LINE = 1024 * 1024


class PeersProcess:
    """A running peers' process. `setting` says where everything is."""

    def __init__(self, process: asyncio.subprocess.Process, setting: Setting) -> None:
        self.setting = setting
        self._process = process

    def tell(self, fact: Fact) -> None:
        """Pass a fact on to whoever watches its call; does not block."""
        pipe = self._process.stdin
        if pipe is None or pipe.is_closing() or self._process.returncode is not None:
            return
        if pipe.transport.get_write_buffer_size() < MOST_UNREAD:
            pipe.write(encode(fact).encode() + b"\n")

    async def ready(self) -> None:
        """Wait until calls may come.

        Raises:
            RehearsalError: the process ended, or was not ready in time.
        """
        if not isinstance(await _next(self._process, READY_S), Ready):
            raise ProtocolError("expected the peers' process to be ready")

    async def gone(self) -> RehearsalError:
        """Wait for the end of the process; return it as the error that it is."""
        return _ended(await self._process.wait())


@asynccontextmanager
async def peers_process(
    settings: Settings, *, origin: str, silent: bool
) -> AsyncIterator[PeersProcess]:
    """Start the emulated peers of a server at `origin` in a process of their own.

    Raises:
        ConfigError: the stage cannot be set; the message says why.
        RehearsalError: the process ended, or did not answer in time.
    """
    arguments = ["--origin", origin, *(["--written"] if silent else [])]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "dialplan", "peers", *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=MOST_LINE,
        env=_environ(settings),
        # Ctrl-C is for us: we end the calls first, then the peers.
        start_new_session=True,
    )
    try:
        setting = await _next(process, SET_S)
        if not isinstance(setting, Setting):
            raise ProtocolError("expected the peers' process to say where it is")
        yield PeersProcess(process, setting)
    finally:
        await _stop(process)


async def _next(process: asyncio.subprocess.Process, limit_s: float) -> Setting | Ready:
    assert process.stdout is not None  # noqa: S101  it was asked for
    try:
        async with asyncio.timeout(limit_s):
            line = await process.stdout.readline()
            if not line:
                raise _ended(await process.wait())
    except TimeoutError as exc:
        raise RehearsalError(
            f"the emulated peers did not answer within {limit_s:g} s: try again when the machine "
            "is less busy"
        ) from exc
    return load(line)


async def _stop(process: asyncio.subprocess.Process) -> None:
    """Close its input, which is the sign to leave; end it when it does not."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except BaseException:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise


def _ended(code: int) -> RehearsalError:
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    return RehearsalError(f"the emulated peers have ended ({how}): start the rehearsal again")


def _environ(settings: Settings) -> dict[str, str]:
    """Return our environment with the settings in force, which may not come from it."""
    given = {
        "DIALPLAN_DATA": settings.data,
        "DIALPLAN_VERTICALS": settings.verticals,
        "DIALPLAN_TENANTS": settings.tenants,
        "DIALPLAN_REHEARSAL_LLM": settings.rehearsal_llm,
    }
    kept = {name: value for name, value in os.environ.items() if name not in given}
    return kept | {name: str(value) for name, value in given.items() if value is not None}
