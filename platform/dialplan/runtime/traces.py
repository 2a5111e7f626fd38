"""One trace a call: the call, its turns, and in them the model, tools, handoffs and the transfer.

Made of what the tracker of turns noted, with its times; nothing here is called for audio. Spans
hold names and numbers from the operator's own files, and the call's SID: never a word or a phone
number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry.trace import (
    Span,
    SpanKind,
    Status,
    StatusCode,
    Tracer,
    set_span_in_context,
    use_span,
)
from opentelemetry.util.types import AttributeValue

from dialplan.call.turns import ToolSpan, Turn
from dialplan.runtime.clock import Clock

# Names of OpenTelemetry's semantic conventions for generative AI.
OPERATION = "gen_ai.operation.name"
PROVIDER = "gen_ai.provider.name"
MODEL = "gen_ai.request.model"
CONVERSATION = "gen_ai.conversation.id"
AGENT = "gen_ai.agent.name"
TOOL = "gen_ai.tool.name"
TOOL_TYPE = "gen_ai.tool.type"
FIRST_CHUNK = "gen_ai.response.time_to_first_chunk"

_WELL = frozenset({"caller", "agent", "silence", "call_limit", "transferred"})
_BROKEN = frozenset({"failed", "cancelled", "unfinished", ""})


class CallTrace:
    """The trace of one call. Times are milliseconds of the clock's `precise_ms`."""

    def __init__(
        self,
        tracer: Tracer,
        clock: Clock,
        *,
        call_sid: str,
        tenant: str,
        vertical: str,
        version: str,
        model: str,
        tools: frozenset[str],
    ) -> None:
        """Args: what the call is; `tools` are those that exist: a model may make up others."""
        self._tracer = tracer
        self._offset_ns = round(clock.epoch() * 1e9 - clock.precise_ms() * 1e6)
        self._model = model
        self._tools = tools
        self._about: dict[str, AttributeValue] = {
            CONVERSATION: call_sid,
            "dialplan.call_sid": call_sid,
            "dialplan.tenant": tenant,
            "dialplan.vertical": vertical,
            "dialplan.version": version,
        }
        self._root: Span | None = None
        self._turn: tuple[int, Span] | None = None

    def begin(self, arrived_ms: float) -> None:
        """Begin the call's span, at the moment when the call arrived."""
        self._root = self._tracer.start_span(
            "call",
            kind=SpanKind.SERVER,
            attributes=self._about,
            start_time=self._ns(arrived_ms),
        )

    @contextmanager
    def tool(self, turn: Turn, noted: ToolSpan) -> Iterator[None]:
        """Keep a tool's span current for as long as the block lasts, for the requests it sends."""
        name = noted.tool if noted.tool in self._tools else "unknown"
        span = self._start(
            f"tool.{name}",
            turn,
            noted.began_ms,
            {OPERATION: "execute_tool", TOOL: name, TOOL_TYPE: "function"},
        )
        try:
            with use_span(span, record_exception=False, set_status_on_exception=False):
                yield
        finally:
            span.set_attribute("dialplan.tool.status", noted.status)
            if noted.status in _BROKEN:
                span.set_status(Status(StatusCode.ERROR))
            span.end(self._ns(noted.ended_ms or noted.began_ms))

    def transferred(self, turn: Turn, asked_ms: float, now_ms: float) -> None:
        """Tell that the caller is put through, and since when that was wanted."""
        self._start("transfer", turn, asked_ms, {}).end(self._ns(now_ms))

    def turn(self, turn: Turn) -> None:
        """Tell a turn that is over."""
        span = self._span_of(turn)
        span.set_attributes(_attributes(turn))
        if turn.asked_ms is not None and turn.model_ms is not None:
            about: dict[str, AttributeValue] = {
                OPERATION: "chat",
                PROVIDER: "openai",
                MODEL: self._model,
                "gen_ai.output.type": "speech",
                FIRST_CHUNK: max(0.0, turn.model_ms - turn.asked_ms) / 1000,
            }
            model = self._start("model", turn, turn.asked_ms, about)
            model.end(self._ns(max(turn.asked_ms, turn.model_ms)))
        for one in turn.handoffs:
            names = {"dialplan.handoff.source": one.source, "dialplan.handoff.target": one.target}
            self._start("handoff", turn, one.at_ms, names).end(self._ns(one.at_ms))
        span.end(self._ns(turn.over_ms or turn.began_ms))
        self._turn = None

    def end(self, reason: str, now_ms: float) -> None:
        """End the call's span."""
        root, self._root = self._root, None
        if root is None:
            return
        root.set_attribute("dialplan.end_reason", reason)
        if reason not in _WELL:
            root.set_status(Status(StatusCode.ERROR))
        root.end(self._ns(now_ms))

    def _span_of(self, turn: Turn) -> Span:
        """Return the span of a turn; a tool may ask for it before the turn is over."""
        if self._turn is None or self._turn[0] != turn.number:
            context = None if self._root is None else set_span_in_context(self._root)
            span = self._tracer.start_span("turn", context, start_time=self._ns(turn.began_ms))
            self._turn = turn.number, span
        return self._turn[1]

    def _start(
        self, name: str, turn: Turn, at_ms: float, attributes: Mapping[str, AttributeValue]
    ) -> Span:
        return self._tracer.start_span(
            name,
            set_span_in_context(self._span_of(turn)),
            attributes=attributes,
            start_time=self._ns(at_ms),
        )

    def _ns(self, ms: float) -> int:
        return round(ms * 1e6) + self._offset_ns


def _attributes(turn: Turn) -> dict[str, AttributeValue]:
    told: dict[str, AttributeValue | None] = {
        "dialplan.turn": turn.number,
        "dialplan.cause": turn.cause,
        AGENT: turn.agent or None,
        "dialplan.pause_ms": turn.pause_ms,
        "dialplan.answer_ms": turn.answer_ms,
        "dialplan.model_ms": turn.model_share_ms,
        "dialplan.bridge_ms": turn.bridge_share_ms,
        "dialplan.tool_ms": turn.tool_ms,
        "dialplan.tool_wait_ms": turn.tool_wait_ms,
        "dialplan.barge_in.stop_ms": turn.stop_ms,
        "dialplan.barge_in.cancelled": turn.cancelled,
    }
    return {name: value for name, value in told.items() if value is not None}
