from datetime import UTC, datetime

import pytest

from dialplan.emulators.conversations.account import Account, Handed, Ran, Said
from dialplan.emulators.twilio.line import Still
from dialplan.store.facts import CallEnded, HandedOff, ToolRan, TurnSpoken, TurnTimed

AT = datetime(2026, 3, 2, tzinfo=UTC)


def test_what_happens_belongs_to_the_line_that_the_caller_has_begun() -> None:
    account = Account()

    account.take(TurnSpoken("CA1", 1, AT, "agent", "desk", "Hello."), 0)
    account.take(TurnSpoken("CA1", 2, AT, "caller", "", "Hi."), 1)
    account.take(ToolRan("CA1", 3, AT, "desk", "find", {"id": 3}, "ok", 1.0), 1)
    account.take(HandedOff("CA1", 4, AT, "desk", "boss"), 2)
    account.take(TurnSpoken("CA1", 5, AT, "agent", "boss", "Yes?"), 2)

    assert account.greeting.said() == "Hello."
    assert account.turns[0].happenings == [Said("", "Hi."), Ran("find", {"id": 3}, "ok")]
    assert account.turns[1].happenings == [Handed("desk", "boss"), Said("boss", "Yes?")]
    assert account.handoffs() == 1


def test_a_failed_tool_and_a_broken_call_are_errors() -> None:
    account = Account()

    account.take(ToolRan("CA1", 1, AT, "desk", "find", {}, "failed", 1.0), 1)
    account.take(CallEnded("CA1", 2, AT, "closed with 1006", 900), 1)

    assert account.errors == ["the tool `find` failed", "the call broke: closed with 1006"]
    assert account.ended_by is None


def test_the_reasons_of_records_are_told_in_the_words_of_conversations() -> None:
    ended = {}
    for reason in ("caller", "agent", "transferred", "silence", "call_limit"):
        account = Account()
        account.take(CallEnded("CA1", 1, AT, reason, 900), 0)
        ended[reason] = account.ended_by

    assert ended == {
        "caller": "caller",
        "agent": "agent",
        "transferred": "transfer",
        "silence": "limit",
        "call_limit": "limit",
    }


def _timed(number: int, asked_ms: int | None, answer_ms: int | None = 300) -> TurnTimed:
    times = (asked_ms, 500, answer_ms, answer_ms, 0.4, 0.0, 0.0, None)
    return TurnTimed("CA1", number + 2, AT, number, "speech", "desk", *times, False)


def test_a_line_has_the_turns_whose_words_ended_in_it_whenever_they_were_told() -> None:
    account = Account()
    for fact in (_timed(0, 0), _timed(1, 1_900), _timed(2, 2_800), _timed(3, 7_000)):
        account.take(fact, 3)

    account.time([1_000, 6_000, 9_000])

    assert [[one.number for one in turn.timed] for turn in account.turns] == [[1, 2], [3], []]
    assert [turn.last and turn.last.waited_ms for turn in account.turns] == [800, 800, None]


@pytest.mark.parametrize(("withheld_ms", "waited_ms"), [(3_000, 800), (1_000, 2_800), (0, 3_800)])
def test_what_the_machine_withheld_was_not_waited_for(withheld_ms: int, waited_ms: int) -> None:
    account = Account()
    # By the server's time: 20 s were skipped at 500 of the line's, which lost 3 s at 2,000.
    for fact in (_timed(1, 21_900, 3_300), _timed(2, 29_000)):
        account.take(fact, 2)

    still = Still(2_000, 3_000, withheld_ms)
    account.time([1_000, 5_500], skipped=[(500, 20_000)], stood_still=[still])

    assert [[one.number for one in turn.timed] for turn in account.turns] == [[1], [2]]
    assert [turn.last and turn.last.waited_ms for turn in account.turns] == [waited_ms, 800]


def test_words_that_the_call_cut_short_were_not_waited_for() -> None:
    account = Account()
    account.take(_timed(1, None, None), 1)

    account.time([1_000])

    assert account.turns[0].last is None


def test_what_was_heard_of_a_cut_answer_belongs_to_the_turn_before_and_is_kept_apart() -> None:
    account = Account(cutting=frozenset({1}))

    account.take(TurnSpoken("CA1", 1, AT, "caller", "", "Hi."), 1)
    account.cleared(2)
    account.take(TurnSpoken("CA1", 2, AT, "agent", "desk", "We have"), 2)
    account.take(TurnSpoken("CA1", 3, AT, "caller", "", "Stop."), 2)
    account.take(TurnSpoken("CA1", 4, AT, "agent", "desk", "Sorry."), 2)

    assert account.turns[0].said() == "We have"
    assert account.turns[1].cut == "We have"
    assert account.turns[1].said() == "Sorry."


def test_each_turn_keeps_what_the_call_knew_at_its_end() -> None:
    account = Account()

    account.take(TurnSpoken("CA1", 1, AT, "caller", "", "Hi."), 1)
    account.memory["ticket"] = 7
    account.take(ToolRan("CA1", 2, AT, "desk", "find", {}, "ok", 1.0), 1)
    account.take(TurnSpoken("CA1", 3, AT, "caller", "", "Bye."), 2)
    account.memory["ticket"] = 8
    account.take(ToolRan("CA1", 4, AT, "desk", "find", {}, "ok", 1.0), 2)

    assert [turn.state for turn in account.turns] == [{"ticket": 7}, {"ticket": 8}]


def test_a_tool_that_is_meant_to_fail_is_no_error() -> None:
    account = Account(failing=frozenset({"find"}))

    account.take(ToolRan("CA1", 1, AT, "desk", "find", {}, "failed", 1.0), 1)

    assert account.errors == []
