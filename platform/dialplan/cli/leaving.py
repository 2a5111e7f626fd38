"""A child's way to leave with its parent: the end of its standard input, however that came."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time

LEAVE_S = 30.0
"""Longer than an orderly end takes."""


def leave_with_the_parent() -> None:
    """Leave when standard input ends: in order, and at once when that takes too long."""
    threading.Thread(target=_leave, name="parent", daemon=True).start()


def _leave() -> None:
    with contextlib.suppress(OSError):
        while os.read(0, 1024):
            pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(LEAVE_S)
    os._exit(1)
