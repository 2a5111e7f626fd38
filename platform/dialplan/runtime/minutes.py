"""The minutes of one call: what happened, as facts in the order it happened."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from dialplan.call.transcript import Line
from dialplan.call.turns import Turn
from dialplan.runtime.attended import CallRequest
from dialplan.runtime.clock import Clock
from dialplan.store.facts import (
    CallBegan,
    CallEnded,
    Fact,
    HandedOff,
    ToolRan,
    TurnSpoken,
    TurnTimed,
)
from dialplan.tools.state import CallState
from dialplan.tools.values import plain


class Minutes:
    """Numbers and dates the facts of one call. `note` takes each and must not block.

    What the call knows (`state`) goes with its first fact, its last, and those in which it changed,
    where its vertical has `after_call`: if this process dies, another one ends the call with it.
    """

    def __init__(
        self, request: CallRequest, clock: Clock, note: Callable[[Fact], None], state: CallState
    ) -> None:
        self._request = request
        self._clock = clock
        self._note = note
        self._state = state
        self._told: Mapping[str, object] | None = None
        self._seq = 0

    def began(self) -> None:
        """Note that the call was answered."""
        line = self._request.line
        self._note(
            CallBegan(
                *self._stamp(),
                tenant=line.tenant,
                vertical=line.vertical.vertical.name,
                caller=self._request.caller,
                called=line.number,
                version=line.vertical.version,
                state=self._known(),
            )
        )

    def spoken(self, lines: Iterable[Line]) -> None:
        """Note turns that were spoken and heard."""
        for line in lines:
            self._note(
                TurnSpoken(*self._stamp(), line.speaker, line.agent, line.text, line.heard_ms)
            )

    def handed_over(self, source: str, target: str) -> None:
        """Note that another agent talks to the caller."""
        self._note(HandedOff(*self._stamp(), source=source, target=target))

    def tool_ran(
        self,
        call_sid: str,
        agent: str,
        tool: str,
        arguments: Mapping[str, object],
        status: str,
        ms: float,
    ) -> None:
        """Note one run of a tool (the tools' `Ledger`)."""
        before, known = self._told, self._known()
        changed = None if known == before else known
        self._note(ToolRan(*self._stamp(), agent, tool, arguments, status, ms, changed))

    def timed(self, turn: Turn, began_ms: float) -> None:
        """Note where the time of a turn went; `began_ms` is when the stream began."""
        self._note(
            TurnTimed(
                *self._stamp(),
                number=turn.number,
                cause=turn.cause,
                agent=turn.agent,
                # The call's arrival asked for the greeting, before there was a stream.
                asked_ms=None if turn.asked_ms is None else max(0, round(turn.asked_ms - began_ms)),
                pause_ms=turn.pause_ms,
                answer_ms=_whole(turn.answer_ms),
                model_ms=_whole(turn.model_share_ms),
                bridge_ms=_tenths(turn.bridge_share_ms),
                tool_ms=round(turn.tool_ms, 1),
                tool_wait_ms=round(turn.tool_wait_ms, 1),
                stop_ms=_tenths(turn.stop_ms),
                cancelled=turn.cancelled,
                tools=[
                    {
                        "tool": one.tool,
                        "at_ms": round(one.began_ms - began_ms),
                        "ms": round((one.ended_ms or one.began_ms) - one.began_ms, 1),
                        "status": one.status,
                    }
                    for one in turn.tools
                ],
                handoffs=[
                    {
                        "source": one.source,
                        "target": one.target,
                        "at_ms": round(one.at_ms - began_ms),
                    }
                    for one in turn.handoffs
                ],
            )
        )

    def ended(self, reason: str, duration_ms: int) -> None:
        """Note that the call is over, and what it knew, where something is done with that."""
        self._note(CallEnded(*self._stamp(), reason, duration_ms, self._known()))

    def _known(self) -> Mapping[str, object] | None:
        """Return what the call knows now, None where nothing is done with that."""
        vertical = self._request.line.vertical.vertical
        if vertical.after_call is not None:
            # All its names, as templates see them; a copy, for a tool may still be at work.
            values = dict.fromkeys(vertical.state) | self._state.state
            self._told = {name: plain(one, self._state.zone) for name, one in values.items()}
        return self._told

    def _stamp(self) -> tuple[str, int, datetime]:
        self._seq += 1
        return self._request.call_sid, self._seq, self._clock.now()


def _whole(ms: float | None) -> int | None:
    return None if ms is None else round(ms)


def _tenths(ms: float | None) -> float | None:
    return None if ms is None else round(ms, 1)
