"""Keeps a library from saying the same thing over and over while the database is away."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

QUIET_S = 60.0
"""How long the same is not said again, in seconds."""
SAME = 32
"""By so many characters of its beginning two messages are the same."""
MOST_KINDS = 200
MOST_TEXT = 300


def calm(now: Callable[[], float] = time.monotonic) -> Callable[[logging.LogRecord], bool]:
    """Return a filter for a logger; it shortens messages to their first line too."""
    said: dict[str, float] = {}

    def passes(record: logging.LogRecord) -> bool:
        line = record.getMessage().split("\n", 1)[0][:MOST_TEXT]
        kind, at = line[:SAME], now()
        if at - said.get(kind, at - QUIET_S) < QUIET_S:
            return False
        if len(said) >= MOST_KINDS:
            said.clear()
        said[kind] = at
        record.msg, record.args = line, ()
        return True

    return passes
