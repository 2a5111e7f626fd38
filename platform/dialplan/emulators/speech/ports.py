"""What the emulators ask of speech. Audio is G.711 mu-law, 8000 Hz, mono, as bytes, everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Voice(Protocol):
    """Turns a sentence into telephone audio."""

    async def speak(self, text: str) -> bytes:
        """Return the whole sentence as mu-law 8000 Hz mono. Empty text gives empty audio."""
        ...


class Ear(Protocol):
    """Turns an utterance into words."""

    async def hear(self, audio: bytes) -> str:
        """Return what was said in mu-law 8000 Hz audio; the empty string when nothing was."""
        ...


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Speech began `at_ms` after the start of the stream (already moved back to its onset)."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """Speech ended `at_ms` after the start of the stream: its own end, not the hangover's."""

    at_ms: int


class Detector(Protocol):
    """Server-side voice activity detection over one stream. One object a stream; not shared."""

    def feed(self, audio: bytes) -> list[SpeechStarted | SpeechStopped]:
        """Take audio of any length, in order; return what it proves. Cheap: < 1 ms a 20 ms."""
        ...


class DetectorFactory(Protocol):
    """Makes a detector for one stream with the session's `turn_detection` values."""

    def __call__(
        self, *, threshold: float, prefix_padding_ms: int, silence_duration_ms: int
    ) -> Detector:
        """Return a fresh detector: `threshold` 0..1, the rest in milliseconds."""
        ...
