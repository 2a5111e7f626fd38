"""What of the agents' speech was queued at the carrier, and what the caller proved to have heard.

Proof is a returned mark and nothing else; this must not guess from a clock. Twilio plays queued
media in order and returns a mark once everything before it was played; after a `clear` it returns
the outstanding marks too ("Media Streams - WebSocket Messages", mark and clear), so marks carry a
generation and those of an older one prove nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

BYTES_PER_MS = 8
"""Mu-law at 8 kHz: one byte a sample, eight samples a millisecond."""


_MOST_DIGITS = 9
"""Of the milliseconds in a mark: eleven days."""


@dataclass(frozen=True, slots=True)
class Truncation:
    """An item of speech to cut at what was heard; 0 ms means that nothing of it was."""

    item_id: str
    content_index: int
    audio_end_ms: int


@dataclass(slots=True)
class _Spoken:
    content_index: int
    queued_bytes: int = 0
    heard_ms: int = 0
    finished: bool = False

    @property
    def queued_ms(self) -> int:
        return self.queued_bytes // BYTES_PER_MS

    @property
    def played(self) -> bool:
        return self.heard_ms >= self.queued_ms


def payload_bytes(payload_b64: str) -> int:
    """Return how many bytes a base64 text stands for, without decoding it."""
    return len(payload_b64) * 3 // 4 - payload_b64[-2:].count("=")


class PlaybackLedger:
    """Items queued since the last clear, oldest first. Times are milliseconds into an item."""

    def __init__(self) -> None:
        self._generation = 0
        self._items: dict[str, _Spoken] = {}
        self._cut: set[str] = set()

    @property
    def idle(self) -> bool:
        """Whether everything queued since the last clear was heard."""
        # Asked for at every event: a loop takes a quarter of what `all` takes.
        for item in self._items.values():
            if item.heard_ms < item.queued_bytes // BYTES_PER_MS:
                return False
        return True

    @property
    def ahead_ms(self) -> int:
        """How much is queued that was not heard yet."""
        return sum(item.queued_ms - item.heard_ms for item in self._items.values())

    def queue(self, item_id: str, content_index: int, size: int) -> str | None:
        """Note `size` bytes as sent; return the mark to send after them, None for a cut item."""
        if item_id in self._cut:
            return None
        item = self._items.get(item_id)
        if item is None:
            item = self._items[item_id] = _Spoken(content_index)
        item.queued_bytes += size
        return f"{self._generation}:{item_id}:{item.queued_ms}"

    def finish(self, item_id: str) -> None:
        """Note that the model will send no more audio for an item."""
        item = self._items.get(item_id)
        if item is not None:
            item.finished = True
            self._forget_played(item_id, item)

    def heard(self, mark: str) -> bool:
        """Take a returned mark; return whether it proved anything."""
        generation, _, rest = mark.partition(":")
        item_id, _, ms = rest.rpartition(":")
        item = self._items.get(item_id)
        if item is None or generation != str(self._generation) or not ms.isdecimal():
            return False
        if len(ms) > _MOST_DIGITS:
            return False  # none of ours, and int() refuses what is very long
        if not item.heard_ms <= int(ms) <= item.queued_ms:
            return False
        item.heard_ms = int(ms)
        self._forget_played(item_id, item)
        return True

    def clear(self) -> tuple[Truncation, ...]:
        """Forget all that is queued; return where to cut each item the caller did not hear out.

        An item the model is still sending is cut even when all that came so far was heard, since
        the model's own copy runs ahead of what arrived here.
        """
        cuts = tuple(
            Truncation(item_id, item.content_index, item.heard_ms)
            for item_id, item in self._items.items()
        )
        self._cut.update(self._items)
        self._items.clear()
        self._generation += 1
        return cuts

    def _forget_played(self, item_id: str, item: _Spoken) -> None:
        if item.finished and item.played:
            del self._items[item_id]
