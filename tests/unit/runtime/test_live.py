from datetime import UTC, datetime

from dialplan.runtime.live import (
    MOST_ENDED,
    MOST_FACTS,
    MOST_LISTENERS,
    LiveCalls,
    Lost,
    Speaking,
    ToolBegan,
)
from dialplan.store.facts import CallBegan, CallEnded, HandedOff

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def began(sid: str) -> CallBegan:
    return CallBegan(
        sid, 1, NOW, tenant="t", vertical="v", version="1", caller="+15550107788", called="+1555"
    )


def ended(sid: str, seq: int = 9) -> CallEnded:
    return CallEnded(sid, seq, NOW, reason="caller", duration_ms=1)


def test_a_call_is_up_from_its_begin_to_its_end_and_known_a_while_longer() -> None:
    live = LiveCalls()
    live.note(began("CA1"))
    assert [one.began.call_sid for one in live.running()] == ["CA1"]

    live.note(ended("CA1"))

    assert live.running() == []
    call = live.call("CA1")
    assert call is not None
    assert len(call.facts) == 2
    for n in range(MOST_ENDED):
        live.note(began(f"CB{n}"))
        live.note(ended(f"CB{n}"))
    assert live.call("CA1") is None


async def test_a_listener_is_told_of_its_call_alone() -> None:
    live = LiveCalls()
    listener = live.listen("CA2")
    assert listener is not None

    live.note(began("CA1"))
    live.note(began("CA2"))

    assert await listener.next() == began("CA2")


async def test_a_listener_that_falls_behind_hears_only_that_and_holds_up_nobody() -> None:
    live = LiveCalls(limit=3)
    slow, quick = live.listen(), live.listen()
    assert slow is not None
    assert quick is not None
    for n in range(10):
        live.note(began(f"CA{n}"))
        assert await quick.next() == began(f"CA{n}")

    told = await slow.next()

    assert isinstance(told, Lost)
    assert "behind" in told.reason


def test_more_listeners_than_the_limit_are_turned_away_until_one_leaves() -> None:
    live = LiveCalls()
    first, *_ = [live.listen() for _ in range(MOST_LISTENERS)]
    assert live.listen() is None
    assert first is not None

    live.forget(first)

    assert live.listen() is not None


def test_who_speaks_and_which_tool_works_is_known_and_forgotten_with_the_call() -> None:
    live = LiveCalls()
    live.note(began("CA1"))
    tool = ToolBegan("CA1", NOW, "desk", "find")
    live.speaks(Speaking("CA1", NOW, "caller", ""))
    live.tool_began(tool)
    call = live.call("CA1")
    assert call is not None
    assert call.speaking is not None
    assert call.tools == [tool]

    live.tool_over(tool)
    live.tool_over(tool)
    live.note(ended("CA1"))

    assert call.tools == []
    assert call.speaking is None


def test_a_call_that_never_ends_takes_bounded_memory_and_says_that_something_is_missing() -> None:
    live = LiveCalls()
    live.note(began("CA1"))
    for seq in range(MOST_FACTS + 5):
        live.note(HandedOff("CA1", seq, NOW, "a", "b"))
    call = live.call("CA1")

    assert call is not None
    assert len(call.facts) == MOST_FACTS
    assert call.left_out == 6


def test_facts_of_a_call_that_nobody_began_are_told_and_not_kept() -> None:
    live = LiveCalls()

    live.note(ended("CA7"))
    live.speaks(Speaking("CA7", NOW, "caller", ""))

    assert live.call("CA7") is None
