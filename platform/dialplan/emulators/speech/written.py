"""Written speech: mu-law audio that carries its own words in band.

With it a call over the real protocols is exact and fast: what was "said" can be read back from
the bytes, also when playback was cut off. It is for tests and rehearsals and needs no package
beyond Python. On a line that re-encodes audio only what is written as `resampled` can be read.

One word is one slot of audio: a tone, then a packet at the slot's end, so a word can be read only
when all of its slot was played. Packets use the loudest codes (0x0X, 0x8X alternating), the marks
before them codes that neither packets nor the tone use: reading needs no alignment.
"""

from __future__ import annotations

import math
import re
from binascii import crc_hqx
from collections.abc import Callable, Iterator

from dialplan.emulators.speech import signs
from dialplan.emulators.speech.ports import Ear, SpeechStarted, SpeechStopped

_BYTES_PER_MS = 8
_MARK = bytes([0x1B, 0x9B, 0x1B, 0x1E, 0x9E, 0x1E])
_PACKET = re.compile(_MARK + rb"((?:[\x00-\x0f][\x80-\x8f]){5,})", re.DOTALL)
_HEADER = 2 + 2  # length of the word in bytes, CRC-16 of the word
_LONGEST_WORD = 4096

# one cycle of 1 kHz at about -15 dBFS, as mu-law codes
_TONE = bytes([0xFF, 0xA5, 0x9F, 0xA5, 0x7F, 0x25, 0x1F, 0x25])

