"""What the server logged about each call, kept for the reader of a failure."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self


class Logbook(logging.Handler):
    """Keeps warnings and errors by call; nothing of them reaches the terminal."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._kept: dict[str, list[str]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one record, with why and of which tool where it says so."""
        facts = [getattr(record, name, None) for name in ("tool", "reason", "kind")]
        words = ": ".join(str(one) for one in (record.getMessage(), *facts) if one)
        self._kept.setdefault(str(getattr(record, "call_sid", "")), []).append(words)

    def of(self, call_sid: str) -> list[str]:
        """Return what was logged about a call, oldest first."""
        return list(self._kept.get(call_sid, ()))

    @contextmanager
    def reading(self) -> Iterator[Self]:
        """Take what the platform logs for as long as a block lasts."""
        logger = logging.getLogger("dialplan")
        before, logger.propagate = logger.propagate, False
        logger.addHandler(self)
        try:
            yield self
        finally:
            logger.removeHandler(self)
            logger.propagate = before
