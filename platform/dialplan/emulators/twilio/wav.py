"""A call as a stereo WAV: the caller left, the agent as heard right. 16 bit, 8000 Hz."""

from __future__ import annotations

import io
import wave
from array import array
from pathlib import Path

from dialplan.emulators.twilio.record import CallRecord
from dialplan.protocols.audio import SILENCE, decode


def write_wav(record: CallRecord, path: Path) -> None:
    """Write both sides of a call on one timeline; the shorter one is filled with silence."""
    path.write_bytes(wav_bytes(record))


def wav_bytes(record: CallRecord) -> bytes:
    """Return both sides of a call on one timeline, as a file."""
    length = max(len(record.caller_audio), len(record.agent_audio))
    samples = array("h", bytes(4 * length))
    silence = bytes((SILENCE,))
    for channel, audio in enumerate((record.caller_audio, record.agent_audio)):
        # The wave module wants little-endian samples, which is what `decode` gives.
        samples[channel::2] = array("h", decode(audio.ljust(length, silence)))
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(samples.tobytes())
    return written.getvalue()
