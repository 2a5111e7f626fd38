"""The yardstick as a target: how a bare relay does under the same load on the same machine."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter

from dialplan.emulators.bench.call import Call
from dialplan.emulators.bench.ends import Ends
from dialplan.emulators.bench.leg import RungCall, new_leg, open_stream
from dialplan.emulators.bench.process import pinned
from dialplan.emulators.bench.target import Scrape, Target, free_port

CALLER = "caller"


class DirectPhone:
    """Opens streams without a webhook: a relay has none."""

    def __init__(self, ends: Ends, url: str) -> None:
        self._ends = ends
        self._url = url

    async def ring(self, call: Call) -> RungCall:
        """Open a stream. Raises ProtocolError when nobody answers."""
        call_sid = "CA" + secrets.token_hex(16)
        call.asked_at = perf_counter()
        leg = new_leg(call, call_sid, {CALLER: call.number}, self._ends.pacer, self._ends.note)
        await open_stream(leg, self._url, {})
        return RungCall(call, leg, call_sid)

    async def hang_up(self, rung: RungCall) -> None:
        """End a call."""
        rung.leg.hang_up()


@asynccontextmanager
async def open_yardstick(ends: Ends, *, folder: Path, core: int) -> AsyncIterator[Target]:
    """Run the relay on its core.

    Raises:
        RehearsalError: it did not start.
    """
    port = free_port()
    arguments = ["-m", "dialplan.emulators.bench.relay", str(port), ends.model_url]

    async def ready() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return False
        return True

    async def silent() -> Scrape:
        return Scrape()

    log = folder / f"relay-{port}.log"
    async with pinned(arguments, environ=os.environ, core=core, log=log, ready=ready) as pid:
        phone = DirectPhone(ends, f"ws://127.0.0.1:{port}/")
        yield Target("yardstick", pid, phone, silent)
