"""What is still to be played into the caller's ear: audio and marks, first in first out.

It has no clock: `advance` is 20 ms of telephone time. It follows "Media Streams - WebSocket
Messages", sections on `media`, `mark` and `clear`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from dialplan.protocols.audio import FRAME_BYTES, SILENCE

LIMIT_BYTES = 600 * 8000
"""Ten minutes of audio; what comes on top is discarded (warning 31931)."""

_SILENT_FRAME = bytes((SILENCE,)) * FRAME_BYTES


@dataclass(frozen=True, slots=True)
class Played:
    """20 ms as they reached the ear, and the marks whose audio is over."""

    audio: bytes
    marks: tuple[str, ...] = ()


class Playback:
    """The buffer between a server that sends faster than real time and an ear."""

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        self._limit = limit_bytes
        self._audio = bytearray()
        self._played = 0
        self._marks: deque[tuple[int, str]] = deque()

    @property
    def idle(self) -> bool:
        """Whether nothing is buffered."""
        return not self._audio and not self._marks

    def add(self, audio: bytes) -> bool:
        """Buffer audio; False when it did not fit and was discarded."""
        if len(self._audio) + len(audio) > self._limit:
            return False
        self._audio += audio
        return True

    def mark(self, name: str) -> tuple[str, ...]:
        """Queue a mark; return the marks to send back now: this one if no audio is buffered."""
        if self.idle:
            return (name,)
        self._marks.append((self._played + len(self._audio), name))
        return ()

    def clear(self) -> tuple[str, ...]:
        """Drop all audio; return the marks that were pending, in order: all are sent back."""
        pending = tuple(name for _, name in self._marks)
        self._played += len(self._audio)
        self._audio.clear()
        self._marks.clear()
        return pending

    def advance(self) -> Played:
        """Play the next 20 ms; silence where nothing is buffered."""
        if not self._audio:
            return Played(_SILENT_FRAME)
        frame = bytes(self._audio[:FRAME_BYTES])
        # Deleting from the front of a bytearray does not move the rest.
        del self._audio[:FRAME_BYTES]
        self._played += len(frame)
        reached = []
        while self._marks and self._marks[0][0] <= self._played:
            reached.append(self._marks.popleft()[1])
        if len(frame) < FRAME_BYTES:
            frame += _SILENT_FRAME[len(frame) :]
        return Played(frame, tuple(reached))
