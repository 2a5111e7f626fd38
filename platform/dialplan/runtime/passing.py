"""Passes the caller's audio on to an engine that waits while it sends."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from dialplan.engines.engine import Engine

# Ten seconds: what the model has not taken by then it does not take any more.
MOST_FRAMES = 500


class AudioPump:
    """A bounded queue before `Engine.send_audio`; the oldest frames are dropped first."""

    def __init__(self, engine: Engine, failed: Callable[[Exception], None]) -> None:
        self._engine = engine
        self._failed = failed
        self._frames: deque[str] = deque(maxlen=MOST_FRAMES)
        self._there = asyncio.Event()

    def append(self, payload: str) -> None:
        """Take a frame, base64 mu-law."""
        self._frames.append(payload)
        self._there.set()

    async def run(self) -> None:
        """Pass frames on until cancelled."""
        try:
            while True:
                while self._frames:
                    await self._engine.send_audio(self._frames.popleft())
                self._there.clear()
                await self._there.wait()
        except Exception as exc:
            self._failed(exc)
