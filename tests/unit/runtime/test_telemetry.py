import pytest

from dialplan.errors import ConfigError
from dialplan.runtime.telemetry import wants_traces

HERE = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, False),
        (HERE, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": " "}, False),
        (HERE | {"OTEL_TRACES_EXPORTER": "none"}, False),
        (HERE | {"OTEL_SDK_DISABLED": "TRUE"}, False),
        (HERE | {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, True),
    ],
)
def test_traces_are_wanted_when_the_standard_variables_say_so(
    environ: dict[str, str], wanted: bool
) -> None:
    assert wants_traces(environ) is wanted


@pytest.mark.parametrize(
    ("name", "value", "mend"),
    [
        ("OTEL_TRACES_EXPORTER", "zipkin", "expected `otlp` or `none`, got `zipkin`"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "expected `http/protobuf`, got `grpc`"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json", "expected `http/protobuf`"),
    ],
)
def test_what_cannot_be_sent_is_refused_by_the_variables_name(
    name: str, value: str, mend: str
) -> None:
    with pytest.raises(ConfigError, match=f"^`{name}`: {mend}"):
        wants_traces(HERE | {name: value})
