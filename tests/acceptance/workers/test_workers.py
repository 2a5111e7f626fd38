"""Several workers behind one port: calls spread over them, and each finds its way back."""

from __future__ import annotations

import asyncio

from typing import Any



async def test_calls_spread_over_the_workers_and_all_of_them_are_talked(
    open_server: Any,
) -> None:
    async with open_server() as server:
        records = await asyncio.gather(*(server.ring("Hello?", "Thanks.") for _ in range(20)))

        began = await server.counts("dialplan_calls_began_total")
        ended = await server.counts("dialplan_calls_ended_total")
        passed = await server.counts("dialplan_streams_passed_total")
        log = server.log.read_text()

    assert [one.notifications for one in records] == [[]] * 20
    assert sum(began.values()) == sum(ended.values()) == 20
    assert len([one for one in began.values() if one]) == 2, began
    assert passed
    assert server.model.connections == 20, log
