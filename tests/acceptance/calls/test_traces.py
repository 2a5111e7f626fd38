"""A whole call as a collector of OpenTelemetry's receives it, and as its facts tell it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from tests.stillness import Stillness

from dialplan.emulators.openai.mind import CallTool, Say
from dialplan.emulators.openai.scripted import ScriptedMind
from dialplan.emulators.twilio.caller import Line
from dialplan.store.facts import TurnTimed

NUMBER = "+15550100044"
CALLER = "+15550107788"
LONG = " ".join(f"word{number}" for number in range(60)) + "."
VERTICAL = """\
dialplan: 1
name: shop
title: Shop
voice: {greeting: Hello there.}
variables: {human: {type: phone, default: "+15550100911"}}
endpoints: {stock: {base_url: "https://stock.example.com"}}
agents:
  desk: {entry: true, prompt: Help the caller., tools: [look], handoffs: {cellar: Wine is wanted.}}
  cellar: {prompt: Sell wine., tools: [weigh, to_human]}
tools:
  look:
    description: Look into the stock.
    parameters: {thing: {type: string, description: What is wanted.}}
    http: {post: "{{ endpoints.stock }}/look", json: {thing: "{{ thing }}"}}
  weigh: {description: Weigh it., sql: "SELECT 1 / 0 AS weight", returns: one}
  to_human: {description: Put the caller through., builtin: transfer, to: human}
"""


class Post(BaseHTTPRequestHandler):
    """Keeps what is posted, and answers with an empty object."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        self.server.kept.append((dict(self.headers.items()), body))  # type: ignore[attr-defined]  # Kept's
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: Any) -> None:
        return


