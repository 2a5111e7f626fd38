"""Who sits at the other end of the line: callers made of a script, or of a recording.

A caller hears and speaks in 20 ms frames of mu-law and knows nothing of Twilio. All times are in
milliseconds since the call was answered.
"""

from __future__ import annotations

import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from dialplan.emulators.speech.ports import Voice
from dialplan.protocols.audio import FRAME_BYTES, FRAME_MS, SILENCE, decode, encode

PATIENCE_MS = 1000
MAX_WAIT_MS = 15_000
_LEAST_SPEECH_MS = 100
# Between two jumps of the other side's clock: it must have seen one, and spoken, before the next.
_SETTLE_MS = 1200
# Mean magnitude of 16-bit samples over a frame, divided by 32: about -44 dB of full scale.
_SPEECH_LEVEL = 6


def _levels() -> bytes:
    samples = memoryview(decode(bytes(range(256)))).cast("h")
    return bytes(min(abs(sample) >> 5, 255) for sample in samples)


_LEVELS = _levels()


def is_speech(frame: bytes) -> bool:
    """Tell whether a frame of mu-law is loud enough to be speech."""
    return sum(frame.translate(_LEVELS)) >= _SPEECH_LEVEL * max(1, len(frame))


class Caller(Protocol):
    """Somebody on the phone. Called every 20 ms, in this order, and must not block."""

    def heard(self, audio: bytes, now_ms: int) -> None:
        """Take 20 ms of what came out of the receiver; silence included."""
        ...

    def digits(self, now_ms: int) -> str:
        """Return the keys pressed since the last time."""
        ...

    def frame(self, now_ms: int) -> bytes | None:
        """Return the next 160 bytes of speech, or None while silent."""
        ...

    def wants_to_hang_up(self, now_ms: int) -> bool:
        """Tell whether the caller puts the phone down now."""
        ...


@dataclass(frozen=True, slots=True)
class Line:
    """One thing a caller does.

    Attributes:
        text: what is said; may be empty.
        digits: keys that are pressed, before anything is said.
        after_ms: do it this long into the agent's speech (a barge-in), not after it.
        pause_ms: wait this long more before doing it.
        patience_ms: how long the agent must be quiet first; None takes the caller's own.
        silent_ms: say nothing for this long before the next line, whatever the agent does.
        hangs_up: put the phone down then, without waiting for an answer.
    """

    text: str = ""
    digits: str = ""
    after_ms: int | None = None
    pause_ms: int = 0
    patience_ms: int | None = None
    silent_ms: int = 0
    hangs_up: bool = False


class _Listener:
    """Keeps what a caller needs to know about the agent's speech since the caller's own."""

    def __init__(self) -> None:
        self.speech_ms = 0
        self.began_at: int | None = None
        self.quiet_since = 0

    def heard(self, audio: bytes, now_ms: int) -> None:
        if is_speech(audio):
            self.speech_ms += FRAME_MS
            self.quiet_since = now_ms + FRAME_MS
            if self.began_at is None:
                self.began_at = now_ms

    def finished(self, now_ms: int, patience_ms: int) -> bool:
        return self.speech_ms >= _LEAST_SPEECH_MS and now_ms - self.quiet_since >= patience_ms


