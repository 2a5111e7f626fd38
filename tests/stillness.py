"""How long this process was not let run, so that its own waits are judged without that."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dialplan.emulators.withheld import queued_s, stolen_s

TICK_S = 0.01
# Less than this is what a tick takes on any machine.
LEAST_S = 0.005


class Stillness:
    """What was lost, and when: the loop was late by it, and the machine withheld as much.

    A loop that our own code holds up, computing, sleeping or waiting for a peer, is not still.
    """

    def __init__(self) -> None:
        self._lost: list[tuple[float, float]] = []

    def seconds(self, since: float, until: float) -> float:
        """Return how much was lost of the time between two moments of `time.monotonic`."""
        return sum(lost for at, lost in self._lost if at >= since and at - lost - TICK_S <= until)

    def longest(self) -> float:
        """Return the most that was lost at one time."""
        return max((lost for _, lost in self._lost), default=0.0)

    async def watch(self) -> None:
        """Look until cancelled."""
        while True:
            began, before = time.monotonic(), queued_s() + stolen_s()
            await asyncio.sleep(TICK_S)
            now = time.monotonic()
            lost = min(now - began - TICK_S, queued_s() + stolen_s() - before)
            if lost > LEAST_S:
                self._lost.append((now, lost))


@asynccontextmanager
async def watched() -> AsyncIterator[Stillness]:
    """Watch the process for as long as a block lasts."""
    stillness = Stillness()
    task = asyncio.create_task(stillness.watch())
    try:
        yield stillness
    finally:
        task.cancel()
        await asyncio.wait([task])
