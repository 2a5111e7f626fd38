"""G.711 mu-law at 8000 Hz, mono: lengths, silence, and the way to and from 16-bit samples.

Pure and small: for a call's own audio path nothing here is needed, mu-law goes through as it is.
"""

from __future__ import annotations

import sys
from array import array
from functools import cache

BYTES_PER_MS = 8
SILENCE = 0xFF
FRAME_BYTES = 160
FRAME_MS = 20

_BIAS = 33
_CLIP = 8158


def duration_ms(length: int) -> int:
    """Return how long `length` bytes of mu-law last, in whole milliseconds (rounded down)."""
    return length // BYTES_PER_MS


def length_of(milliseconds: int) -> int:
    """Return how many bytes of mu-law last this long; nothing for a negative time."""
    return max(0, milliseconds) * BYTES_PER_MS


def silence(milliseconds: int) -> bytes:
    """Return this much mu-law silence."""
    return bytes((SILENCE,)) * length_of(milliseconds)


def decode(audio: bytes) -> bytes:
    """Return mu-law as 16-bit little-endian samples."""
    table = _decoding()
    return _little_endian(array("h", [table[byte] for byte in audio])).tobytes()


def encode(pcm: bytes) -> bytes:
    """Return 16-bit little-endian samples as mu-law. An odd last byte is a ValueError."""
    samples = array("h")
    samples.frombytes(pcm)
    table = _encoding()
    return bytes([table[sample & 0xFFFF] for sample in _little_endian(samples)])


def _little_endian(samples: array[int]) -> array[int]:
    if sys.byteorder == "big":  # pragma: no cover - tests run on little-endian machines
        samples.byteswap()
    return samples


@cache
def _decoding() -> tuple[int, ...]:
    """ITU-T G.711 table 2b, scaled from 14 to 16 bits."""

    def sample(code: int) -> int:
        code = ~code & 0xFF
        magnitude = ((code & 0x0F) << 3) + (_BIAS << 2) << ((code & 0x70) >> 4)
        return (_BIAS << 2) - magnitude if code & 0x80 else magnitude - (_BIAS << 2)

    return tuple(sample(code) for code in range(256))


@cache
def _encoding() -> bytes:
    """ITU-T G.711 table 2a, for every 16-bit sample as unsigned index."""

    def code(sample: int) -> int:
        sample >>= 2
        mask = 0x7F if sample < 0 else 0xFF
        magnitude = min(abs(sample), _CLIP) + _BIAS
        segment = max(0, magnitude.bit_length() - 6)
        return (segment << 4 | (magnitude >> (segment + 1)) & 0x0F) ^ mask

    return bytes(code(index - 0x10000 if index & 0x8000 else index) for index in range(0x10000))