# |sample| / 32 of each code, at most 255: enough to tell speech from line noise
_MAGNITUDES = bytes(
    min(255, (((2 * ((code ^ 0xFF) & 15) + 33) << ((code ^ 0xFF) >> 4 & 7)) - 33) * 4 // 32)
    for code in range(256)
)


def write(text: str, *, ms_per_word: int = 60, min_ms: int = 120, resampled: bool = False) -> bytes:
    """Return mu-law audio that carries `text`, white space folded; empty for no words.

    A word as `resampled` survives another sample rate; it takes 18 ms and 3 more a letter.
    """
    words = text.split()
    pack = signs.packet if resampled else _packet
    slots = []
    for word in words:
        raw = word.encode()
        pieces = [raw[at : at + _LONGEST_WORD] for at in range(0, len(raw), _LONGEST_WORD)]
        packets = b"".join(
            pack(piece, more=at + 1 < len(pieces)) for at, piece in enumerate(pieces)
        )
        slots.append(_tone(ms_per_word * _BYTES_PER_MS - len(packets)) + packets)
    if not slots:
        return b""
    lead = min_ms * _BYTES_PER_MS - sum(map(len, slots))
    return _tone(lead) + b"".join(slots)


def read(audio: bytes) -> str | None:
    """Return the words written in `audio`, in order, joined by spaces; None when there are none."""
    exact = _words(_packets(audio))
    words = exact or _words(signs.packets(audio))
    return " ".join(words) if words else None


def _words(packets: Iterator[tuple[bytes, bool] | None]) -> list[str]:
    words: list[str] = []
    begun = b""
    for packet in packets:
        if packet is None:
            begun = b""
            continue
        piece, more = packet
        begun += piece
        if not more:
            words.append(begun.decode(errors="replace"))
            begun = b""
    return words


def _packets(audio: bytes) -> Iterator[tuple[bytes, bool] | None]:
    """Yield each packet and whether more of its word follows; None for a damaged one."""
    for found in _PACKET.finditer(audio):
        nibbles = found.group(1)
        raw = bytes(
            (nibbles[at] & 15) << 4 | (nibbles[at + 1] & 15) for at in range(0, len(nibbles), 2)
        )
        size = int.from_bytes(raw[:2])
        more, size = bool(size & 0x8000), size & 0x7FFF
        piece = raw[_HEADER : _HEADER + size]
        whole = len(piece) == size and crc_hqx(piece, 0xFFFF) == int.from_bytes(raw[2:_HEADER])
        yield (piece, more) if whole else None


class WrittenVoice:
    """A voice whose audio carries the words themselves, over another rate where `resampled`."""

    def __init__(
        self,
        *,
        ms_per_word: int | Callable[[], int] = 60,
        min_ms: int = 120,
        resampled: bool = False,
    ) -> None:
        """Args: the pace, or what tells it before each sentence; the shortest sentence."""
        self._ms_per_word = ms_per_word
        self._min_ms = min_ms
        self._resampled = resampled

    def over_resampling(self) -> WrittenVoice:
        """Return the same voice for a line that changes the sample rate on the way."""
        return WrittenVoice(ms_per_word=self._ms_per_word, min_ms=self._min_ms, resampled=True)

    async def speak(self, text: str) -> bytes:
        """Return the sentence as written speech."""
        pace = self._ms_per_word
        return write(
            text,
            ms_per_word=pace if isinstance(pace, int) else pace(),
            min_ms=self._min_ms,
            resampled=self._resampled,
        )


class WrittenEar:
    """Reads written speech; gives other audio to another ear, or hears nothing in it."""

    def __init__(self, otherwise: Ear | None = None) -> None:
        self._otherwise = otherwise

    async def hear(self, audio: bytes) -> str:
        """Return what was written, else what the other ear hears."""
        written = read(audio)
        if written is not None:
            return written
        return await self._otherwise.hear(audio) if self._otherwise else ""


class EnergyDetector:
    """Voice activity by loudness alone: exact on written speech, fair on a quiet line.

    Args:
        threshold: 0..1 as in `turn_detection`; 0.5 is a mean magnitude of -40 dBFS, 0.1 is 4 dB.
        prefix_padding_ms: how far before its proof an onset may be placed, at most.
        silence_duration_ms: quiet that ends speech.
    """

    _FRAME = 10 * _BYTES_PER_MS
    _PROOF = 2  # loud frames in a row that make an onset: a click has fewer

    def __init__(
        self,
        *,
        threshold: float = 0.5,
        prefix_padding_ms: int = 300,
        silence_duration_ms: int = 500,
    ) -> None:
        mean = 32768 / 32 * math.pow(10, (-60 + 40 * threshold) / 20)
        self._limit = mean * self._FRAME
        self._back = max(self._PROOF, prefix_padding_ms // 10)
        self._quiet_limit = max(1, silence_duration_ms // 10)
        self._rest = b""
        self._frames = 0
        self._loud = 0
        self._quiet = 0
        self._speaking = False

    def feed(self, audio: bytes) -> list[SpeechStarted | SpeechStopped]:
        """Take audio of any length; return the starts and ends that it proves."""
        events: list[SpeechStarted | SpeechStopped] = []
        data = self._rest + audio
        whole = len(data) - len(data) % self._FRAME
        for at in range(0, whole, self._FRAME):
            magnitude = sum(data[at : at + self._FRAME].translate(_MAGNITUDES))
            self._frames += 1
            if magnitude >= self._limit:
                self._loud += 1
                self._quiet = 0
                if not self._speaking and self._loud >= self._PROOF:
                    self._speaking = True
                    events.append(SpeechStarted((self._frames - min(self._loud, self._back)) * 10))
                continue
            self._loud = 0
            self._quiet += 1
            if self._speaking and self._quiet >= self._quiet_limit:
                self._speaking = False
                events.append(SpeechStopped((self._frames - self._quiet) * 10))
        self._rest = data[whole:]
        return events


def _packet(piece: bytes, *, more: bool) -> bytes:
    raw = (len(piece) | 0x8000 * more).to_bytes(2) + crc_hqx(piece, 0xFFFF).to_bytes(2) + piece
    return _MARK + bytes(code for byte in raw for code in (byte >> 4, 0x80 | (byte & 15)))


def _tone(length: int) -> bytes:
    return (_TONE * (max(0, length) // len(_TONE) + 1))[: max(0, length)]
