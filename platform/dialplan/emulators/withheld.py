"""How long the machine did not let this thread run: what of a delay is not the program's own.

Nothing is withheld from a thread that computes, sleeps or waits for a peer, nor where Linux does
not tell (proc(5)).
"""

from __future__ import annotations

import os
from contextlib import suppress

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def queued_s() -> float:
    """Return the seconds that this thread was ready and had no core so far (some 15 us)."""
    with suppress(OSError), open("/proc/thread-self/schedstat", "rb") as file:
        return int(file.read().split()[1]) / 1e9
    return 0.0


def stolen_s() -> float:
    """Return the seconds that a hypervisor kept for others so far, of all cores (`steal`)."""
    with suppress(OSError), open("/proc/stat", "rb") as file:
        return int(file.readline().split()[8]) * _TICK_S
    return 0.0
