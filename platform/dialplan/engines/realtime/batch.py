"""The caller's audio on its way to the model: short frames, joined to fewer and longer ones.

A WebSocket frame costs the same whether it holds 20 ms or 60. Nothing waits longer than a batch
lasts, also when the carrier falls silent in the middle of one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class AudioBatch:
    """Joins audio of one call; gives it out from `add` when there is enough, else from a timer.

    Args:
        batch_ms: how much makes a batch, in milliseconds; also the longest that a byte waits.
        bytes_per_ms: how many bytes of the audio make a millisecond.
        send: takes the audio; must neither block nor raise.
    """

    def __init__(self, batch_ms: int, bytes_per_ms: int, send: Callable[[bytes], None]) -> None:
        self._enough = batch_ms * bytes_per_ms
        self._hold_s = batch_ms / 1000
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._waiting = bytearray()
        self._since = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def add(self, audio: bytes) -> None:
        """Add audio of any length."""
        waiting = self._waiting
        if not waiting:
            if len(audio) >= self._enough:
                self._send(audio)
                return
            self._since = self._loop.time()
            if self._timer is None:
                self._timer = self._loop.call_later(self._hold_s, self._due)
        waiting += audio
        if len(waiting) >= self._enough:
            self.flush()

    def flush(self) -> None:
        """Give out what waits."""
        if self._waiting:
            audio = bytes(self._waiting)
            self._waiting.clear()
            self._send(audio)

    def drop(self) -> None:
        """Forget what waits, and wait for nothing."""
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def close(self) -> None:
        """Forget what waits, and whom it was for."""
        self.drop()
        self._send = _nowhere

    def _due(self) -> None:
        """Look what waits: the batch that set the timer is mostly long gone by now.

        The timer is never cancelled for a batch that was full in time, so that it costs one look a
        batch and nothing a frame.
        """
        self._timer = None
        if not self._waiting:
            return
        due = self._since + self._hold_s
        if due <= self._loop.time() + 0.001:
            self.flush()
        else:
            self._timer = self._loop.call_at(due, self._due)


def _nowhere(_audio: bytes) -> None:
    """Where the audio of a call goes that is over."""
