"""What a worker tells its supervisor on standard output: that it is ready, or why it never will be.

One JSON object, one line; sans I/O.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class WorkerReady:
    """Calls are answered; `lines` are the numbers, sorted."""

    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class WorkerFailed:
    """The user has to mend something first; `reason` says what."""

    reason: str


Report = WorkerReady | WorkerFailed
_KINDS: dict[str, type[WorkerReady] | type[WorkerFailed]] = {
    "ready": WorkerReady,
    "failed": WorkerFailed,
}


def dump(report: Report) -> str:
    """Return a report as a line."""
    kind = "ready" if isinstance(report, WorkerReady) else "failed"
    return json.dumps({kind: asdict(report)}) + "\n"


def load(line: bytes) -> Report:
    """Read a line back.

    Raises:
        ValueError: it is no report.
    """
    try:
        ((kind, fields),) = json.loads(line).items()
        return _KINDS[kind](**fields)
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise ValueError("not a worker's report") from exc
