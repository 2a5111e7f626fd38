"""What a conversation wants done by its owner, who may wait, think, hear and speak."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Transcribe:
    """Hear this mu-law audio and report by `heard` or `unheard`."""

    item_id: str
    audio: bytes


@dataclass(frozen=True, slots=True)
class Generate:
    """Ask the mind for this response, once nothing is left unheard."""

    response_id: str


@dataclass(frozen=True, slots=True)
class Abandon:
    """Stop generating this response."""

    response_id: str


Work = Transcribe | Generate | Abandon
