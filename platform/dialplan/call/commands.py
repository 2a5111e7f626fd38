"""What the call machine asks the edge to do. Nothing here does it."""

from __future__ import annotations

from dataclasses import dataclass, field

from dialplan.call.playback import Truncation


@dataclass(frozen=True, slots=True)
class PlaySpeech:
    """Send one media message to the carrier, then one mark with this name."""

    payload: str
    mark: str


@dataclass(frozen=True, slots=True)
class ClearPlayback:
    """Make the carrier drop what it has queued."""


@dataclass(frozen=True, slots=True)
class InterruptEngine:
    """Stop the model's speech and cut its memory of it to what was heard.

    Attributes:
        responses: those to be stopped; what began later answers what the caller cut in with.
        unheard: the model did not hear the caller begin, so that it does not stop by itself.
    """

    truncations: tuple[Truncation, ...]
    responses: frozenset[str] = frozenset()
    unheard: bool = False


@dataclass(frozen=True, slots=True)
class Say:
    """Have the model say this text word for word; the response carries `say_id` back."""

    text: str
    say_id: str


@dataclass(frozen=True, slots=True)
class TellKeys:
    """Tell the model what the caller entered on the keypad, and have it answer."""

    digits: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the call at the carrier."""

    reason: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """Put the caller through."""

    destination: str


@dataclass(frozen=True, slots=True)
class EndStream:
    """Close the media stream, so that the carrier goes on with the verb after it."""

    reason: str


@dataclass(frozen=True, slots=True)
class CloseEngine:
    """End the model's session."""


Command = (
    PlaySpeech
    | ClearPlayback
    | InterruptEngine
    | Say
    | TellKeys
    | HangUp
    | Transfer
    | EndStream
    | CloseEngine
)

Ending = HangUp | Transfer
"""How a call goes on at the carrier after its stream."""
