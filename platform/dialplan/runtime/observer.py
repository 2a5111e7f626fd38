"""Watches one call from inside, for the metrics and for whoever looks on. Changes nothing in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from dialplan.call.commands import ClearPlayback, Command, PlaySpeech, Say
from dialplan.call.events import CallerSpeechStarted, CallerSpeechStopped
from dialplan.engines.engine import PeerFault, Reconnected, TokensUsed
from dialplan.runtime.clock import Clock
from dialplan.runtime.live import LiveCalls, Speaking, ToolBegan
from dialplan.runtime.metrics import Metrics

# The machine's own words (greeting, "are you still there?") answer nobody.
OWN_WORDS = "say_"


class CallObserver:
    """Is shown every event and every batch of commands of one call, with the time."""

    def __init__(
        self, call_sid: str, vertical: str, metrics: Metrics, live: LiveCalls, clock: Clock
    ) -> None:
        self._call_sid = call_sid
        self._vertical = vertical
        self._metrics = metrics
        self._live = live
        self._clock = clock
        self._who = ""
        self._stopped_at: int | None = None

    def saw(self, event: object, now_ms: int) -> None:
        """Look at an event before it is handled."""
        match event:
            case CallerSpeechStarted():
                self._stopped_at = None
                self._speaks("caller", "")
            case CallerSpeechStopped():
                self._stopped_at = now_ms
                self._speaks("", "")
            case TokensUsed() | Reconnected() | PeerFault():
                self._metrics.engine_told(self._vertical, event)
            case _:
                pass

    def did(self, commands: Sequence[Command], agent: str, now_ms: int) -> None:
        """Look at commands after they were carried out; `agent` is the one in charge."""
        for command in commands:
            match command:
                case PlaySpeech():
                    if self._stopped_at is not None:
                        self._metrics.answered(self._vertical, now_ms - self._stopped_at)
                        self._stopped_at = None
                    if self._who == "":
                        self._speaks("agent", agent)
                case ClearPlayback():
                    self._metrics.barged_in(self._vertical)
                case Say(_, say_id) if say_id.startswith(OWN_WORDS):
                    self._stopped_at = None
                case _:
                    pass

    def fell_quiet(self) -> None:
        """Take note that all the agent said was heard."""
        if self._who == "agent":
            self._speaks("", "")

    def ignored(self, kinds: dict[str, int]) -> None:
        """Count what the carrier sent and nobody knows, once, at the end."""
        for kind, count in kinds.items():
            self._metrics.ignored(kind, count)

    @contextmanager
    def tool(self, agent: str, tool: str) -> Iterator[None]:
        """Show a tool at work for as long as the block lasts."""
        moment = ToolBegan(self._call_sid, self._clock.now(), agent, tool)
        self._live.tool_began(moment)
        try:
            yield
        finally:
            self._live.tool_over(moment)

    def _speaks(self, who: str, agent: str) -> None:
        if who != self._who:
            self._who = who
            self._live.speaks(Speaking(self._call_sid, self._clock.now(), who, agent))
