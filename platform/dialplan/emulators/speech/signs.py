"""Packets of written speech that survive another sample rate: bits in the signs of a slow wave.

A bit is three samples of one sign, at most 1.3 kHz, and one of them is read, whichever the check
sum confirms: neither a filter that keeps the telephone's band nor a delay of part of a sample
moves an edge so far that all three are lost.
Eight times as long as the packets of a line that keeps every byte, which `written` uses otherwise.
"""

from __future__ import annotations

import re
from binascii import crc_hqx
from collections.abc import Iterator

_WIDTH = 3
_SYNC = 0b1111_1001_1010_1101
_SYNC_BITS = 16
_HEADER_BITS = 32
_LEVELS = (b"\x1f", b"\x9f")
"""Mu-law of one magnitude, about -12 dBFS, negative and positive."""

_SIGNS = bytes(b"01"[code >> 7] for code in range(256))
# A lookahead, so that a chance likeness hides no packet that begins inside it.
_BEGINS = re.compile(
    b"(?=" + b"".join(b".%c." % bit for bit in f"{_SYNC:b}".encode()) + b")", re.DOTALL
)


def packet(piece: bytes, *, more: bool) -> bytes:
    """Return mu-law that carries `piece`, at most 32,767 bytes; `more` is read back with it."""
    raw = (len(piece) | 0x8000 * more).to_bytes(2) + crc_hqx(piece, 0xFFFF).to_bytes(2) + piece
    bits = f"{_SYNC:b}" + "".join(f"{byte:08b}" for byte in raw)
    return b"".join(_LEVELS[bit == "1"] * _WIDTH for bit in bits)


def packets(audio: bytes) -> Iterator[tuple[bytes, bool]]:
    """Yield each whole packet in mu-law and whether more of its word follows, in order."""
    signs = audio.translate(_SIGNS)
    end = 0
    for found in _BEGINS.finditer(signs):
        if found.start() < end:
            continue
        first = found.start() + _SYNC_BITS * _WIDTH + _WIDTH // 2
        header = signs[first : first + _HEADER_BITS * _WIDTH : _WIDTH]
        if len(header) < _HEADER_BITS:
            return
        size, checksum = int(header[1:16], 2), int(header[16:], 2)
        at = first + _HEADER_BITS * _WIDTH
        bits = signs[at : at + size * 8 * _WIDTH : _WIDTH]
        if not size or len(bits) < size * 8:
            continue
        piece = int(bits, 2).to_bytes(size)
        if crc_hqx(piece, 0xFFFF) == checksum:
            end = at + (size * 8 - 1) * _WIDTH
            yield piece, header[:1] == b"1"
