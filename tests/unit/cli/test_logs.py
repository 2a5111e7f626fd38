import io
import json
import logging
from typing import Any

import pytest

from dialplan.cli.logs import JsonLines, TextLines, shortened


def written(formatter: logging.Formatter, **extra: Any) -> str:
    stream = io.StringIO()
    logger = logging.Logger("dialplan.x")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logger.addHandler(handler)
    try:
        raise ValueError("from +15550107788")
    except ValueError:
        logger.warning("it broke", extra=extra, exc_info="broken" in extra)
    return stream.getvalue()


def test_a_record_is_one_json_object_with_its_own_fields() -> None:
    line = json.loads(written(JsonLines(pii=False), call_sid="CA1", ms=1.5, ignored={"late": 2}))

    assert line["time"].endswith("Z")
    assert {key: value for key, value in line.items() if key != "time"} == {
        "level": "WARNING",
        "logger": "dialplan.x",
        "message": "it broke",
        "call_sid": "CA1",
        "ms": 1.5,
        "ignored": {"late": 2},
    }


def test_a_traceback_stays_in_its_line_and_loses_its_numbers() -> None:
    text = written(JsonLines(pii=False), broken=True)

    assert text.count("\n") == 1
    assert "Traceback" in json.loads(text)["exception"]
    assert "7788" not in text


@pytest.mark.parametrize("formatter", [JsonLines, TextLines])
def test_callers_data_is_dropped_unless_asked_for(formatter: Any) -> None:
    fields = {"said_pii": "my name is Ana", "call_sid": "CA1"}

    assert "Ana" not in written(formatter(pii=False), **fields)
    assert "Ana" in written(formatter(pii=True), **fields)


@pytest.mark.parametrize("formatter", [JsonLines, TextLines])
def test_numbers_are_shortened_wherever_they_stand(formatter: Any) -> None:
    text = written(
        formatter(pii=False),
        to="+15550107788",
        error="to 15550107788 failed",
        many=[{"a": "+15550107788"}],
    )

    assert "555010" not in text
    assert "+155...88" in text


def test_what_only_looks_like_a_number_stays() -> None:
    for text in (
        "CA937c8af136daa79bfb2b78124552fce7",
        "12345678",
        "2026-11-24T09:12:03",
        "1.123456789012",
    ):
        assert shortened(text) == text


def test_on_a_terminal_fields_stand_behind_the_message() -> None:
    line = written(TextLines(pii=False), call_sid="CA1", reason="no answer")

    assert "WARNING dialplan.x: it broke  call_sid=CA1  reason='no answer'" in line
