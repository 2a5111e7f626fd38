"""Every metric of a process, in one registry; numbers and names only, never a call or a caller.

A label's values come from the operator's own files or from a short list here. What a peer chooses
is let in only so far: after `MOST_VALUES` different ones a label says `other`.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from dialplan.engines.engine import EngineEvent, PeerFault, Reconnected, TokensUsed
from dialplan.store.after_calls import Backlog
from dialplan.store.facts import (
    SERVER_LOST,
    CallBegan,
    CallEnded,
    Fact,
    HandedOff,
    ToolRan,
    TurnTimed,
)
from dialplan.store.lost import LostCall

MOST_VALUES = 200
LAG_EVERY_S = 0.5
# A call ends for one of these, or because its model was lost, whatever the model said then.
REASONS = frozenset(
    {
        "caller",
        "agent",
        "silence",
        "call_limit",
        "transferred",
        "failed",
        "inbox_full",
        "stream_lost",
        "carrier_stalled",
        SERVER_LOST,
    }
)

_ANSWER_BUCKETS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)
_TOOL_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_BRIDGE_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0)
_STOP_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 5.0)
_LAG_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)


class _Known:
    """Lets the first values of a label in; the rest are `other`."""

    def __init__(self) -> None:
        self._values: set[str] = set()

    def __call__(self, value: str) -> str:
        if value in self._values:
            return value
        if len(self._values) >= MOST_VALUES:
            return "other"
        self._values.add(value)
        return value


class Metrics:
    """The metrics of one process. All of it belongs to the event loop's thread."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._vertical_of: dict[str, str] = {}
        self._tool, self._fault, self._ignored = _Known(), _Known(), _Known()
        self._began = self._counter("calls_began", "Calls whose stream came.", "vertical")
        self._ended = self._counter("calls_ended", "Calls that are over.", "vertical", "reason")
        self._running = self._gauge("calls_running", "Calls that are up now.")
        self._answer_s = self._histogram(
            "answer_seconds",
            "From the reported end of the caller's speech to the first audio sent back.",
            _ANSWER_BUCKETS,
            "vertical",
        )
        self._first_word_s = self._histogram(
            "first_word_seconds",
            "From the call's arrival to the first audio of the greeting sent back.",
            _ANSWER_BUCKETS,
            "vertical",
        )
        self._model_s = self._histogram(
            "model_seconds",
            "Of an answer: from the reported end of speech to the first audio of the model.",
            _ANSWER_BUCKETS,
            "vertical",
        )
        self._bridge_s = self._histogram(
            "bridge_seconds",
            "Of an answer: from the first audio of the model to the same audio sent back.",
            _BRIDGE_BUCKETS,
            "vertical",
        )
        self._stop_s = self._histogram(
            "barge_in_stop_seconds",
            "From the report that a caller cuts in to the order to stop playing.",
            _STOP_BUCKETS,
            "vertical",
        )
        self._tool_s = self._histogram(
            "tool_seconds", "How long a tool took.", _TOOL_BUCKETS, "vertical", "tool"
        )
        self._tool_runs = self._counter(
            "tool_runs", "Runs of a tool by what the model was told.", "vertical", "tool", "status"
        )
        self._handoffs = self._counter(
            "handoffs", "Callers given to another agent.", "vertical", "source", "target"
        )
        self._barge_ins = self._counter(
            "barge_ins", "Times that a caller cut an agent off.", "vertical"
        )
        self._reconnects = self._counter(
            "model_reconnects", "Sessions taken up again on a new connection.", "vertical"
        )
        self._faults = self._counter(
            "model_faults", "Errors and unknown messages of the model.", "kind"
        )
        self._tokens = self._counter("tokens", "Tokens that were paid for.", "vertical", "kind")
        self._ignored_messages = self._counter(
            "ignored_messages", "Messages of the carrier that nobody here knows.", "kind"
        )
        self._webhooks_refused = self._counter(
            "webhooks_refused", "Requests that Twilio did not sign for us.", "reason"
        )
        self._streams_refused = self._counter(
            "streams_refused", "Media streams that belong to no call.", "reason"
        )
        self._streams_passed = self._counter(
            "streams_passed",
            "Media streams that another worker expected: passed on to it, or not.",
            "outcome",
        )
        self._reloads = self._counter(
            "reloads", "Times that changed files were read: they serve, or they do not.", "outcome"
        )
        self._tasks = self._gauge("tasks", "Tasks of the event loop.")
        self._waiting = self._gauge("facts_waiting", "Facts not yet written to the database.")
        self._dropped = self._gauge("facts_dropped", "Facts lost since the start.")
        self._after_waiting = self._gauge(
            "after_calls_waiting",
            "Calls to be read and requests to be sent, of all on this database.",
            "kind",
        )
        self._after_oldest_s = self._gauge(
            "after_calls_oldest_seconds",
            "How long ago the call ended that has waited longest for it.",
            "kind",
        )
        self._lag = self._histogram(
            "event_loop_lag_seconds", "How late the event loop woke a timer.", _LAG_BUCKETS
        )

    # -- what is asked for at each scrape -------------------------------------------------------

    def count_running(self, running: Callable[[], float]) -> None:
        """Ask this at each scrape for how many calls are up."""
        self._running.set_function(running)

    def count_facts(self, waiting: Callable[[], float], dropped: Callable[[], float]) -> None:
        """Ask these at each scrape for the facts that wait and that were lost."""
        self._waiting.set_function(waiting)
        self._dropped.set_function(dropped)

    def count_tasks(self, tasks: Callable[[], float]) -> None:
        """Ask this at each scrape for how many tasks there are."""
        self._tasks.set_function(tasks)

    # -- what is told -----------------------------------------------------------------------------

    def note(self, fact: Fact) -> None:
        """Count a fact."""
        match fact:
            case CallBegan():
                self._vertical_of[fact.call_sid] = fact.vertical
                self._began.labels(fact.vertical).inc()
            case CallEnded():
                vertical = self._vertical_of.pop(fact.call_sid, "")
                reason = fact.reason if fact.reason in REASONS else "model_lost"
                self._ended.labels(vertical, reason).inc()
            case ToolRan():
                vertical = self._vertical_of.get(fact.call_sid, "")
                # The model may ask for a tool that does not exist, under any name.
                tool = self._tool(fact.tool)
                self._tool_s.labels(vertical, tool).observe(fact.ms / 1000)
                self._tool_runs.labels(vertical, tool, fact.status).inc()
            case HandedOff():
                vertical = self._vertical_of.get(fact.call_sid, "")
                self._handoffs.labels(vertical, fact.source, fact.target).inc()
            case TurnTimed():
                self._timed(self._vertical_of.get(fact.call_sid, ""), fact)
            case _:
                pass

    def call_lost(self, call: LostCall) -> None:
        """Count a call that was ended here for a process that is gone."""
        self._ended.labels(call.vertical, SERVER_LOST).inc()

    def left_to_do(self, found: Backlog | None) -> None:
        """Take note of what waits to be read and sent; None when nobody can tell."""
        figures = (
            (("read", math.nan, math.nan), ("send", math.nan, math.nan))
            if found is None
            else (
                ("read", found.reads, found.oldest_read_s),
                ("send", found.sends, found.oldest_send_s),
            )
        )
        for kind, waiting, oldest_s in figures:
            self._after_waiting.labels(kind).set(waiting)
            self._after_oldest_s.labels(kind).set(oldest_s)

    def files_read(self, outcome: str) -> None:
        """Count a reload; `outcome` is `ok` or `failed`."""
        self._reloads.labels(outcome).inc()

    def engine_told(self, vertical: str, event: EngineEvent) -> None:
        """Count what an engine told of its provider."""
        match event:
            case TokensUsed():
                for kind, count in (
                    ("input", event.input_tokens),
                    ("output", event.output_tokens),
                    ("input_audio", event.input_audio_tokens),
                    ("output_audio", event.output_audio_tokens),
                    ("cached", event.cached_tokens),
                ):
                    self._tokens.labels(vertical, kind).inc(count)
            case Reconnected():
                self._reconnects.labels(vertical).inc()
            case PeerFault(kind):
                self._faults.labels(self._fault(kind)).inc()
            case _:
                pass

    def barged_in(self, vertical: str) -> None:
        """Count a caller who cut an agent off."""
        self._barge_ins.labels(vertical).inc()

    def ignored(self, kind: str, count: int) -> None:
        """Count messages of the carrier that nobody here knows."""
        self._ignored_messages.labels(self._ignored(kind)).inc(count)

    def webhook_refused(self, reason: str) -> None:
        """Count a request that is not Twilio's; `reason` is one of `web.signed`'s words."""
        self._webhooks_refused.labels(reason).inc()

    def stream_refused(self, reason: str) -> None:
        """Count a media stream that belongs to no call; `reason` is a fixed word."""
        self._streams_refused.labels(reason).inc()

    def stream_passed(self, outcome: str) -> None:
        """Count a media stream of another worker's; `outcome` is `ok` or `failed`."""
        self._streams_passed.labels(outcome).inc()

    async def watch_loop(self) -> None:
        """Measure how late the event loop is, until cancelled."""
        while True:
            began = time.monotonic()
            await asyncio.sleep(LAG_EVERY_S)
            self._lag.observe(max(0.0, time.monotonic() - began - LAG_EVERY_S))

    def _timed(self, vertical: str, turn: TurnTimed) -> None:
        """Spread one turn over the histograms; what did not happen in it is not in them."""
        answer_s = self._answer_s if turn.number else self._first_word_s
        observed = (
            (answer_s, turn.answer_ms),
            (self._model_s if turn.number else None, turn.model_ms),
            (self._bridge_s, turn.bridge_ms),
            (self._stop_s, turn.stop_ms),
        )
        for histogram, ms in observed:
            if histogram is not None and ms is not None:
                histogram.labels(vertical).observe(ms / 1000)

    # -- making -----------------------------------------------------------------------------------

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"dialplan_{name}", meaning, labels, registry=self.registry)

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(f"dialplan_{name}", meaning, labels, registry=self.registry)

    def _histogram(
        self, name: str, meaning: str, buckets: tuple[float, ...], *labels: str
    ) -> Histogram:
        return Histogram(
            f"dialplan_{name}", meaning, labels, buckets=buckets, registry=self.registry
        )
