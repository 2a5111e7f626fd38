"""The input audio buffer with server-side turn detection over it.

Positions are milliseconds of audio written since the session began, whatever was cleared or
committed since (`input_audio_buffer.speech_started` reference). It decides where an utterance lies,
not what becomes of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from dialplan.emulators.openai.audio import BYTES_PER_MS, AudioFormat, Decoder
from dialplan.emulators.openai.errors import ClientEventError
from dialplan.emulators.openai.session import TurnDetection
from dialplan.emulators.speech.ports import (
    Detector,
    DetectorFactory,
    SpeechStarted,
    SpeechStopped,
)

APPEND_LIMIT: Final = 15 * 1024 * 1024
"""Bytes of one append (`input_audio_buffer.append` reference) and of the whole buffer."""

_MINIMUM_MS: Final = 100
_LOOK_BACK_MS: Final = 2000
"""How late a detector may report an onset; silence older than this is dropped."""


@dataclass(frozen=True, slots=True)
class SpeechBegan:
    """The caller speaks; `audio_start_ms` includes the prefix padding."""

    item_id: str
    audio_start_ms: int


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """The caller stopped; `audio_end_ms` includes the silence that proved it."""

    item_id: str
    audio_end_ms: int
    audio: bytes


class InputAudio:
    """One session's incoming audio, kept as mu-law 8000 Hz."""

    def __init__(self, detectors: DetectorFactory, new_id: Callable[[str], str]) -> None:
        self._detectors = detectors
        self._new_id = new_id
        self._settings: TurnDetection | None = None
        self._detector: Detector | None = None
        self._detector_from_ms = 0
        self._decoder = Decoder("audio/pcm")
        self._audio = bytearray()
        self._first = 0
        self._speech: SpeechBegan | None = None

    @property
    def position_ms(self) -> int:
        """Milliseconds of audio written so far."""
        return (self._first + len(self._audio)) // BYTES_PER_MS

    @property
    def speaking(self) -> bool:
        """Whether the caller is in the middle of an utterance."""
        return self._speech is not None

    def configure(self, settings: TurnDetection | None, form: AudioFormat) -> None:
        """Apply the session's settings; a changed detection starts afresh."""
        if form != self._decoder.form:
            self._decoder = Decoder(form)
        if settings != self._settings or (self._detector is None) != (settings is None):
            self._settings = settings
            self._restart()

    def append(self, data: bytes) -> list[SpeechBegan | SpeechEnded]:
        """Take audio of the input format; return what it proves.

        Raises:
            ClientEventError: the append, or the buffer with it, is too large.
        """
        if len(data) > APPEND_LIMIT or len(self._audio) + len(data) > APPEND_LIMIT:
            raise ClientEventError(
                "input_audio_buffer_too_large",
                f"The input audio buffer holds at most {APPEND_LIMIT} bytes.",
                "audio",
            )
        audio = self._decoder.decode(data)
        self._audio += audio
        if self._detector is None:
            return []
        found = [self._place(event) for event in self._detector.feed(audio)]
        self._drop_silence()
        return [event for event in found if event is not None]

    def take(self) -> tuple[str, bytes]:
        """Commit the whole buffer: the item's id and the audio.

        Raises:
            ClientEventError: there is not enough audio to make a turn.
        """
        have = len(self._audio) / BYTES_PER_MS
        if have < _MINIMUM_MS:
            raise ClientEventError(
                "input_audio_buffer_commit_empty",
                "Error committing input audio buffer: buffer too small. "
                f"Expected at least {_MINIMUM_MS}ms of audio, but buffer only has {have:.2f}ms "
                "of audio.",
            )
        item_id = self._speech.item_id if self._speech else self._new_id("item")
        audio = bytes(self._audio)
        self.clear()
        return item_id, audio

    def clear(self) -> None:
        """Empty the buffer; an utterance in progress is forgotten."""
        self._drop_until(self._first + len(self._audio))
        self._restart()

    def _restart(self) -> None:
        self._speech = None
        self._detector_from_ms = self.position_ms
        self._detector = None
        if self._settings is not None:
            self._detector = self._detectors(
                threshold=self._settings.threshold,
                prefix_padding_ms=self._settings.prefix_padding_ms,
                silence_duration_ms=self._settings.silence_duration_ms,
            )

    def _place(self, event: SpeechStarted | SpeechStopped) -> SpeechBegan | SpeechEnded | None:
        if self._settings is None:
            return None
        at_ms = self._detector_from_ms + event.at_ms
        match event:
            case SpeechStarted():
                if self._speech is not None:
                    return None
                start = max(at_ms - self._settings.prefix_padding_ms, self._first // BYTES_PER_MS)
                self._speech = SpeechBegan(self._new_id("item"), start)
                return self._speech
            case SpeechStopped():
                if self._speech is None:
                    return None
                return self._end(self._speech, at_ms + self._settings.silence_duration_ms)

    def _end(self, speech: SpeechBegan, end_ms: int) -> SpeechEnded:
        end_ms = min(end_ms, self.position_ms)
        start = max(0, speech.audio_start_ms * BYTES_PER_MS - self._first)
        end = max(start, end_ms * BYTES_PER_MS - self._first)
        audio = bytes(self._audio[start:end])
        self._drop_until(self._first + end)
        self._speech = None
        return SpeechEnded(speech.item_id, end_ms, audio)

    def _drop_silence(self) -> None:
        if self._settings is None or self._speech is not None:
            return
        kept = (self._settings.prefix_padding_ms + _LOOK_BACK_MS) * BYTES_PER_MS
        self._drop_until(self._first + len(self._audio) - kept)

    def _drop_until(self, position: int) -> None:
        count = max(0, min(position - self._first, len(self._audio)))
        del self._audio[:count]
        self._first += count
