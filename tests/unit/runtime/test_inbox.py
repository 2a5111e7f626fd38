from __future__ import annotations

import asyncio

import pytest

from dialplan.runtime.inbox import Inbox


async def test_events_are_taken_in_the_order_they_were_put() -> None:
    inbox: Inbox[int] = Inbox(10)
    for number in range(3):
        inbox.put(number)

    await inbox.wait(None)

    assert [inbox.take() for _ in range(4)] == [0, 1, 2, None]


async def test_a_full_inbox_takes_no_more_until_it_holds_something_else() -> None:
    inbox: Inbox[str] = Inbox(2)

    assert [inbox.put(name) for name in "abc"] == [True, True, False]
    inbox.replace("end")

    assert [inbox.take(), inbox.take()] == ["end", None]


async def test_an_event_ends_the_wait_and_many_events_end_it_once() -> None:
    inbox: Inbox[int] = Inbox(10)
    waiting = asyncio.create_task(inbox.wait(60_000))
    await asyncio.sleep(0)

    inbox.put(1)
    inbox.put(2)
    await waiting

    assert [inbox.take(), inbox.take()] == [1, 2]
    inbox.close()


async def test_a_wait_without_events_ends_at_its_limit() -> None:
    inbox: Inbox[int] = Inbox(10)
    loop = asyncio.get_running_loop()
    began = loop.time()

    await inbox.wait(20)

    assert inbox.take() is None
    assert 0.015 < loop.time() - began < 1


async def test_a_deadline_that_comes_nearer_is_met_and_one_that_moves_away_may_ring_early() -> None:
    inbox: Inbox[int] = Inbox(10)
    loop = asyncio.get_running_loop()
    for limit_ms in (60_000, 20):
        inbox.put(1)
        await inbox.wait(limit_ms)
        inbox.take()
        waiting = asyncio.create_task(inbox.wait(limit_ms))
        await asyncio.sleep(0)
        inbox.put(2)
        await waiting
        inbox.take()
    began = loop.time()

    await inbox.wait(60_000)

    assert loop.time() - began < 1
    inbox.close()


@pytest.mark.parametrize("limit_ms", [None, 50])
async def test_a_wait_that_is_cancelled_leaves_the_inbox_usable(limit_ms: int | None) -> None:
    inbox: Inbox[int] = Inbox(10)
    waiting = asyncio.create_task(inbox.wait(limit_ms))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])

    inbox.put(1)
    await inbox.wait(None)

    assert inbox.take() == 1
    inbox.close()
