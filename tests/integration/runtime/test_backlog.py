"""The figures of what waits after calls, as a server keeps them for its scrapes."""

from __future__ import annotations

import asyncio
import math

from dialplan.runtime.backlog import watch_backlog
from dialplan.runtime.metrics import Metrics
from dialplan.store.database import Database


async def test_the_figures_are_there_at_once_and_unknown_while_the_database_is_away(
    database: Database,
) -> None:
    here, away = Metrics(), Metrics()
    nobody = Database("postgresql://someone@127.0.0.1:1/none", connect_timeout=1)

    def waiting(metrics: Metrics) -> float | None:
        return metrics.registry.get_sample_value("dialplan_after_calls_waiting", {"kind": "read"})

    async with asyncio.TaskGroup() as tasks:
        watching = [
            tasks.create_task(watch_backlog(metrics, one, every_s=0.05))
            for metrics, one in ((here, database), (away, nobody))
        ]
        async with asyncio.timeout(10):
            while waiting(here) is None or waiting(away) is None:  # noqa: ASYNC110  figures
                await asyncio.sleep(0.02)
        for one in watching:
            one.cancel()
    await nobody.close()

    counted, unknown = waiting(here), waiting(away)
    assert counted is not None
    assert counted >= 0
    assert unknown is not None
    assert math.isnan(unknown)
