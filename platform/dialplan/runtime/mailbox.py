"""Where all that happens in a call is put, by whoever it happens to, for the task that owns it.

It knows nobody of the call but the inbox and who looks on: what tells of a call never holds the
call, so that a call that is over is gone at once and waits for no round of the garbage collector.
"""

from __future__ import annotations

from dataclasses import dataclass

from dialplan.call.events import CallEvent, EngineLost
from dialplan.engines.engine import EngineEvent
from dialplan.runtime.inbox import Inbox
from dialplan.runtime.observer import CallObserver

# A second of talk makes some 60 events; a backlog of this size means that the loop stands still.
MOST_EVENTS = 5_000


@dataclass(frozen=True, slots=True)
class Filler:
    """Words for the caller while a tool works."""

    text: str


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of ours while a frame was taken."""

    error: Exception


Happened = CallEvent | EngineEvent | Filler | Fault


class Mailbox:
    """One call's events; `inbox` is for the call's own task alone."""

    def __init__(self, observer: CallObserver) -> None:
        self._observer = observer
        self.inbox: Inbox[Happened] = Inbox(MOST_EVENTS)

    def put(self, event: Happened) -> None:
        """Note an event; neither blocks nor raises."""
        self._observer.arrived(event)
        if not self.inbox.put(event):
            # The last one that it still takes, and the end of the call.
            self.inbox.replace(EngineLost("inbox_full"))

    def speak(self, text: str) -> None:
        """Have words said while a tool works."""
        self.put(Filler(text))
