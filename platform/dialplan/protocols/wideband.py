"""Telephone audio to and from 16-bit PCM at 24000 Hz, as streams that may be cut anywhere.

Import it only where a call needs it: it brings numpy and soxr, which a call in mu-law never loads.

Quality is soxr's "MQ": flat to 3.6 kHz, more than 100 dB down from 4 kHz on. "LQ" would cut what
lies above 3 kHz, which a telephone still carries; "HQ" gains nothing that 16 bits could hold, at
the same delay. Samples leave as late as the filter needs them but in their own place: sample `n` of
8000 Hz is sample `3n` of 24000 Hz, so a millisecond of one is the same millisecond of the other.

Samples are rounded to the nearest and clipped at full scale. There is no dither: mu-law's own steps
are at least eight times those of 16 bits, so it could mask nothing, and without it the same audio
always gives the same bytes.
"""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

from dialplan.protocols.audio import SILENCE, decode

NARROW_HZ = 8000
WIDE_HZ = 24000
_RATIO = WIDE_HZ // NARROW_HZ
_QUALITY = "MQ"

_NOTHING = np.zeros(0, np.float32)
_SAMPLES = np.frombuffer(decode(bytes(range(256))), "<i2").astype(np.float32)
"""The sample of each mu-law code."""


def _nearest_codes() -> NDArray[np.uint8]:
    """Return the mu-law code nearest to every 16-bit sample, by its bits as an unsigned number."""
    codes = np.delete(np.argsort(_SAMPLES, kind="stable"), 127)  # the first of the two zeros
    words = _SAMPLES[codes]
    samples = np.arange(0x10000, dtype=np.uint16).view(np.int16)
    found = np.searchsorted((words[1:] + words[:-1]) / 2, samples, side="right")
    return codes[found].astype(np.uint8)


_CODES = _nearest_codes()
assert _CODES[0] == SILENCE  # noqa: S101


class Widener:
    """One stream of mu-law at 8000 Hz to 16-bit little-endian PCM at 24000 Hz."""

    def __init__(self) -> None:
        self._stream = soxr.ResampleStream(NARROW_HZ, WIDE_HZ, 1, "float32", _QUALITY)

    def feed(self, audio: bytes) -> bytes:
        """Take mu-law of any length; return the PCM that it settles, which may be none yet."""
        if not audio:
            return b""
        samples = _SAMPLES.take(np.frombuffer(audio, np.uint8))
        return _pcm(self._stream.resample_chunk(samples)).tobytes()

    def finish(self) -> bytes:
        """Return the rest: six bytes for each byte fed, in all. The stream takes no more."""
        return _pcm(self._stream.resample_chunk(_NOTHING, last=True)).tobytes()


class Narrower:
    """One stream of 16-bit little-endian PCM at 24000 Hz to mu-law at 8000 Hz."""

    def __init__(self) -> None:
        self._stream = soxr.ResampleStream(WIDE_HZ, NARROW_HZ, 1, "float32", _QUALITY)
        self._odd = b""
        self._fed = 0
        self._given = 0

    def feed(self, pcm: bytes) -> bytes:
        """Take PCM of any length, half a sample too; return the mu-law that it settles."""
        pcm = self._odd + pcm
        whole = len(pcm) & ~1
        self._odd = pcm[whole:]
        if not whole:
            return b""
        samples = np.frombuffer(pcm, "<i2", whole // 2)
        self._fed += len(samples)
        return self._codes(self._stream.resample_chunk(samples.astype(np.float32)))

    def finish(self) -> bytes:
        """Return the rest: a byte for each three samples fed, in all. The stream takes no more."""
        return self._codes(self._stream.resample_chunk(_NOTHING, last=True))

    def _codes(self, samples: NDArray[np.float32]) -> bytes:
        # A begun third of a sample would make an item longer than the model knows it to be.
        codes = _CODES.take(_pcm(samples).view(np.uint16))[: self._fed // _RATIO - self._given]
        self._given += len(codes)
        return codes.tobytes()


def _pcm(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    """Return samples as 16 bits; works in place, on arrays that soxr made for us."""
    np.rint(samples, out=samples)
    return samples.clip(-32768, 32767, out=samples).astype("<i2")
