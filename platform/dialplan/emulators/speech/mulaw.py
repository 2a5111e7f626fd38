"""G.711 mu-law and sample rates, on whole buffers.

Samples are float32 in -1..1 or int16. Nothing here keeps state between buffers: it is not for
resampling a stream piece by piece.
"""

from __future__ import annotations

from functools import lru_cache
from math import gcd

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

RATE = 8000
"""Samples, and bytes, a second of telephone audio."""

SILENCE = 0xFF
"""The code of +0."""

Samples = NDArray[np.float32]

_FULL = 32768.0
_PASS, _STOP = 0.425, 0.5  # of the lower rate: 3400 and 4000 Hz on the telephone
_KAISER_BETA = 6.2  # about 65 dB down in the stop band
_TAPS_PER_WIDTH = 3.9  # taps x transition width (in cycles a sample) for that beta


def decode(audio: bytes) -> NDArray[np.int16]:
    """Return the 16-bit samples of mu-law codes (ITU-T G.711 table 2, values x 4)."""
    return _decoding()[np.frombuffer(audio, dtype=np.uint8)]


def encode(samples: NDArray[np.int16]) -> bytes:
    """Return the mu-law codes of 16-bit samples (ITU-T G.711 table 2)."""
    return _encoding()[samples.view(np.uint16)].tobytes()


def to_samples(audio: bytes) -> Samples:
    """Return mu-law audio as floats in -1..1."""
    return decode(audio).astype(np.float32) / np.float32(_FULL)


def from_samples(samples: Samples) -> bytes:
    """Return floats in -1..1 as mu-law audio; what is louder is clipped."""
    scaled = np.clip(np.round(samples * _FULL), -32768, 32767)
    return encode(scaled.astype(np.int16))


def resample(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    """Return the samples at another rate, low-passed at 0.425 of the lower one, not shifted."""
    if from_hz == to_hz or not len(samples):
        return samples
    shared = gcd(from_hz, to_hz)
    up, down = to_hz // shared, from_hz // shared
    bank = _bank(up, down)
    half = bank.shape[1] // 2
    count = -(-len(samples) * up // down)
    padded = np.concatenate(
        [np.zeros(half, np.float32), samples, np.zeros(half + down + 1, np.float32)]
    )
    windows = sliding_window_view(padded, bank.shape[1])
    out = np.empty(count, dtype=np.float32)
    # output n lies at n*down/up of the input; all outputs of one phase share one filter
    for n in range(min(up, count)):
        at, phase = divmod(n * down, up)
        mine = len(range(n, count, up))
        out[n::up] = windows[at : at + (mine - 1) * down + 1 : down] @ bank[phase]
    return out


@lru_cache(maxsize=16)
def _bank(up: int, down: int) -> NDArray[np.float32]:
    """One row of taps a phase: a Kaiser-windowed sinc, each row of unit gain at 0 Hz."""
    lower = min(1.0, up / down)  # the lower rate, in input samples
    width = (_STOP - _PASS) * lower
    cutoff = (_STOP + _PASS) / 2 * lower
    half = int(np.ceil(_TAPS_PER_WIDTH / width / 2))
    phases = np.arange(up)[:, None] / up
    at = np.arange(-half, half + 1)[None, :] - phases
    window = np.i0(_KAISER_BETA * np.sqrt(np.clip(1 - (at / (half + 1)) ** 2, 0, 1)))
    taps = 2 * cutoff * np.sinc(2 * cutoff * at) * window
    return np.asarray(taps / taps.sum(axis=1, keepdims=True), dtype=np.float32)


@lru_cache(maxsize=1)
def _decoding() -> NDArray[np.int16]:
    codes = np.arange(256) ^ 0xFF
    segment, step = codes >> 4 & 7, codes & 15
    magnitude = ((2 * step + 33) << segment) - 33  # 14-bit
    return np.where(codes & 0x80, -magnitude * 4, magnitude * 4).astype(np.int16)


@lru_cache(maxsize=1)
def _encoding() -> NDArray[np.uint8]:
    linear = np.arange(65536).astype(np.uint16).view(np.int16).astype(np.int32)
    # G.711 works on 14 bits; the negative half mirrors the positive one (-1 is the first below 0)
    magnitude = np.minimum((np.where(linear < 0, ~linear, linear) >> 2) + 33, 0x1FFF)
    segment = np.floor(np.log2(magnitude)).astype(np.int32) - 5
    step = magnitude >> (segment + 1) & 15
    codes = (segment << 4 | step) ^ np.where(linear < 0, 0x7F, 0xFF)
    return np.asarray(codes, dtype=np.uint8)
