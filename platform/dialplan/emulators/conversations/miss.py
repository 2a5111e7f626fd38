"""An expectation that was not met, and how it is said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Steps = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Miss:
    """An expectation that was not met. `at` is the way to it in the conversation's file."""

    at: Steps
    expected: str
    got: str


def listed(parts: Iterable[str]) -> str:
    """Return parts in a row."""
    return "; ".join(parts)
