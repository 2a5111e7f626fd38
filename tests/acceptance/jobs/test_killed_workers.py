import asyncio
import random
import time
from collections import Counter

import pytest

from .conftest import Desk

KILLS = 10
CALLS = 60


@pytest.mark.timeout(400)
async def test_ten_kills_lose_no_call_and_no_send(desk: Desk) -> None:
    """One worker, killed at any moment and started again; the calls come all the while."""
    desk.model.slow_s, desk.service.slow_s = 0.6, 0.3
    sids = [f"CA{number}" for number in range(CALLS)]
    chance = random.Random(7)

    for kill in range(KILLS):
        worker = await desk.work(DIALPLAN_JOBS_AT_ONCE="4")
        await desk.over(*sids[kill * CALLS // KILLS : (kill + 1) * CALLS // KILLS])
        # From before its first job to the midst of several.
        asked = desk.model.asked
        began = time.monotonic()
        while kill % 3 and desk.model.asked == asked:
            await asyncio.sleep(0.02)
            assert time.monotonic() - began < 100, desk.log()
        await asyncio.sleep(chance.uniform(0.0, 3.0))
        worker.kill()
        await worker.wait()
    await desk.work()
    rows = await desk.until(
        lambda rows: len(rows) == CALLS and all(row.settled for row in rows.values()), limit_s=150
    )

    assert Counter(row.status for row in rows.values()) == {"done": CALLS}
    assert {one.status for row in rows.values() for one in row.sends} == {"sent"}
    wanted = {f"{sid}:send:{number}" for sid in sids for number in (1, 2)}
    assert desk.service.keys == wanted
    # What came twice came under the same key, for the service to see.
    twice = len(desk.service.got) - len(wanted)
    assert 0 <= twice <= KILLS * 16
    assert "taken over" in desk.log()
