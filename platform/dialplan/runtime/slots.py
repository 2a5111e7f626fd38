"""One of several processes behind one port: its number, and how a stream finds it again.

Data only. A media stream may reach any of the processes, while one of them has dialled the model:
the address of the stream names it, and the others pass the connection on (`web.siblings`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

MOST_WORKERS = 64
_NAME = re.compile(r"(?P<index>[0-9]{1,2})-(?P<group>[0-9a-f]{8})")


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of one worker.

    Attributes:
        folder: where the Unix sockets of the group are; only this user may enter it.
        group: eight hexadecimal digits, new at each start of the server.
        index: the worker's number, from 0.
        count: how many workers there are.
    """

    folder: Path
    group: str
    index: int
    count: int

    @property
    def name(self) -> str:
        """What stands in the address of a stream: `1-0a1b2c3d`."""
        return f"{self.index}-{self.group}"

    @property
    def siblings(self) -> tuple[int, ...]:
        """The numbers of the others."""
        return tuple(one for one in range(self.count) if one != self.index)

    def door(self, index: int) -> Path:
        """Return the Unix socket of a worker."""
        return self.folder / f"{index}.sock"

    def sibling_of(self, name: str) -> int | None:
        """Return whose name this is; None when it is ours, or of no worker of this group."""
        found = _NAME.fullmatch(name)
        if found is None or found["group"] != self.group:
            return None
        index = int(found["index"])
        return index if index in self.siblings else None
