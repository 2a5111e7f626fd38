"""The calls that are up, of this process and, by the database, of all processes.

The database must not stop a call: whoever waits for it waits a second at most and goes on with
what this process knows. What could not be written is written with the next beat.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime

from dialplan.errors import StoreError
from dialplan.runtime.silence import LOOKS, Silence
from dialplan.store.lost import LostCall
from dialplan.store.presence import BEAT_S, Presence, RunningCall

log = logging.getLogger(__name__)

# The caller hears nothing meanwhile.
DATABASE_S = 1.0
# A beat that is late is worth waiting for: without one we would be taken for dead.
BEAT_LIMIT_S = 5.0
MOST_WAITING = 1_000


class Registry:
    """Keeps the calls of this process, and tells the others of them.

    Args:
        presence: the database's part, None for a process that shares nothing.
        lost: told of each call that was ended for a process that is gone; must not block.
        looks: how often in a row another one must be found silent to be gone.
    """

    def __init__(
        self,
        presence: Presence | None = None,
        *,
        lost: Callable[[LostCall], None] = lambda _call: None,
        looks: int = LOOKS,
    ) -> None:
        self._presence = presence
        self._lost = lost
        self._silence = Silence(looks)
        self._mine: dict[str, RunningCall] = {}
        self._todo: asyncio.Queue[Callable[[Presence], Awaitable[None]]] = asyncio.Queue(
            MOST_WAITING
        )

    async def claim(self, call: RunningCall, most: int) -> bool | None:
        """Return whether a call may begin, counted over all processes; None when nobody can tell.

        It counts from then on, until `over`, unless the answer is False.
        """
        self._mine[call.call_sid] = call
        if self._presence is None:
            return None
        try:
            async with asyncio.timeout(DATABASE_S):
                granted = await self._presence.claim(call, most)
        except (StoreError, TimeoutError) as error:
            why = str(error) or f"no answer within {DATABASE_S} s"
            log.warning(
                "calls counted in this process only",
                extra={"call_sid": call.call_sid, "reason": why},
            )
            return None
        except BaseException:
            self._mine.pop(call.call_sid, None)
            raise
        if not granted:
            self._mine.pop(call.call_sid, None)
        return granted

    def talks(self, call: RunningCall, now: datetime) -> None:
        """Note that a call's stream is here."""
        up = replace(call, since=now, talking=True)
        self._mine[call.call_sid] = up
        self._later(lambda presence: presence.put(up))

    def over(self, call_sid: str) -> None:
        """Note that a call of this process is over."""
        if self._mine.pop(call_sid, None) is not None:
            self._later(lambda presence: presence.over(call_sid))

    async def elsewhere(self) -> list[RunningCall]:
        """Return what other processes have up. Raises StoreError."""
        if self._presence is None:
            return []
        try:
            async with asyncio.timeout(DATABASE_S):
                return await self._presence.elsewhere()
        except TimeoutError as error:
            raise StoreError(f"the database did not answer within {DATABASE_S:g} s") from error

    def _later(self, do: Callable[[Presence], Awaitable[None]]) -> None:
        # What has no room here is put right by the next beat.
        if self._presence is not None and not self._todo.full():
            self._todo.put_nowait(do)

    async def _follow(self, presence: Presence, beat_s: float) -> None:
        loop = asyncio.get_running_loop()
        beats_at = loop.time()
        while True:
            do: Callable[[Presence], Awaitable[None]] | None = None
            # However much there is to write, a beat is due when it is due.
            if loop.time() < beats_at:
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(beats_at):
                        do = await self._todo.get()
            try:
                if do is not None:
                    async with asyncio.timeout(DATABASE_S):
                        await do(presence)
                else:
                    beats_at = loop.time() + beat_s
                    await self._beat(presence)
            except (StoreError, TimeoutError) as error:
                why = str(error) or "no answer in time"
                log.warning("running calls not written", extra={"reason": why})
            except Exception:
                # Our calls would be ended under us.
                log.exception("running calls not written")

    async def _beat(self, presence: Presence) -> None:
        """Beat, and end the calls of whoever has not for too long."""
        try:
            async with asyncio.timeout(BEAT_LIMIT_S):
                silent = await presence.beat(list(self._mine.values()))
        except BaseException:
            self._silence.missed()
            raise
        for gone in self._silence.looked(silent):
            self._ended(await presence.end(gone))

    def _ended(self, calls: Sequence[LostCall]) -> None:
        for call in calls:
            facts = {"call_sid": call.call_sid, "tenant": call.tenant, "gone": call.process}
            log.warning("call ended for a process that is gone", extra=facts)
            self._lost(call)


@asynccontextmanager
async def kept(
    registry: Registry, presence: Presence, beat_s: float = BEAT_S
) -> AsyncIterator[None]:
    """Keep a process in the registry for as long as a block lasts. Raises StoreError."""
    # A worker that takes a dead one's place has its name.
    registry._ended(await presence.succeed())
    await presence.leave()
    await presence.beat([])
    task = asyncio.create_task(registry._follow(presence, beat_s), name="registry")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        try:
            async with asyncio.timeout(DATABASE_S):
                await presence.leave()
        except (StoreError, TimeoutError):
            log.warning("process not signed off: the others notice within 15 s")
