"""What a fresh session is told of the conversation."""

from __future__ import annotations

import base64
from typing import Any

import orjson

from dialplan.call.playback import Truncation
from dialplan.engines.realtime.history import History

SECOND = base64.b64encode(bytes(8000)).decode()


def told(history: History) -> list[dict[str, Any]]:
    return [orjson.loads(frame)["item"] for frame in history.frames()]


def texts(history: History) -> list[tuple[str, str]]:
    return [(item["role"], item["content"][0]["text"]) for item in told(history)]


def test_turns_are_told_in_the_order_they_were_spoken() -> None:
    history = History()
    history.agent_audio("a", SECOND)
    history.caller_spoke("c")
    history.agent_said("a", "good morning")
    history.agent_said("b", "a visit then")
    history.caller_said("c", "a visit")

    assert texts(history) == [
        ("assistant", "good morning"),
        ("user", "a visit"),
        ("assistant", "a visit then"),
    ]


def test_only_the_heard_part_of_a_cut_item_is_told() -> None:
    history = History()
    history.agent_audio("a", SECOND)
    history.agent_said("a", "one two three four")
    history.truncated(Truncation("a", 0, 500))

    assert texts(history) == [("assistant", "one two")]


def test_an_unheard_item_is_not_told() -> None:
    history = History()
    history.agent_said("a", "one two")
    history.truncated(Truncation("a", 0, 0))

    assert told(history) == []


def test_noise_without_words_is_not_told() -> None:
    history = History()
    history.caller_spoke("c")
    history.caller_said("c", " ")
    history.caller_spoke("d")

    assert told(history) == []


def test_calls_and_their_answers_are_told() -> None:
    history = History()
    history.called("1", "look_up", "{}")
    history.answered("1", "found")

    assert [item["type"] for item in told(history)] == ["function_call", "function_call_output"]


def test_a_cut_forgets_what_precedes_the_response_of_a_handoff() -> None:
    history = History()
    history.caller_said("c", "about my bill")
    history.called("1", "look_up", "{}")
    history.answered("1", "found")
    history.agent_said("a", "let me get billing")
    history.called("2", "to_billing", "{}")

    history.cut({"a", "2"})
    history.answered("2", "handed over")
    history.caller_said("d", "hello")

    kinds = [item.get("call_id") or item["content"][0]["text"] for item in told(history)]
    assert kinds == ["let me get billing", "2", "2", "hello"]


def test_a_cut_leaves_a_call_that_is_not_answered() -> None:
    history = History()
    history.called("1", "slow", "{}")
    history.called("2", "to_billing", "{}")

    history.cut({"2"})
    history.answered("1", "at last")

    assert [item["call_id"] for item in told(history)] == ["1", "2", "1"]


def test_what_arrives_late_for_a_forgotten_item_stays_forgotten() -> None:
    history = History()
    history.caller_spoke("c")
    history.agent_said("a", "one two")
    history.called("2", "to_billing", "{}")

    history.cut({"2"})
    history.caller_said("c", "about my bill")
    history.truncated(Truncation("a", 0, 500))

    assert [item["type"] for item in told(history)] == ["function_call"]


def test_a_cut_at_a_handoff_that_was_never_told_forgets_nothing() -> None:
    history = History()
    history.caller_said("c", "about my bill")

    history.cut({"2"})

    assert texts(history) == [("user", "about my bill")]


def test_a_cut_is_as_long_in_24_khz_pcm() -> None:
    history = History(bytes_per_ms=48)
    history.agent_audio("a", base64.b64encode(bytes(48_000)).decode())
    history.agent_said("a", "one two three four")
    history.truncated(Truncation("a", 0, 500))

    assert texts(history) == [("assistant", "one two")]
