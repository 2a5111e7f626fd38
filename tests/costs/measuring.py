"""What it costs to measure a call: prints the rows of docs/explanation/speed.md.

Not a test: `python tests/costs/measuring.py` on a quiet machine.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from opentelemetry.propagate import inject
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from dialplan.call.commands import PlaySpeech
from dialplan.call.events import (
    CallerSpeechStarted,
    CallerSpeechStopped,
    ResponseEnded,
    ResponseStarted,
    SpeechArrived,
)
from dialplan.config.load import load_vertical
from dialplan.runtime.assembly import call_trace
from dialplan.runtime.attended import CallRequest
from dialplan.runtime.clock import Clock
from dialplan.runtime.directory import Line
from dialplan.runtime.live import LiveCalls
from dialplan.runtime.metrics import Metrics
from dialplan.runtime.minutes import Minutes
from dialplan.runtime.observer import CallObserver
from dialplan.store.facts import Fact, TurnTimed
from dialplan.tools.state import CallState

ROUNDS = 7
SHOP = """\
dialplan: 1
name: shop
title: Shop
voice: {greeting: Hi.}
agents: {desk: {entry: true, prompt: Be kind.}}
"""
AUDIO = [PlaySpeech("AAAA", "m")]


class Nowhere(SpanExporter):
    """Drops spans: what counts here is what they cost the loop."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Drop them."""
        return SpanExportResult.SUCCESS


def best_ns(work: Callable[[int], None], times: int) -> float:
    """Return nanoseconds for one time, of the best round."""
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter_ns()
        work(times)
        took.append((time.perf_counter_ns() - began) / times)
    return min(took)


def turns(observer: CallObserver) -> Callable[[int], None]:
    """Return what plays turns: the caller speaks, a tool works, the agent answers."""

    def play(times: int) -> None:
        for number in range(times):
            response = f"r{number}"
            for event in (CallerSpeechStarted(), CallerSpeechStopped(), ResponseStarted(response)):
                observer.arrived(event)
                observer.saw(event)
            with observer.tool("desk", "find"):
                observer.tool_ran("CA1", "desk", "find", {}, "ok", 0.1)
            audio(observer, response)(1)
            ended = ResponseEnded(response, "completed")
            observer.arrived(ended)
            observer.saw(ended)

    return play


def audio(observer: CallObserver, response: str) -> Callable[[int], None]:
    """Return what plays pieces of audio of one response."""
    piece = SpeechArrived(response, "i", 0, "AAAA")

    def play(times: int) -> None:
        for _ in range(times):
            observer.arrived(piece)
            observer.saw(piece)
            observer.did(AUDIO, "desk")

    return play


def main(folder: Path) -> None:
    """Measure and print."""
    (folder / "vertical.yaml").write_text(SHOP)
    line = Line("+15550100001", "corner", load_vertical(folder), {}, {})
    request, clock, metrics = CallRequest("CA1", "AC1", "+1", line), Clock(), Metrics()
    kept: list[Fact] = []
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(Nowhere(), max_queue_size=1_000_000))
    tracer = provider.get_tracer("costs")

    def observer(*, traced: bool = False) -> CallObserver:
        made = CallObserver(
            *("CA1", "shop", metrics, LiveCalls(), clock),
            minutes=Minutes(
                request,
                clock,
                lambda fact: kept.append(fact) if len(kept) < 50 else None,
                CallState("CA1", "corner", "shop", "+1", "+15550100001", now=clock.now),
            ),
            pause_ms=500,
            trace=call_trace(tracer, request, clock) if traced else None,
        )
        made.began()
        return made

    def histograms(times: int) -> None:
        for _ in range(times):
            metrics.note(turn)

    def untraced(times: int) -> None:
        for _ in range(times):
            inject({})

    measured = {
        "a piece of audio, ns": best_ns(audio(observer(), "r0"), 200_000),
        "a turn, us": best_ns(turns(observer()), 5_000) / 1000,
        "a turn and its spans, us": best_ns(turns(observer(traced=True)), 5_000) / 1000,
        "a request without a trace, us": best_ns(untraced, 50_000) / 1000,
    }
    turn = [fact for fact in kept if isinstance(fact, TurnTimed)][-1]
    measured["the histograms of a turn, us"] = best_ns(histograms, 50_000) / 1000
    provider.shutdown()
    sys.stdout.writelines(f"{name:32}{value:8.1f}\n" for name, value in measured.items())


if __name__ == "__main__":
    with TemporaryDirectory() as made:
        main(Path(made))
