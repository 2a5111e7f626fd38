"""The peers' process: the whole stage and its control channel, for as long as its parent lives.

Its standard input is the parent's: facts come in as lines, and its end is the parent's end, however
that came. Its standard output tells the parent where everything is, then says that it is ready.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
import threading
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import get_args

import orjson
import uvloop

from dialplan.emulators.cast import load_cast
from dialplan.emulators.desk.control import Control
from dialplan.emulators.desk.handshake import Ready, Setting, write
from dialplan.emulators.desk.wire import decode
from dialplan.emulators.stage import set_stage, spoken, written
from dialplan.errors import DialplanError, ProtocolError
from dialplan.settings import Settings
from dialplan.store.facts import Fact
from dialplan.web.serving import serving

# Whatever still runs this long after the parent's end is not waited for.
LEAVE_S = 8.0
_PIECE = 65536
_FACTS = get_args(Fact)


async def run_peers(settings: Settings, *, origin: str, silent: bool) -> None:
    """Set the stage for a server at `origin` and play until the parent is gone."""
    parent = _Parent(asyncio.get_running_loop())
    cast = load_cast(settings)
    sound = written() if silent else spoken()
    async with AsyncExitStack() as stack:
        stage = await stack.enter_async_context(
            set_stage(
                cast.verticals,
                cast.lines,
                cast.phones,
                origin=origin,
                sound=sound,
                language_model=settings.rehearsal_llm,
            )
        )
        key = secrets.token_urlsafe(32)
        control = Control(stage.carrier, stage.sound, cast.lines, origin=origin, key=key)
        parent.tell = control.note
        url = await stack.enter_async_context(serving(control.app()))
        write(Setting(stage.peers, url, key))
        # The addresses are enough for the server to start beside us while models load.
        await stage.load()
        write(Ready())
        await parent.gone.wait()


class _Parent:
    """Reads what the parent says, on a thread: its end must be seen whatever the loop does."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.gone = asyncio.Event()
        self.tell: Callable[[Fact], None] = lambda _fact: None
        self._loop = loop
        threading.Thread(target=self._read, daemon=True, name="parent").start()

    def _read(self) -> None:
        rest = b""
        while piece := os.read(sys.stdin.fileno(), _PIECE):
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                self._loop.call_soon_threadsafe(self._take, line)
        last = threading.Timer(LEAVE_S, os._exit, (1,))
        last.daemon = True
        last.start()
        self._loop.call_soon_threadsafe(self.gone.set)

    def _take(self, line: bytes) -> None:
        try:
            fact = decode(line)
        except ProtocolError:
            return
        if isinstance(fact, _FACTS):
            self.tell(fact)


def main(settings: Settings, *, origin: str, silent: bool) -> int:
    """Run the process; a problem of the user's is told to the parent. Returns the exit code."""
    try:
        uvloop.run(run_peers(settings, origin=origin, silent=silent))
    except DialplanError as exc:
        sys.stdout.write(orjson.dumps({"problem": str(exc)}).decode() + "\n")
        sys.stdout.flush()
        return 2
    return 0
