"""What the switchboard and a call's own runtime know of each other, and of the call's socket."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from dialplan.call.commands import Ending as Ending
from dialplan.protocols.twilio.stream import Stream
from dialplan.runtime.directory import Line


class Leg(Protocol):
    """The caller's side of a call: one media socket."""

    async def receive(self) -> str | bytes | None:
        """Return the next frame; None once the socket is closed."""
        ...

    def listen(self, hear: Callable[[str | bytes | None], None]) -> None:
        """Have `hear` called for every frame from now on, and with None for the end.

        Frames that came since `receive` come first. `hear` must neither block nor raise.
        """
        ...

    def send(self, *texts: str) -> None:
        """Send text frames at once; a closed socket swallows them."""
        ...

    @property
    def writable(self) -> bool:
        """Whether the carrier takes what is sent; if not, wait for `drained` before more."""
        ...

    async def drained(self) -> None:
        """Wait until the carrier has taken most of what was sent, or is gone."""
        ...

    async def close(self) -> None:
        """Close the socket; closing twice is fine."""
        ...


class AttendedCall(Protocol):
    """One call's runtime: dialled at the webhook, run once the stream is there."""

    async def prepare(self) -> None:
        """Reach the model. Raises EngineError when that fails; safe to cancel."""
        ...

    async def run(self, leg: Leg, stream: Stream) -> Ending | None:
        """Carry the call to its end; return how it is to end at the carrier, None if it is over."""
        ...

    async def discard(self) -> None:
        """Let go of everything that `prepare` opened; safe at any time, safe twice."""
        ...


@dataclass(frozen=True, slots=True)
class CallRequest:
    """A call that is to be attended. `caller` is as Twilio said it, maybe not a number."""

    call_sid: str
    account_sid: str
    caller: str = field(repr=False)
    line: Line


MakeCall = Callable[[CallRequest], AttendedCall]
