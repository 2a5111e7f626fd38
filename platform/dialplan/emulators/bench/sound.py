"""The audio of emulated calls: unlike any other call's, and checked byte by byte on arrival. Pure.

Each direction of a call is an endless row of units of one size. A unit names its call, its
direction and its number, so that what is lost, late or another call's is known for what it is; the
rest of it is noise that differs from unit to unit.
"""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass, field
from typing import Final, Literal

Direction = Literal["up", "down"]

_HEADER: Final = struct.Struct("<HBBI")
_DIRECTIONS: Final[dict[Direction, int]] = {"up": 0x55, "down": 0xAA}
_CHECK: Final = 0x5A
# Not a secret: the same noise for all calls, begun elsewhere for every unit.
_NOISE: Final = random.Random(20).randbytes(1 << 16)  # noqa: S311
_MOST_MISSING: Final = 100_000


@dataclass(frozen=True, slots=True)
class Sound:
    """One direction of a call; `size` is bytes of a unit, at least 16."""

    call: int
    direction: Direction
    size: int

    def unit(self, number: int) -> bytes:
        """Return the unit of this number, from 0."""
        start = (number * 7_919 + self.call * 104_729) % (len(_NOISE) - self.size)
        head = _HEADER.pack(self.call & 0xFFFF, _DIRECTIONS[self.direction], _CHECK, number)
        return head + _NOISE[start : start + self.size - _HEADER.size]


@dataclass(slots=True)
class Tally:
    """What was wrong with the audio that arrived, in units but for `damaged` (bytes)."""

    lost: int = 0
    reordered: int = 0
    repeated: int = 0
    foreign: int = 0
    damaged: int = 0

    @property
    def clean(self) -> bool:
        """Whether everything arrived once, in order and unharmed."""
        return not (self.lost or self.reordered or self.repeated or self.foreign or self.damaged)

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.lost + other.lost,
            self.reordered + other.reordered,
            self.repeated + other.repeated,
            self.foreign + other.foreign,
            self.damaged + other.damaged,
        )


@dataclass(slots=True)
class Listener:
    """Matches what arrives of a sound, in pieces of any length, against what was sent.

    Attributes:
        next: the number of the unit that is due; all before it came, or are missing.
    """

    sound: Sound
    next: int = 0
    tally: Tally = field(default_factory=Tally)
    _pending: bytes = b""
    _missing: set[int] = field(default_factory=set)

    def take(self, piece: bytes) -> range:
        """Take the next bytes; return the numbers of the units that were completed in order."""
        first = self.next
        size = self.sound.size
        if not self._pending and len(piece) == size and piece == self.sound.unit(first):
            self.next = first + 1
            return range(first, first + 1)
        self._pending += piece
        while len(self._pending) >= size:
            if self._pending[:size] == self.sound.unit(self.next):
                self._pending = self._pending[size:]
                self.next += 1
            else:
                first = self._resume(first)
        return range(first, self.next)

    def close(self, sent: int) -> Tally:
        """Return the final tally, given how many units were sent in all."""
        if self._pending:
            self.tally.damaged += len(self._pending)
            self._pending = b""
        self.tally.lost = len(self._missing) + max(0, sent - self.next)
        return self.tally

    def _resume(self, first: int) -> int:
        """Make sense of a unit that is not the due one; return where the row in order begins."""
        size = self.sound.size
        call, direction, check, number = _HEADER.unpack_from(self._pending)
        known = check == _CHECK and direction in _DIRECTIONS.values()
        if known and (call, direction) != (
            self.sound.call & 0xFFFF,
            _DIRECTIONS[self.sound.direction],
        ):
            self.tally.foreign += 1
            self._pending = self._pending[size:]
        elif known and self._pending[:size] == self.sound.unit(number):
            self._pending = self._pending[size:]
            return self._jump(number, first)
        else:
            self._skip_damage()
        return first

    def _jump(self, number: int, first: int) -> int:
        if number in self._missing:
            self._missing.discard(number)
            self.tally.reordered += 1
        elif number < self.next or number - self.next > _MOST_MISSING:
            self.tally.repeated += 1
        else:
            self._missing.update(range(self.next, number))
            self.next = number + 1
            return number
        return first

    def _skip_damage(self) -> None:
        """Drop bytes up to where a unit of ours may begin."""
        head = _HEADER.pack(self.sound.call & 0xFFFF, _DIRECTIONS[self.sound.direction], _CHECK, 0)[
            :4
        ]
        at = self._pending.find(head, 1)
        if at < 0:
            # The last bytes may be the beginning of a head.
            at = len(self._pending) - len(head) + 1
        self.tally.damaged += at
        self._pending = self._pending[at:]
