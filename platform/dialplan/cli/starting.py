"""What makes a server's start short: nothing waits that could go on beside something else."""

from __future__ import annotations

import asyncio
import gc
import importlib

from dialplan.settings import Settings


async def import_server(settings: Settings) -> None:
    """Import the server while the embedded Postgres comes up: they need a core each.

    The garbage collector rests meanwhile. Imports make a million objects that stay; to look through
    them again and again took a quarter of the time, and would hold calls up later.

    Raises:
        StoreError: the embedded Postgres does not start.
    """
    gc.disable()
    imports = asyncio.create_task(
        asyncio.to_thread(importlib.import_module, "dialplan.web.answering"), name="imports"
    )
    try:
        if settings.database_url is None:
            from dialplan.store.embedded import warm_up

            await warm_up(settings.data)
    finally:
        await imports


# One round of a generation looks at so many objects: 3 ms, which holds all calls up. A call that is
# over leaves none for it (`runtime.mailbox`), so that there is a round in minutes.
ROUND = 10_000


def started() -> None:
    """Let the collector work again, on what is made from now on."""
    gc.freeze()
    gc.set_threshold(ROUND, 20, 20)
    gc.enable()
