"""A caller who is somebody at a socket: a browser's microphone and loudspeaker."""

from __future__ import annotations

from collections.abc import Callable

from dialplan.protocols.audio import FRAME_BYTES, SILENCE, length_of

# What has not been said by then is dropped: the socket sends faster than anybody talks.
MOST_BYTES = length_of(30_000)


class LiveCaller:
    """Says what it is given and passes on what it hears; it hangs up when the socket does."""

    def __init__(self, hear: Callable[[bytes], None]) -> None:
        self._hear = hear
        self._unsaid = bytearray()
        self._keys = ""

    def say(self, audio: bytes) -> bool:
        """Say this after what is not said yet; False when it was too much and dropped."""
        if len(self._unsaid) + len(audio) > MOST_BYTES:
            return False
        self._unsaid += audio
        return True

    def press(self, keys: str) -> None:
        """Press keys."""
        self._keys += keys

    def heard(self, audio: bytes, now_ms: int) -> None:
        """Pass on what came out of the receiver."""
        self._hear(audio)

    def digits(self, now_ms: int) -> str:
        """Return the keys pressed since the last time."""
        pressed, self._keys = self._keys, ""
        return pressed

    def frame(self, now_ms: int) -> bytes | None:
        """Return the next 20 ms, or None while there is nothing to say."""
        if not self._unsaid:
            return None
        frame = bytes(self._unsaid[:FRAME_BYTES])
        del self._unsaid[:FRAME_BYTES]
        return frame.ljust(FRAME_BYTES, bytes((SILENCE,)))

    def wants_to_hang_up(self, now_ms: int) -> bool:
        """Stay on the line."""
        return False
