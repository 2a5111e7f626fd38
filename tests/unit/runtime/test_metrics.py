from datetime import UTC, datetime

from dialplan.engines.engine import PeerFault, TokensUsed
from dialplan.runtime.metrics import MOST_VALUES, Metrics
from dialplan.store.facts import CallBegan, CallEnded, ToolRan

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BEGAN = CallBegan(
    "CA1", 1, NOW, tenant="t", vertical="shop", version="1", caller="+15550107788", called="+1555"
)


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"dialplan_{name}", labels)


def test_a_call_is_counted_under_its_vertical_from_begin_to_end() -> None:
    metrics = Metrics()

    metrics.note(BEGAN)
    metrics.note(ToolRan("CA1", 2, NOW, "desk", "find", {"name": "Ana"}, "ok", 12.5))
    metrics.note(CallEnded("CA1", 3, NOW, "caller", 1000))

    assert value(metrics, "calls_began_total", vertical="shop") == 1
    assert value(metrics, "calls_ended_total", vertical="shop", reason="caller") == 1
    assert value(metrics, "tool_runs_total", vertical="shop", tool="find", status="ok") == 1
    assert value(metrics, "tool_seconds_sum", vertical="shop", tool="find") == 0.0125


def test_whatever_a_model_says_when_it_goes_is_one_reason() -> None:
    metrics = Metrics()
    for n in range(3):
        metrics.note(BEGAN)
        metrics.note(CallEnded("CA1", 3, NOW, f"closed with {n}", 1000))

    assert value(metrics, "calls_ended_total", vertical="shop", reason="model_lost") == 3


def test_a_label_that_a_peer_chooses_is_bounded() -> None:
    metrics = Metrics()
    for n in range(MOST_VALUES + 50):
        metrics.engine_told("shop", PeerFault(f"kind {n}"))

    assert value(metrics, "model_faults_total", kind="other") == 50
    assert value(metrics, "model_faults_total", kind="kind 3") == 1


def test_tokens_are_counted_by_kind() -> None:
    metrics = Metrics()

    metrics.engine_told("shop", TokensUsed("r1", 100, 50, 80, 40, 30))

    counted = {
        kind: value(metrics, "tokens_total", vertical="shop", kind=kind)
        for kind in ("input", "output", "input_audio", "output_audio", "cached")
    }
    assert counted == {
        "input": 100, "output": 50, "input_audio": 80, "output_audio": 40, "cached": 30,
    }  # fmt: skip
