"""Whether calls are traced, and where to: told by OpenTelemetry's own environment variables alone.

The SDK and its exporter read what they need from the environment themselves (endpoint, headers,
sampler, batches); here it is only decided whether they are loaded at all. Spans are sent from a
thread of the SDK's, never from the loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import version

from opentelemetry.trace import Tracer

from dialplan.errors import ConfigError

log = logging.getLogger(__name__)

FLUSH_S = 5.0
"""How long the last spans may take to be sent when the process ends."""

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_HTTP = "http/protobuf"


def wants_traces(environ: Mapping[str, str]) -> bool:
    """Return whether the environment asks for traces.

    Raises:
        ConfigError: it asks for an exporter or a protocol that there is not.
    """
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporter = environ.get("OTEL_TRACES_EXPORTER", "").strip()
    if exporter not in ("", "otlp", "none"):
        raise ConfigError(f"`OTEL_TRACES_EXPORTER`: expected `otlp` or `none`, got `{exporter}`")
    endpoint = any(environ.get(name, "").strip() for name in _ENDPOINTS)
    if exporter == "none" or not (exporter or endpoint):
        return False
    name, protocol = next(
        ((one, environ[one].strip()) for one in _PROTOCOLS if environ.get(one, "").strip()),
        ("", _HTTP),
    )
    if protocol != _HTTP:
        raise ConfigError(
            f"`{name}`: expected `{_HTTP}`, got `{protocol}`: "
            "set it, and the collector's HTTP port (4318) in the endpoint"
        )
    return True


@asynccontextmanager
async def open_tracing(environ: Mapping[str, str]) -> AsyncIterator[Tracer | None]:
    """Yield what makes spans, None where nobody wants them; what is left is sent at the end.

    Raises:
        ConfigError: the environment asks for what there is not, or the extra is not installed.
    """
    if not wants_traces(environ):
        yield None
        return
    try:
        # Only who traces pays for loading these.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import OTELResourceDetector, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"traces are wanted, but `{error.name}` is missing: "
            "run `pip install 'dialplan[telemetry]'`, or set `OTEL_TRACES_EXPORTER=none`"
        ) from error
    ours = Resource.create({"service.name": "dialplan", "service.version": version("dialplan")})
    provider = TracerProvider(
        # The operator's names for this service win over ours.
        resource=ours.merge(OTELResourceDetector().detect()),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    try:
        yield provider.get_tracer("dialplan", version("dialplan"))
    finally:
        try:
            async with asyncio.timeout(FLUSH_S):
                await asyncio.to_thread(provider.shutdown)
        except TimeoutError:
            log.warning("spans were not sent", extra={"reason": f"no end within {FLUSH_S:g} s"})
