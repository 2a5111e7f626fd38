"""What happened in a call and is still to be handled: in order, bounded, for one task.

Putting costs an append, and waking the task once however much has come by then. One timer serves
all deadlines of the task; it knows nothing of what they are for.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Inbox(Generic[T]):
    """Events for the one task that waits on it; anybody on its loop may put some.

    Args:
        limit: how many events may wait.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._events: deque[T] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def put(self, event: T) -> bool:
        """Add an event; False when there is no room for it."""
        if len(self._events) >= self._limit:
            return False
        self._events.append(event)
        self._wake()
        return True

    def replace(self, event: T) -> None:
        """Have one event instead of all that wait."""
        self._events.clear()
        self.put(event)

    def take(self) -> T | None:
        """Return the next event, None when there is none."""
        return self._events.popleft() if self._events else None

    async def wait(self, limit_ms: int | None) -> None:
        """Wait for an event, for `limit_ms` at most, or for less: ask again then.

        The timer of an earlier wait is left as it is when it goes off sooner than this one would:
        deadlines of a call move away with nearly every event.
        """
        if self._events:
            return
        loop = asyncio.get_running_loop()
        if limit_ms is not None:
            self._arm(loop, loop.time() + max(0, limit_ms) / 1000)
        self._waiter = loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def close(self) -> None:
        """Let go of the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self, loop: asyncio.AbstractEventLoop, at: float) -> None:
        if self._timer is not None:
            if self._timer.when() <= at:
                return
            self._timer.cancel()
        self._timer = loop.call_at(at, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
