from datetime import UTC, datetime

from dialplan.emulators.conversations.account import Account, Handed, Ran, Said
from dialplan.emulators.speech.written import write
from dialplan.protocols.audio import FRAME_BYTES, SILENCE
from dialplan.store.facts import CallEnded, HandedOff, ToolRan, TurnSpoken

AT = datetime(2026, 3, 2, tzinfo=UTC)
FRAME = bytes((SILENCE,)) * FRAME_BYTES


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


def test_the_wait_runs_from_the_callers_last_sound_to_the_agents_first() -> None:
    word = write("hello")  # 120 ms, six frames
    caller = FRAME * 5 + word + FRAME * 40 + word + FRAME * 5
    agent = FRAME * 30 + word + FRAME * (len(caller) // FRAME_BYTES - 36)
    account = Account()

    account.listen(caller, agent, [100, 1020])

    assert [turn.waited_ms for turn in account.turns] == [380, None]


def test_an_agent_who_already_speaks_kept_nobody_waiting() -> None:
    caller = write("one") + FRAME * 10
    agent = write("one two three four five")[: len(caller)]
    account = Account()

    account.listen(caller, agent, [0])

    assert account.turns[0].waited_ms == 0
