"""Who rehearses over a data folder: one file that is locked for as long as the rehearsal runs.

The lock goes with the process that holds it, however that ends, so what the file says is true
exactly while somebody holds the lock. The file tells a key: only its owner may read it.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import orjson

from dialplan.errors import ConfigError

FILE = "rehearsal.json"
# A reader looks at the lock for an instant, which must not turn a rehearsal away.
TRIES = 5
PAUSE_S = 0.05


@dataclass(frozen=True, slots=True)
class Address:
    """Where a rehearsal is: its server's `origin`, the `url` of its control channel and the key."""

    origin: str
    url: str
    pid: int
    key: str = field(repr=False)


class Claim:
    """The right to rehearse over a folder."""

    def __init__(self, file: int) -> None:
        self._file = file

    def announce(self, address: Address) -> None:
        """Tell whoever wants to ring that the rehearsal is ready."""
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, orjson.dumps(asdict(address)), 0)


@contextmanager
def claim(data: Path) -> Iterator[Claim]:
    """Take the folder for a rehearsal, for as long as the block lasts.

    Raises:
        ConfigError: another rehearsal has it, or it cannot be written.
    """
    try:
        data.mkdir(parents=True, exist_ok=True)
        file = os.open(data / FILE, os.O_RDWR | os.O_CREAT, 0o600)
        os.fchmod(file, 0o600)
    except OSError as exc:
        raise ConfigError(
            f"cannot write into the data folder `{data}`: {exc.strerror}; set `DIALPLAN_DATA` to "
            "a folder of yours"
        ) from exc
    try:
        _lock(file, data)
        os.ftruncate(file, 0)
        try:
            yield Claim(file)
        finally:
            os.ftruncate(file, 0)
    finally:
        os.close(file)


def find(data: Path) -> Address | None:
    """Return where the rehearsal over a folder is; None when nobody rehearses over it.

    Raises:
        BlockingIOError: one is starting, and not ready yet.
    """
    try:
        file = os.open(data / FILE, os.O_RDONLY)
    except OSError:
        return None
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            found = _read(file)
            if found is None:
                raise
            return found
        # Nobody holds the lock: what is written there is left over from a process that is gone.
        return None
    finally:
        os.close(file)


def _lock(file: int, data: Path) -> None:
    for _ in range(TRIES):
        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(PAUSE_S)
    other = _read(file)
    where = "" if other is None else f" on {other.origin} (process {other.pid})"
    raise ConfigError(
        f"another rehearsal runs over `{data}`{where}: ring it with `dialplan call`, stop it, or "
        "set `DIALPLAN_DATA` to another folder"
    )


def _read(file: int) -> Address | None:
    try:
        return Address(**orjson.loads(os.pread(file, 65536, 0)))
    except (ValueError, TypeError):
        return None
