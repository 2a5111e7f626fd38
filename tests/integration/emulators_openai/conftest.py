"""Speech for the socket tests: text as bytes, so that what is heard is exactly what was said."""

from __future__ import annotations

import pytest

from dialplan.emulators.speech.ports import (
    Detector,
    DetectorFactory,
    Ear,
    SpeechStarted,
    SpeechStopped,
    Voice,
)

_SILENCE = 0xFF
_LETTER = 160
"""Bytes (20 ms) that one character lasts."""


class LetterVoice:
    """Each character is 20 ms of a byte of its own."""

    async def speak(self, text: str) -> bytes:
        return b"".join(bytes([letter]) * _LETTER for letter in text.encode("ascii"))


class LetterEar:
    """Reads the characters back."""

    async def hear(self, audio: bytes) -> str:
        spoken = audio.strip(bytes([_SILENCE]))
        return spoken[_LETTER // 2 :: _LETTER].decode("ascii", "replace")


class LoudnessDetector:
    """Anything but digital silence is speech."""

    def __init__(self, silence_duration_ms: int) -> None:
        self._hangover = silence_duration_ms
        self._at = 0
        self._last: int | None = None

    def feed(self, audio: bytes) -> list[SpeechStarted | SpeechStopped]:
        found: list[SpeechStarted | SpeechStopped] = []
        for start in range(0, len(audio), 160):
            now = self._at // 8
            if any(byte != _SILENCE for byte in audio[start : start + 160]):
                if self._last is None:
                    found.append(SpeechStarted(now))
                self._last = now + 20
            elif self._last is not None and now + 20 - self._last >= self._hangover:
                found.append(SpeechStopped(self._last))
                self._last = None
            self._at += len(audio[start : start + 160])
        return found


def _detector(*, threshold: float, prefix_padding_ms: int, silence_duration_ms: int) -> Detector:
    return LoudnessDetector(silence_duration_ms)


@pytest.fixture
def voice() -> Voice:
    return LetterVoice()


@pytest.fixture
def ear() -> Ear:
    return LetterEar()


@pytest.fixture
def detector() -> DetectorFactory:
    return _detector
