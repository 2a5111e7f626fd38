"""What waits to be read and sent after calls, for the metrics: one process asks now and then.

No scrape waits for the database, and no call is counted one by one.
"""

from __future__ import annotations

import asyncio

from dialplan.errors import StoreError
from dialplan.runtime.metrics import Metrics
from dialplan.store import after_calls
from dialplan.store.database import Database

EVERY_S = 15.0
"""How often: two statements over indexes that hold only what waits."""


async def watch_backlog(metrics: Metrics, database: Database, every_s: float = EVERY_S) -> None:
    """Ask until cancelled; while the database does not answer the figures are not known."""
    while True:
        try:
            metrics.left_to_do(await after_calls.backlog(database))
        except StoreError:
            metrics.left_to_do(None)  # /readyz says why
        await asyncio.sleep(every_s)
