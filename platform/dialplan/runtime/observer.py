"""Watches one call from inside: for its minutes, the metrics, its trace and whoever looks on.

Changes nothing in the call. Audio costs it a look at a flag; everything else happens a few times in
a turn.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext

from dialplan.call.commands import ClearPlayback, Command, PlaySpeech, Say, TellKeys, Transfer
from dialplan.call.events import (
    CallerSpeechStarted,
    CallerSpeechStopped,
    KeyPressed,
    ResponseEnded,
    ResponseStarted,
    SpeechArrived,
    TransferRequested,
)
from dialplan.call.turns import Turn, TurnTracker
from dialplan.engines.engine import HandedOver, PeerFault, Reconnected, TokensUsed
from dialplan.runtime.clock import Clock
from dialplan.runtime.live import LiveCalls, Speaking, ToolBegan
from dialplan.runtime.metrics import Metrics
from dialplan.runtime.minutes import Minutes
from dialplan.runtime.traces import CallTrace

# The machine's own words (greeting, "are you still there?") answer nobody.
OWN_WORDS = "say_"
# What a turn is measured by: stamped when it comes, however long it waits in the inbox.
_STAMPED = frozenset({CallerSpeechStarted, CallerSpeechStopped, KeyPressed})


class CallObserver:
    """Is shown every event when it comes and when it is handled, and every batch of commands.

    A `Ledger` of the tools too, which passes on what it is told.
    """

    def __init__(
        self,
        call_sid: str,
        vertical: str,
        metrics: Metrics,
        live: LiveCalls,
        clock: Clock,
        *,
        minutes: Minutes,
        pause_ms: int | None = None,
        trace: CallTrace | None = None,
    ) -> None:
        """Made when the call arrives: the greeting is measured from here.

        Args:
            call_sid: the call.
            vertical: its vertical.
            metrics: is told what no fact says.
            live: is told who speaks and which tool works.
            clock: the edge's.
            minutes: takes the turns, and the runs of tools.
            pause_ms: the silence that ends the caller's speech; None where the model judges.
            trace: takes the turns too; None without tracing.
        """
        self._call_sid = call_sid
        self._vertical = vertical
        self._metrics = metrics
        self._live = live
        self._clock = clock
        self._minutes = minutes
        self._trace = trace
        self._who = ""
        self._arrived_ms = self._began_ms = clock.precise_ms()
        self._tracker = TurnTracker(self._arrived_ms, pause_ms)
        self._stamps: deque[float] = deque()
        # The first audio since the caller was last asked to be answered: whose, and when it came.
        self._listening = True
        self._response = ""
        self._audio_ms = 0.0
        self._transfer_ms: float | None = None
        self._status = ""

    def began(self) -> None:
        """Take note that the stream is there."""
        self._began_ms = self._clock.precise_ms()
        if self._trace is not None:
            self._trace.begin(self._arrived_ms)

    def arrived(self, event: object) -> None:
        """Look at an event the moment it comes, before it waits for its turn."""
        if type(event) is SpeechArrived:
            if self._listening and event.response_id != self._response:
                self._response = event.response_id
                self._audio_ms = self._clock.precise_ms()
        elif type(event) in _STAMPED:
            self._stamps.append(self._clock.precise_ms())
            self._listening = self._listening or type(event) is CallerSpeechStopped

    def saw(self, event: object) -> None:
        """Look at an event before it is handled."""
        match event:
            case SpeechArrived():
                pass
            case CallerSpeechStarted():
                self._over(self._tracker.caller_began(self._stamp()))
                self._speaks("caller", "")
            case CallerSpeechStopped():
                self._over(self._tracker.caller_ended(self._stamp()))
                self._speaks("", "")
            case KeyPressed():
                self._over(self._tracker.key_pressed(self._stamp()))
            case ResponseStarted(response_id):
                self._tracker.response_began(response_id)
            case ResponseEnded(response_id, status):
                self._tracker.response_ended(response_id, cancelled=status == "cancelled")
            case HandedOver(source, target):
                self._tracker.handed_over(source, target, self._clock.precise_ms())
            case TransferRequested():
                self._transfer_ms = self._clock.precise_ms()
            case TokensUsed() | Reconnected() | PeerFault():
                self._metrics.engine_told(self._vertical, event)
            case _:
                pass

    def cleared(self) -> None:
        """Take note that the carrier was told to drop what the caller cut off."""
        self._tracker.cleared(self._clock.precise_ms())

    def did(self, commands: Sequence[Command], agent: str) -> None:
        """Look at commands after they were carried out; `agent` is the one in charge."""
        for command in commands:
            match command:
                case PlaySpeech():
                    if self._tracker.awaits:
                        self._first_audio(agent)
                    if self._who == "":
                        self._speaks("agent", agent)
                case ClearPlayback():
                    self._metrics.barged_in(self._vertical)
                case TellKeys():
                    self._listening = True
                    self._tracker.keys_entered(self._clock.precise_ms())
                case Say(_, say_id) if say_id.startswith(OWN_WORDS):
                    self._tracker.spoke_up()
                case Transfer():
                    now = self._clock.precise_ms()
                    if self._trace is not None:
                        self._trace.transferred(self._tracker.turn, self._transfer_ms or now, now)
                case _:
                    pass

    def fell_quiet(self) -> None:
        """Take note that all the agent said was heard."""
        if self._who == "agent":
            self._speaks("", "")

    def ended(self, reason: str, ignored: Mapping[str, int]) -> None:
        """Close the last turn; count what the carrier sent and nobody knows."""
        now = self._clock.precise_ms()
        self._over(self._tracker.call_ended(now))
        if self._trace is not None:
            self._trace.end(reason, now)
        for kind, count in ignored.items():
            self._metrics.ignored(kind, count)

    @contextmanager
    def tool(self, agent: str, tool: str) -> Iterator[None]:
        """Show a tool at work for as long as the block lasts."""
        moment = ToolBegan(self._call_sid, self._clock.now(), agent, tool)
        self._live.tool_began(moment)
        span = self._tracker.tool_began(tool, self._clock.precise_ms())
        traced = (
            nullcontext() if self._trace is None else self._trace.tool(self._tracker.turn, span)
        )
        with traced:
            try:
                yield
            finally:
                # `tool_ran` was called by this very tool: nothing is awaited in between.
                self._tracker.tool_ended(span, self._status, self._clock.precise_ms())
                self._live.tool_over(moment)

    def tool_ran(
        self,
        call_sid: str,
        agent: str,
        tool: str,
        arguments: Mapping[str, object],
        status: str,
        ms: float,
    ) -> None:
        """Note one run of a tool."""
        self._status = status
        self._minutes.tool_ran(call_sid, agent, tool, arguments, status, ms)

    def _stamp(self) -> float:
        return self._stamps.popleft() if self._stamps else self._clock.precise_ms()

    def _first_audio(self, agent: str) -> None:
        now = self._clock.precise_ms()
        self._tracker.heard(self._response, self._audio_ms, now, agent)
        self._listening = self._tracker.awaits

    def _over(self, turn: Turn | None) -> None:
        if turn is not None:
            self._minutes.timed(turn, self._began_ms)
            if self._trace is not None:
                self._trace.turn(turn)

    def _speaks(self, who: str, agent: str) -> None:
        if who != self._who:
            self._who = who
            self._live.speaks(Speaking(self._call_sid, self._clock.now(), who, agent))
