"""What happens in this process's calls, now: kept while a call runs, and told to whoever listens.

A listener that falls behind is let go, never waited for. Facts of a call stay here until shortly
after its end, so that nobody has to ask the database about a call that is up.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime

from dialplan.store.facts import CallBegan, CallEnded, Fact

# A long call makes some hundreds of facts.
MOST_FACTS = 5_000
# Ended calls whose last facts may not have reached the database yet.
MOST_ENDED = 50
MOST_LISTENERS = 100
MOST_BEHIND = 500


@dataclass(frozen=True, slots=True)
class Speaking:
    """Another one speaks now: `caller`, `agent`, or nobody (empty). Told, never written down."""

    call_sid: str
    at: datetime
    who: str
    agent: str


@dataclass(frozen=True, slots=True)
class ToolBegan:
    """A tool was asked for and works now. Told, never written down."""

    call_sid: str
    at: datetime
    agent: str
    tool: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The last thing a listener hears: `reason` says why there is no more."""

    reason: str


Moment = Fact | Speaking | ToolBegan


@dataclass(slots=True)
class LiveCall:
    """A call that is up, or ended a moment ago.

    `process` is the one that has it, empty for this one; of another one's call nothing is known of
    who speaks and which tools work.
    """

    began: CallBegan
    facts: list[Fact] = field(default_factory=list)
    left_out: int = 0
    speaking: Speaking | None = None
    tools: list[ToolBegan] = field(default_factory=list)
    ended: CallEnded | None = None
    process: str = ""


class Listener:
    """One who is told everything, or everything of one call; holds at most `limit` moments."""

    def __init__(self, call_sid: str | None, limit: int) -> None:
        self.call_sid = call_sid
        self._moments: asyncio.Queue[Moment | Lost] = asyncio.Queue(limit)
        self._over = False

    async def next(self) -> Moment | Lost:
        """Return the next moment; after `Lost` there is none."""
        return await self._moments.get()

    def tell(self, moment: Moment) -> None:
        """Put a moment; one too many, and only `Lost` is left."""
        if self._over or self.call_sid not in (None, moment.call_sid):
            return
        if self._moments.full():
            self.leave("you fell behind: fetch again, then listen again")
            return
        self._moments.put_nowait(moment)

    def leave(self, reason: str) -> None:
        """Drop what waits and say goodbye."""
        self._over = True
        while not self._moments.empty():
            self._moments.get_nowait()
        self._moments.put_nowait(Lost(reason))


class LiveCalls:
    """The calls of this process as they happen."""

    def __init__(self, *, limit: int = MOST_BEHIND) -> None:
        self._limit = limit
        self._calls: dict[str, LiveCall] = {}
        self._ended: OrderedDict[str, LiveCall] = OrderedDict()
        self._listeners: set[Listener] = set()

    def running(self) -> list[LiveCall]:
        """Return the calls that are up, the newest first."""
        return sorted(self._calls.values(), key=lambda one: one.began.at, reverse=True)

    def call(self, call_sid: str) -> LiveCall | None:
        """Return a call that is up or ended a moment ago."""
        return self._calls.get(call_sid) or self._ended.get(call_sid)

    def note(self, fact: Fact) -> None:
        """Take a fact; never blocks."""
        if isinstance(fact, CallBegan):
            self._calls[fact.call_sid] = LiveCall(fact)
        call = self._calls.get(fact.call_sid)
        if call is not None:
            if len(call.facts) < MOST_FACTS or isinstance(fact, CallEnded):
                call.facts.append(fact)
            else:
                call.left_out += 1
            if isinstance(fact, CallEnded):
                self._end(call, fact)
        self._tell(fact)

    def speaks(self, moment: Speaking) -> None:
        """Take note of who speaks now."""
        call = self._calls.get(moment.call_sid)
        if call is not None:
            call.speaking = moment
            self._tell(moment)

    def tool_began(self, moment: ToolBegan) -> None:
        """Take note of a tool at work."""
        call = self._calls.get(moment.call_sid)
        if call is not None:
            call.tools.append(moment)
            self._tell(moment)

    def tool_over(self, moment: ToolBegan) -> None:
        """Take note that a tool works no more; its fact tells how it went."""
        call = self._calls.get(moment.call_sid)
        if call is not None and moment in call.tools:
            call.tools.remove(moment)

    def listen(self, call_sid: str | None = None) -> Listener | None:
        """Return a listener that is told all from now on; None when too many listen already."""
        if len(self._listeners) >= MOST_LISTENERS:
            return None
        listener = Listener(call_sid, self._limit)
        self._listeners.add(listener)
        return listener

    def forget(self, listener: Listener) -> None:
        """Tell a listener nothing more."""
        self._listeners.discard(listener)

    def close(self) -> None:
        """Send every listener home: the process stops."""
        for listener in self._listeners:
            listener.leave("this server stops")

    def _end(self, call: LiveCall, fact: CallEnded) -> None:
        call.ended, call.speaking = fact, None
        call.tools.clear()
        del self._calls[fact.call_sid]
        self._ended[fact.call_sid] = call
        if len(self._ended) > MOST_ENDED:
            self._ended.popitem(last=False)

    def _tell(self, moment: Moment) -> None:
        for listener in self._listeners:
            listener.tell(moment)
