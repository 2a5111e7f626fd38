"""What a caller presses on the keypad: digits become one entry. Holds caller data; never log it."""

from __future__ import annotations

PAUSE_MS = 2_000
"""An entry ends this long after its last digit."""

MOST_DIGITS = 32
"""The longest entry; it ends there."""

END = "#"
"""Ends an entry at once and is not part of it; alone it is an entry itself."""

_KEYS = frozenset("0123456789*#ABCD")


class Keypad:
    """Collects digits. Times are milliseconds of one monotonic clock."""

    def __init__(self) -> None:
        self._digits = ""
        self._deadline: int | None = None

    @property
    def deadline(self) -> int | None:
        """When the entry ends if nothing more is pressed; None while there is none."""
        return self._deadline

    def press(self, key: str, now_ms: int) -> str | None:
        """Take a key; return the entry that it ends, if it ends one."""
        if key not in _KEYS:
            return None
        if key == END:
            return self._take() or END
        self._digits += key
        self._deadline = now_ms + PAUSE_MS
        return self._take() if len(self._digits) == MOST_DIGITS else None

    def pause(self, now_ms: int) -> str | None:
        """Return the entry that ends by now, if one does."""
        return self._take() if self._deadline is not None and now_ms >= self._deadline else None

    def _take(self) -> str:
        digits, self._digits, self._deadline = self._digits, "", None
        return digits


def sentence(digits: str) -> str:
    """Say an entry to a model, and in a transcript."""
    return f"The caller pressed {' '.join(digits)} on the keypad."
