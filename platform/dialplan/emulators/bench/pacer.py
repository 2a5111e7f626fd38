"""One clock for all emulated ends of a process: what is due when, and how late it was done.

A task for each call would cost more than what the calls do. Times are seconds of
`time.perf_counter`: an event loop's own clock may be as coarse as a millisecond.
"""

from __future__ import annotations

import asyncio
import heapq
from array import array
from collections.abc import Callable
from time import perf_counter

# Timers of an event loop count in milliseconds: a shorter wait would be none, over and over.
_TICK_S = 0.001


class Pacer:
    """Calls what is due, in order of time.

    Attributes:
        lateness: seconds by which each thing was late, while `noting`.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._running = False
        self.noting = False
        self.lateness = array("d")

    def at(self, when: float, do: Callable[[], None]) -> None:
        """Call `do` at `when`, or right after that."""
        self._count += 1
        heapq.heappush(self._due, (when, self._count, do))
        if not self._running and (self._timer is None or when < self._timer_at - _TICK_S):
            self._arm()

    def stop(self) -> None:
        """Forget all that is to come."""
        self._due.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._due:
            self._timer_at = self._due[0][0]
            wait = max(_TICK_S, self._timer_at - perf_counter())
            self._timer = self._loop.call_later(wait, self._run)

    def _run(self) -> None:
        self._timer = None
        self._running = True
        due, noting, lateness = self._due, self.noting, self.lateness
        now = perf_counter()
        try:
            while due and due[0][0] <= now:
                when, _, do = heapq.heappop(due)
                if noting:
                    lateness.append(perf_counter() - when)
                do()
        finally:
            self._running = False
            self._arm()