class ScriptedCaller:
    """Says its lines one by one, each when the agent has answered the one before.

    Args:
        lines: what to do, in order; the first one waits for the greeting.
        voice: speaks the texts, all before the call begins: see `prepare`.
        patience_ms: how long the agent must be quiet before the caller goes on.
        max_wait_ms: how long the caller waits for an agent that says nothing.
        hangs_up: whether the caller ends the call once the last line was answered.
        waits: whether there is more to come, so that a quiet agent is not taken to be done.
        skip: moves the other side's clock on by at most so many ms while both sides are silent, and
            returns by how many; a caller in a hurry says nothing for a minute in a second.
    """

    def __init__(
        self,
        lines: Sequence[Line],
        voice: Voice,
        *,
        patience_ms: int = PATIENCE_MS,
        max_wait_ms: int = MAX_WAIT_MS,
        hangs_up: bool = True,
        waits: Callable[[], bool] = lambda: False,
        skip: Callable[[int], int] = lambda _ms: 0,
    ) -> None:
        self.lines = tuple(lines)
        self.spoken: list[tuple[int, Line]] = []
        self.skipped: list[tuple[int, int]] = []
        self._voice = voice
        self._patience_ms = patience_ms
        self._max_wait_ms = max_wait_ms
        self._hangs_up = hangs_up
        self._waits = waits
        self._skip = skip
        self._silent_ms = 0
        self._skip_at = 0
        self._audio: list[bytes] | None = None
        self._next = 0
        self._speaking = b""
        self._said = 0
        self._ready_at = 0
        self._listener = _Listener()
        self._pressed = ""

    async def prepare(self) -> None:
        """Synthesise every line. Needed once, before the call."""
        self._audio = [await self._voice.speak(line.text) for line in self.lines]

    def heard(self, audio: bytes, now_ms: int) -> None:
        """Listen; what the agent says while the caller speaks does not count as its answer."""
        if not self._speaking:
            self._listener.heard(audio, now_ms)
            if self._silent_ms > 0:
                self._stay_silent(now_ms)
            else:
                self._take_turn(now_ms)

    def digits(self, now_ms: int) -> str:
        """Return the keys of the line that has just come up."""
        pressed, self._pressed = self._pressed, ""
        return pressed

    def frame(self, now_ms: int) -> bytes | None:
        """Return the next 20 ms of the line being said."""
        if not self._speaking:
            return None
        frame = self._speaking[self._said : self._said + FRAME_BYTES]
        self._said += FRAME_BYTES
        if self._said >= len(self._speaking):
            self._speaking = b""
            self._turn_over(now_ms + FRAME_MS)
        return frame.ljust(FRAME_BYTES, bytes((SILENCE,)))

    def wants_to_hang_up(self, now_ms: int) -> bool:
        """Tell whether the last line was said and answered, or is not to be answered."""
        if self._speaking or self._silent_ms > 0:
            return False
        if self._next and self.lines[self._next - 1].hangs_up:
            return True
        done = self._hangs_up and self._next == len(self.lines)
        return done and self._may_go_on(now_ms, self._patience_ms)

    def _take_turn(self, now_ms: int) -> None:
        if self._audio is None:
            raise RuntimeError("the caller has no voice yet: await `prepare` before the call")
        if self._next == len(self.lines):
            return
        line = self.lines[self._next]
        if line.after_ms is not None:
            began = self._listener.began_at
            due = (began is not None and now_ms - began >= line.after_ms + line.pause_ms) or (
                now_ms - self._ready_at >= self._max_wait_ms
            )
        else:
            patience = self._patience_ms if line.patience_ms is None else line.patience_ms
            due = self._may_go_on(now_ms, patience + line.pause_ms)
        if not due:
            return
        self.spoken.append((now_ms, line))
        self._pressed = line.digits
        self._speaking, self._said = self._audio[self._next], 0
        self._next += 1
        self._silent_ms = line.silent_ms
        self._skip_at = now_ms + _SETTLE_MS
        self._turn_over(now_ms)

    def _stay_silent(self, now_ms: int) -> None:
        """Let time pass, and quicker while the agent is silent too."""
        self._silent_ms -= FRAME_MS
        quiet = now_ms - self._listener.quiet_since >= _SETTLE_MS
        if quiet and now_ms >= self._skip_at and not self._waits() and self._silent_ms > 0:
            # What the other side does about it is seen before more is skipped.
            self._skip_at = now_ms + _SETTLE_MS
            passed = self._skip(self._silent_ms)
            if passed > 0:
                self.skipped.append((now_ms, passed))
            self._silent_ms -= passed
        if self._silent_ms <= 0:
            self._ready_at = now_ms

    def _may_go_on(self, now_ms: int, patience_ms: int) -> bool:
        waited = now_ms - max(self._ready_at, self._listener.quiet_since)
        finished = self._listener.finished(now_ms, patience_ms) and not self._waits()
        return finished or waited >= self._max_wait_ms

    def _turn_over(self, now_ms: int) -> None:
        self._ready_at = now_ms
        self._listener = _Listener()


class AudioCaller:
    """Plays a recording from the moment of the answer, and hangs up once it was answered."""

    def __init__(
        self, audio: bytes, *, patience_ms: int = 2000, max_wait_ms: int = MAX_WAIT_MS
    ) -> None:
        self._audio = audio
        self._patience_ms = patience_ms
        self._max_wait_ms = max_wait_ms
        self._at = 0
        self._ready_at: int | None = None
        self._listener = _Listener()

    @classmethod
    def from_file(cls, path: Path) -> AudioCaller:
        """Read a WAV (16 bit, 8000 Hz, mono), or raw mu-law from any other file."""
        if path.suffix.lower() != ".wav":
            return cls(path.read_bytes())
        return cls(read_wav(path))

    def heard(self, audio: bytes, now_ms: int) -> None:
        """Listen, once the recording is over."""
        if self._ready_at is not None:
            self._listener.heard(audio, now_ms)

    def digits(self, now_ms: int) -> str:
        """Press nothing."""
        return ""

    def frame(self, now_ms: int) -> bytes | None:
        """Return the next 20 ms of the recording."""
        frame = self._audio[self._at : self._at + FRAME_BYTES]
        self._at += FRAME_BYTES
        if self._at >= len(self._audio) and self._ready_at is None:
            self._ready_at = now_ms + FRAME_MS
        return frame.ljust(FRAME_BYTES, bytes((SILENCE,))) if frame else None

    def wants_to_hang_up(self, now_ms: int) -> bool:
        """Tell whether the recording is over and was answered."""
        if self._ready_at is None:
            return False
        waited = now_ms - max(self._ready_at, self._listener.quiet_since)
        return self._listener.finished(now_ms, self._patience_ms) or waited >= self._max_wait_ms


def read_wav(source: Path | BinaryIO) -> bytes:
    """Return a WAV file as mu-law.

    Raises:
        ValueError: it is not 16 bit, 8000 Hz, mono.
    """
    with wave.open(str(source) if isinstance(source, Path) else source, "rb") as file:
        got = (file.getsampwidth() * 8, file.getframerate(), file.getnchannels())
        if got != (16, 8000, 1):
            raise ValueError(
                f"expected a WAV of 16 bit, 8000 Hz, 1 channel, got {got[0]} bit, {got[1]} Hz, "
                f"{got[2]} channel(s): convert it, or give raw mu-law"
            )
        return encode(file.readframes(file.getnframes()))
