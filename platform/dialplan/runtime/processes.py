"""The end of a process that we started: waited for, made sure of, and said in words."""

from __future__ import annotations

import asyncio
from contextlib import suppress


async def gone(process: asyncio.subprocess.Process, limit_s: float) -> bool:
    """Wait until a process that was asked to leave has; kill it after `limit_s` seconds.

    Returns whether it left by itself. Nothing of it stays when this is cancelled either.
    """
    try:
        async with asyncio.timeout(limit_s):
            await process.wait()
    except BaseException as exc:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        if not isinstance(exc, TimeoutError):
            raise
        return False
    return True


def ended(code: int) -> str:
    """Say how a process ended, by its return code."""
    return f"signal {-code}" if code < 0 else f"exit code {code}"
