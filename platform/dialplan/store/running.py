"""Whether an embedded Postgres runs in a data folder already, and its address; starts nothing."""

from __future__ import annotations

import os
from pathlib import Path

DATABASE = "dialplan"
FOLDER = "postgres"

# "postmaster.pid", PostgreSQL documentation 66.1 and `pidfile.h`: the lines from 0.
_PID, _PORT, _SOCKET, _STATUS = 0, 3, 4, 7


def running_url(data: Path) -> str | None:
    """Return the address of the Postgres that runs in `data`/postgres; None when none is ready."""
    try:
        lines = (data / FOLDER / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    if len(lines) <= _STATUS or lines[_STATUS].strip() != "ready":
        return None
    pid, port = lines[_PID].strip(), lines[_PORT].strip()
    if not (pid.isdecimal() and len(pid) < 10 and port.isdecimal() and runs(int(pid))):
        return None
    host = lines[_SOCKET].strip() or "127.0.0.1"
    return f"postgresql://postgres@/{DATABASE}?host={host}&port={port}"


def runs(pid: int) -> bool:
    """Whether a process is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
