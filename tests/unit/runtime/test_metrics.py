import math
from datetime import UTC, datetime

from dialplan.engines.engine import PeerFault, TokensUsed
from dialplan.runtime.metrics import MOST_VALUES, Metrics
from dialplan.store.after_calls import Backlog
from dialplan.store.facts import CallBegan, CallEnded, ToolRan
from dialplan.store.lost import LostCall

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


def test_a_call_that_was_ended_for_a_dead_process_is_counted_under_its_vertical() -> None:
    metrics = Metrics()

    metrics.call_lost(LostCall("CA1", "corner", "shop", "host 1"))

    assert value(metrics, "calls_ended_total", vertical="shop", reason="server_lost") == 1


def test_what_waits_after_calls_is_told_by_kind_and_not_at_all_before_anybody_has_looked() -> None:
    metrics = Metrics()
    before = value(metrics, "after_calls_waiting", kind="read")

    metrics.left_to_do(Backlog(reads=3, oldest_read_s=12.5, sends=0, oldest_send_s=0.0))

    assert before is None
    assert value(metrics, "after_calls_waiting", kind="read") == 3
    assert value(metrics, "after_calls_oldest_seconds", kind="read") == 12.5
    assert value(metrics, "after_calls_waiting", kind="send") == 0


def test_what_waits_is_no_number_while_nobody_can_tell() -> None:
    metrics = Metrics()
    metrics.left_to_do(Backlog(3, 12.5, 1, 40.0))

    metrics.left_to_do(None)

    for name in ("after_calls_waiting", "after_calls_oldest_seconds"):
        for kind in ("read", "send"):
            found = value(metrics, name, kind=kind)
            assert found is not None
            assert math.isnan(found)
