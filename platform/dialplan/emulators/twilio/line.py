"""The telephone line of one answered call: it moves 20 ms each way, 50 times a second.

The line owns the call's timeline. Whoever has the caller's voice at the moment (a media stream, a
recorder) taps it; whoever wants to be heard puts audio into its playback.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from dialplan.emulators.twilio.caller import Caller
from dialplan.emulators.twilio.clock import Clock
from dialplan.emulators.twilio.playback import Playback
from dialplan.emulators.withheld import queued_s
from dialplan.protocols.audio import FRAME_BYTES, FRAME_MS, SILENCE

MOST_LATE_MS = 100
"""How far behind a line catches up, in a burst, as packets do that were held up on their way."""

_SILENT_FRAME = bytes((SILENCE,)) * FRAME_BYTES


class Tap(Protocol):
    """Takes what the caller does."""

    def spoke(self, frame: bytes, now_ms: int) -> None:
        """Take 20 ms of the caller's voice; silence included."""
        ...

    def pressed(self, digit: str) -> None:
        """Take one key."""
        ...

    def played(self, marks: tuple[str, ...]) -> None:
        """Take the marks whose audio has been played."""
        ...


@dataclass(frozen=True, slots=True)
class Still:
    """The line stood still with its process, after `at_ms` of it and for `ms`.

    Of these the machine withheld `withheld_ms`; the rest the process took, and may have to answer
    for.
    """

    at_ms: int
    ms: int
    withheld_ms: int


class PhoneLine:
    """One line, from answer to end.

    `real_time` says that somebody is at it whose time goes on while this process stands still. Else
    what it stood still is left out: a script must not run ahead of a server that stood still too.
    `withheld` tells how many seconds the machine did not let this process run so far.

    Attributes:
        caller_audio: the caller's side since the answer, mu-law.
        agent_audio: what the caller heard since the answer, mu-law, of the same length.
        digits: keys pressed so far.
        playback: what is still to be heard.
        tap: who listens to the caller now, or None.
        now_ms: how long ago the answer was, in whole frames, without `stood_still`.
        stood_still: what was left out of it.
    """

    def __init__(
        self,
        caller: Caller,
        clock: Clock,
        on_hang_up: Callable[[], None],
        *,
        real_time: bool = False,
        withheld: Callable[[], float] = queued_s,
    ) -> None:
        self.caller_audio = bytearray()
        self.agent_audio = bytearray()
        self.digits = ""
        self.playback = Playback()
        self.tap: Tap | None = None
        self.now_ms = 0
        self.stood_still: list[Still] = []
        self._caller = caller
        self._clock = clock
        self._on_hang_up = on_hang_up
        self._real_time = real_time
        self._withheld = withheld
        self._idle: list[asyncio.Future[None]] = []

    async def run(self) -> None:
        """Move audio until the caller hangs up or the task is cancelled."""
        began, withheld = self._clock.monotonic(), self._withheld()
        while self._tick():
            self.now_ms += FRAME_MS
            # Against the start and not the last tick, so that lateness does not add up.
            delay = began + self.now_ms / 1000 - self._clock.monotonic()
            before, withheld = withheld, self._withheld()
            lost = -delay - MOST_LATE_MS / 1000
            if lost > 0 and not self._real_time:
                began += lost
                of_machine = min(lost, withheld - before)
                self.stood_still.append(
                    Still(self.now_ms - FRAME_MS, round(lost * 1000), round(of_machine * 1000))
                )
            await self._clock.sleep(max(0.0, delay))
        self._on_hang_up()

    async def play(self, audio: bytes) -> None:
        """Let the caller hear this, and return when it has been heard."""
        self.playback.add(audio)
        if self.playback.idle:
            return
        heard: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._idle.append(heard)
        await heard

    def _tick(self) -> bool:
        caller, now = self._caller, self.now_ms
        played = self.playback.advance()
        self.agent_audio += played.audio
        caller.heard(played.audio, now)
        if played.marks and self.tap:
            self.tap.played(played.marks)
        if self._idle and self.playback.idle:
            self._release()
        for digit in caller.digits(now):
            self.digits += digit
            if self.tap:
                self.tap.pressed(digit)
        frame = caller.frame(now) or _SILENT_FRAME
        self.caller_audio += frame
        if self.tap:
            self.tap.spoke(frame, now)
        return not caller.wants_to_hang_up(now)

    def _release(self) -> None:
        for heard in self._idle:
            if not heard.done():
                heard.set_result(None)
        self._idle.clear()
