"""Ends a command as its user or its supervisor asks: in order, and without a traceback."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any

import click
import uvloop


def run_until_signalled(main: Coroutine[Any, Any, None]) -> None:
    """Run a command's coroutine on uvloop; SIGINT and SIGTERM cancel it, and it cleans up.

    Raises:
        click.Abort: it was cancelled; the command ends with exit code 130.
    """
    supervised = _cancelled_by_signals(main)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(supervised)
    except (asyncio.CancelledError, KeyboardInterrupt) as exc:
        raise click.Abort from exc
    finally:
        # Interrupted before the loop ran, they would be complained of as never awaited.
        supervised.close()
        main.close()


async def _cancelled_by_signals(main: Coroutine[Any, Any, None]) -> None:
    task = asyncio.ensure_future(main)
    loop = asyncio.get_running_loop()
    # A second Ctrl-C changes nothing: every step of the clean-up has a limit of its own.
    asked = False

    def ask() -> None:
        nonlocal asked
        if not asked:
            asked = True
            task.cancel()

    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, ask)
    await task
