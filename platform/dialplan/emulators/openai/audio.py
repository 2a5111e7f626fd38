"""The three wire formats of Realtime audio to and from mu-law 8000 Hz, which is used inside.

G.711 (ITU-T G.711 tables 1a and 2a) and 16-bit little-endian PCM at 24000 Hz. Encoders and decoders
keep state between chunks, so that a stream cut anywhere sounds the same.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

AudioFormat = Literal["audio/pcm", "audio/pcmu", "audio/pcma"]

BYTES_PER_MS: Final = 8
"""Mu-law bytes in one millisecond."""

_UPSAMPLING: Final = 3
_TAPS: Final = 33
_CUTOFF: Final = 3600 / 24000

Samples = NDArray[np.int16]


def duration_ms(length: int) -> int:
    """Milliseconds that `length` mu-law bytes last, a begun one counted whole."""
    return -(-length // BYTES_PER_MS)


@functools.cache
def _mu_law() -> Samples:
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    magnitude = ((((code & 0x0F) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


@functools.cache
def _a_law() -> Samples:
    code = np.arange(256, dtype=np.int32) ^ 0x55
    exponent = (code >> 4) & 7
    mantissa = (code & 0x0F) << 4
    magnitude = np.where(
        exponent == 0, mantissa + 8, (mantissa + 0x108) << np.maximum(exponent - 1, 0)
    )
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


def _compress(samples: Samples, law: Callable[[], Samples]) -> bytes:
    """Take the nearest code word of `law` for each sample; of the two zeros the positive one."""
    codes, edges = _nearest(law)
    return codes[np.searchsorted(edges, samples.astype(np.float64), side="right")].tobytes()


@functools.cache
def _nearest(law: Callable[[], Samples]) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    table = law()
    codes = np.argsort(table, kind="stable").astype(np.uint8)
    words = table[codes]
    edges = (words[1:].astype(np.float64) + words[:-1]) / 2
    return codes, edges


def _expand(audio: bytes, law: Callable[[], Samples]) -> Samples:
    return law()[np.frombuffer(audio, dtype=np.uint8)]


class Decoder:
    """Audio of one wire format, in any cuts, to mu-law 8000 Hz."""

    def __init__(self, form: AudioFormat) -> None:
        self.form: Final = form
        self._odd = b""
        self._history: NDArray[np.float64] = np.zeros(_TAPS - 1)
        self._phase = 0

    def decode(self, data: bytes) -> bytes:
        """Return the mu-law audio that `data` completes."""
        match self.form:
            case "audio/pcmu":
                return data
            case "audio/pcma":
                return _compress(_expand(data, _a_law), _mu_law)
            case "audio/pcm":
                return self._from_pcm(data)

    def _from_pcm(self, data: bytes) -> bytes:
        data = self._odd + data
        whole = len(data) & ~1
        self._odd = data[whole:]
        samples = np.frombuffer(data[:whole], dtype="<i2").astype(np.float64)
        if not len(samples):
            return b""
        joined = np.concatenate([self._history, samples])
        self._history = joined[len(joined) - (_TAPS - 1) :]
        low = np.convolve(joined, _low_pass(), mode="valid")
        kept = low[self._phase :: _UPSAMPLING]
        self._phase = (self._phase - len(low)) % _UPSAMPLING
        return _compress(np.clip(np.rint(kept), -32768, 32767).astype(np.int16), _mu_law)


class Encoder:
    """Mu-law 8000 Hz audio, in any cuts, to one wire format."""

    def __init__(self, form: AudioFormat) -> None:
        self.form: Final = form
        self._last = 0.0

    def encode(self, audio: bytes) -> bytes:
        """Return `audio` in the wire format."""
        match self.form:
            case "audio/pcmu":
                return audio
            case "audio/pcma":
                return _compress(_expand(audio, _mu_law), _a_law)
            case "audio/pcm":
                return self._to_pcm(audio)

    def _to_pcm(self, audio: bytes) -> bytes:
        if not audio:
            return b""
        samples = _expand(audio, _mu_law).astype(np.float64)
        known = np.concatenate([[self._last], samples])
        self._last = float(samples[-1])
        at = np.arange(1, len(samples) * _UPSAMPLING + 1) / _UPSAMPLING
        between = np.interp(at, np.arange(len(known)), known)
        samples_out: Samples = np.rint(between).astype("<i2")
        return samples_out.tobytes()


@functools.cache
def _low_pass() -> NDArray[np.float64]:
    n = np.arange(_TAPS) - (_TAPS - 1) / 2
    taps = np.sinc(2 * _CUTOFF * n) * np.hamming(_TAPS)
    result: NDArray[np.float64] = taps / taps.sum()
    return result