class Kept(ThreadingHTTPServer):
    """A service on loopback that keeps what it is sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Post)
        self.kept: list[tuple[dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def spans(self) -> list[Span]:
        """Decode all as a collector does."""
        return [
            span
            for _, body in self.kept
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


@contextmanager
def listening() -> Iterator[Kept]:
    with Kept() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def told(span: Span) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for one in span.attributes:
        kind = one.value.WhichOneof("value")
        assert kind is not None
        values[one.key] = getattr(one.value, kind)
    return values


def ms(span: Span) -> float:
    return (span.end_time_unix_nano - span.start_time_unix_nano) / 1e6


async def test_a_call_is_one_trace_that_says_where_its_time_went_and_nothing_of_the_caller(
    open_site: Callable[..., AbstractAsyncContextManager[Any]],
    write_verticals: Callable[..., Path],
) -> None:
    mind = ScriptedMind(
        [
            [CallTool("look", {"thing": "secret wish"})],
            [Say("We have it.")],
            [CallTool("to_cellar", {})],
            [CallTool("weigh", {})],
            [Say(LONG)],
            [Say("Yes?"), CallTool("to_human", {})],
        ]
    )
    stillness = Stillness()
    watching = asyncio.create_task(stillness.watch())
    with listening() as collector, listening() as stock:
        provider = TracerProvider(shutdown_on_exit=False)
        exporter = OTLPSpanExporter(endpoint=f"{collector.url}/v1/traces")
        provider.add_span_processor(BatchSpanProcessor(exporter))
        async with open_site(
            write_verticals(VERTICAL, NUMBER),
            mind,
            numbers=[NUMBER],
            services={("shop", "stock"): stock.url},
            tracer=provider.get_tracer("test"),
        ) as site:
            record = await site.ring(
                NUMBER,
                "Do you have it?",
                "Wine please.",
                Line("Stop please.", after_ms=1500),
                from_=CALLER,
            )
        watching.cancel()
        await asyncio.to_thread(provider.shutdown)
        spans = collector.spans()
        turns = site.of(TurnTimed)
        requests = stock.kept

    by_id = {span.span_id: span for span in spans}
    root = next(span for span in spans if not span.parent_span_id)
    tree = sorted(
        (by_id[span.parent_span_id].name, span.name) for span in spans if span is not root
    )
    assert root.name == "call"
    assert {span.trace_id for span in spans} == {root.trace_id}
    assert tree == [
        *[("call", "turn")] * 4,
        ("turn", "handoff"),
        *[("turn", "model")] * 4,
        *(("turn", "tool.look"), ("turn", "tool.to_human"), ("turn", "tool.weigh")),
        ("turn", "transfer"),
    ]

    about = told(root)
    assert about["dialplan.call_sid"] == about["gen_ai.conversation.id"] == record.call_sid
    assert (about["dialplan.tenant"], about["dialplan.vertical"]) == ("corner", "shop")
    assert about["dialplan.end_reason"] == "transferred"
    assert len(about["dialplan.version"]) >= 8

    # The same figures, from the same record.
    traced = sorted(
        (told(span) for span in spans if span.name == "turn"), key=lambda one: one["dialplan.turn"]
    )
    assert [round(one["dialplan.answer_ms"]) for one in traced] == [one.answer_ms for one in turns]
    assert [round(one["dialplan.tool_ms"], 1) for one in traced] == [one.tool_ms for one in turns]
    assert [one["gen_ai.agent.name"] for one in traced] == ["desk", "desk", "cellar", "cellar"]
    assert ["dialplan.barge_in.stop_ms" in one for one in traced] == [False, False, False, True]
    stop_ms = traced[3]["dialplan.barge_in.stop_ms"]
    assert 0 <= stop_ms
    assert stop_ms - 1000 * stillness.longest() < 100

    tools = {span.name: span for span in spans if span.name.startswith("tool.")}
    assert told(tools["tool.look"])["gen_ai.tool.name"] == "look"
    assert told(tools["tool.look"])["dialplan.tool.status"] == "ok"
    assert tools["tool.look"].status.code == 0
    assert told(tools["tool.weigh"])["dialplan.tool.status"] == "failed"
    assert tools["tool.weigh"].status.code == 2
    assert [round(ms(tools[f"tool.{one}"]), 1) for one in ("look", "weigh")] == [
        turns[1].tools[0]["ms"],
        turns[2].tools[0]["ms"],
    ]

    # The service can put its own spans under the tool's.
    (headers, _), *others = requests
    assert not others
    named = {name.lower(): value for name, value in headers.items()}
    version, trace_id, parent_id, flags = named["traceparent"].split("-")
    assert (version, trace_id) == ("00", root.trace_id.hex())
    assert parent_id == tools["tool.look"].span_id.hex()
    assert int(flags, 16) & 1, "it is sampled"

    for span in spans:
        parent = by_id.get(span.parent_span_id)
        assert span.start_time_unix_nano <= span.end_time_unix_nano
        assert parent is None or span.start_time_unix_nano >= parent.start_time_unix_nano
        assert not span.events
        words = str(span)
        for secret in ("secret wish", "word1", "5550107788", "5550100911", "Wine"):
            assert secret not in words


async def test_a_call_that_is_not_traced_sends_no_traceparent(
    open_site: Callable[..., AbstractAsyncContextManager[Any]],
    write_verticals: Callable[..., Path],
) -> None:
    mind = ScriptedMind([[CallTool("look", {"thing": "it"})], [Say("We have it.")]])
    with listening() as stock:
        async with open_site(
            write_verticals(VERTICAL, NUMBER),
            mind,
            numbers=[NUMBER],
            services={("shop", "stock"): stock.url},
        ) as site:
            await site.ring(NUMBER, "Do you have it?")

        names = {name.lower() for headers, _ in stock.kept for name in headers}

    assert "content-type" in names
    assert "traceparent" not in names


TRACED = """\
import asyncio, os
from dialplan.runtime.telemetry import open_tracing

async def main():
    async with open_tracing(os.environ) as tracer:
        tracer.start_span("call").end()

asyncio.run(main())
"""


@pytest.mark.parametrize("named", [{}, {"OTEL_SERVICE_NAME": "phones"}])
def test_the_environment_alone_says_where_spans_go_and_the_last_are_sent_at_the_end(
    named: dict[str, str],
) -> None:
    with listening() as collector:
        environ = os.environ | {
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_EXPORTER_OTLP_HEADERS": "x-team=voice",
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        subprocess.run([sys.executable, "-c", TRACED], env=environ | named, check=True, timeout=60)  # noqa: S603

        (headers, body), *others = collector.kept

    resource = ExportTraceServiceRequest.FromString(body).resource_spans[0].resource
    about = {one.key: one.value.string_value for one in resource.attributes}
    assert not others
    assert headers["x-team"] == "voice"
    assert about["service.name"] == named.get("OTEL_SERVICE_NAME", "dialplan")
