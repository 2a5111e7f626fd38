from datetime import UTC, datetime
from typing import Any

import pytest

from dialplan.emulators.conversations.account import (
    Account,
    Handed,
    Happening,
    Ran,
    Said,
    TurnAccount,
)
from dialplan.emulators.conversations.expectations import misses
from dialplan.emulators.conversations.miss import Miss
from dialplan.emulators.conversations.outcomes import answered
from dialplan.model.conversation import Conversation
from dialplan.store.facts import TurnTimed

AT = datetime(2026, 3, 2, tzinfo=UTC)


def _told(expect: dict[str, Any], then: list[dict[str, Any]] | None = None) -> Conversation:
    turns = [{"caller": "Hi.", "expect": expect}]
    return Conversation.model_validate({"name": "A", "turns": turns, "then": then or []})


def _account(*happenings: Happening, waited_ms: int | None = 500) -> Account:
    turn = TurnAccount(list(happenings), [] if waited_ms is None else [_timed(waited_ms)])
    return Account([turn], ended_by="caller", reason="caller")


def _timed(waited_ms: int, *, tools_ms: float = 0.0) -> TurnTimed:
    answer_ms = waited_ms - 400
    times = (2_000, 400, answer_ms, answer_ms, 0.4, tools_ms, tools_ms, None)
    return TurnTimed("CA1", 2, AT, 1, "speech", "desk", *times, False)


FOUND = Ran("find", {"name": "Maria", "born": "1985-05-04"}, "ok")


@pytest.mark.parametrize(
    "expect",
    [
        {},
        {"tool": "find"},
        {"tool": {"find": {"name": "maria"}}},
        {"handoff": "boss"},
        {"says": "welcome"},
        {"says": ["Welcome Maria", {"any": ["bye", "help"]}]},
        {"within": "500ms"},
    ],
)
def test_what_happened_is_what_was_expected(expect: dict[str, Any]) -> None:
    account = _account(
        Handed("desk", "boss"), FOUND, Said("", "Hi."), Said("boss", "Welcome, Maria. Can I help?")
    )

    assert misses(_told(expect), account) == []


@pytest.mark.parametrize(
    ("expect", "miss"),
    [
        ({"tool": "book"}, Miss(("tool",), "the tool `book`", "no tool ran")),
        ({"handoff": "boss"}, Miss(("handoff",), "a handoff to `boss`", "no handoff")),
        (
            {"says": ["hi", {"any": ["a", "b"]}]},
            Miss(("says", 1), "to hear `a` or `b`", "the agent said: Hi there."),
        ),
        ({"says": "caller"}, Miss(("says",), "to hear `caller`", "the agent said: Hi there.")),
        (
            {"within": "1500ms"},
            Miss(
                ("within",),
                "an answer within 1500 ms",
                "1520 ms: 400 ms pause, 1120 ms model, 0.4 ms bridge",
            ),
        ),
    ],
)
def test_a_miss_names_its_place_and_both_sides(expect: dict[str, Any], miss: Miss) -> None:
    account = _account(Said("", "I am the caller."), Said("desk", "Hi there."), waited_ms=1520)

    wanted = Miss(("turns", 0, "expect", *miss.at), miss.expected, miss.got)
    assert misses(_told(expect), account) == [wanted]


def test_a_tool_with_other_arguments_is_shown_as_it_ran() -> None:
    found = misses(_told({"tool": {"find": {"born": "1985-05-05"}}}), _account(FOUND))

    assert found == [
        Miss(
            ("turns", 0, "expect", "tool", "find"),
            'the tool `find` with born: "1985-05-05"',
            '`find` {name: "Maria", born: "1985-05-04"} -> ok',
        )
    ]


@pytest.mark.parametrize("status", ["refused", "invalid", "failed", "cancelled"])
def test_a_tool_that_did_not_run_was_not_used(status: str) -> None:
    assert len(misses(_told({"tool": "find"}), _account(Ran("find", {}, status)))) == 1


@pytest.mark.parametrize("status", ["ok", "not_found", "confirm"])
def test_a_tool_that_ran_or_asks_first_was_used(status: str) -> None:
    assert misses(_told({"tool": "find"}), _account(Ran("find", {}, status))) == []


def test_what_was_waited_for_is_told_with_the_tools_apart() -> None:
    account = Account([TurnAccount([], [_timed(1_520, tools_ms=1_000.0)])], ended_by="caller")

    found = misses(_told({"within": "1s"}), account)

    assert [(miss.expected, miss.got) for miss in found] == [
        (
            "an answer within 1000 ms",
            "1520 ms: 400 ms pause, 120 ms model, 1000 ms tools, 0.4 ms bridge",
        )
    ]


def test_of_two_turns_in_one_line_the_last_is_judged() -> None:
    account = Account([TurnAccount([], [_timed(5_000), _timed(700)])], ended_by="caller")

    assert misses(_told({"within": "1s"}), account) == []


def test_silence_misses_every_time_limit() -> None:
    found = misses(_told({"within": "5s"}), _account(waited_ms=None))

    assert [miss.got for miss in found] == ["silence"]


def test_a_call_that_ends_early_is_told_at_the_first_line_not_said() -> None:
    turns = [{"caller": "One."}, {"caller": "Two."}, {"caller": "Three."}]
    told = Conversation.model_validate({"name": "A", "turns": turns})

    found = misses(told, _account())

    assert [(miss.at, miss.got) for miss in found] == [
        (("turns", 1, "caller"), "the call was over before (ended by caller)")
    ]


def test_the_outcome_of_the_call_is_compared_key_by_key() -> None:
    then = [{"call": {"ended_by": "agent", "handoffs": 2, "errors": 0}}]
    account = _account(Handed("a", "b"))
    account.errors.append("the tool `find` failed")

    assert misses(_told({}, then), account) == [
        Miss(("then", 0, "call", "ended_by"), "the call to be ended by agent", "caller"),
        Miss(("then", 0, "call", "handoffs"), "`handoffs: 2`", "1"),
        Miss(("then", 0, "call", "errors"), "`errors: 0`", "1: the tool `find` failed"),
    ]


def test_a_call_that_broke_fails_though_nothing_was_expected_of_its_end() -> None:
    account = Account([TurnAccount()], errors=["the call broke: failed"], reason="failed")

    assert [miss.got for miss in misses(_told({}), account)] == ["the call broke: failed"]


@pytest.mark.parametrize(("wanted", "got"), [(1, 1), (1, 1.0), (None, None), ("a", "a")])
def test_an_answer_that_is_the_same_is_no_miss(wanted: object, got: object) -> None:
    assert answered(("then", 0, "equals"), wanted, got) is None


@pytest.mark.parametrize(("wanted", "got"), [(1, True), (1, "1"), (None, 0), ("a", "A"), (1, 2)])
def test_another_answer_is_a_miss(wanted: object, got: object) -> None:
    assert answered(("then", 0, "equals"), wanted, got) is not None
