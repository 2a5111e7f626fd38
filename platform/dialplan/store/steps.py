"""Steps that bring a vertical's tables from what they are to what its file says. Data only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

Risk = Literal["SAFE", "RISKY", "DESTRUCTIVE"]


@dataclass(frozen=True, slots=True)
class Step:
    """One change of a table.

    Attributes:
        risk: SAFE steps only add; a RISKY one can fail on the rows that are there, or breaks calls
            in progress; a DESTRUCTIVE one takes data out of sight.
        what: what is done, in words.
        table: the table it is about.
        statements: the SQL, in order.
        note: what to know before agreeing to it; empty for nothing.
        blocks: whether the vertical's file cannot be served before this is done.
    """

    risk: Risk
    what: str
    table: str
    statements: tuple[str, ...]
    note: str = ""
    blocks: bool = True


@dataclass(frozen=True, slots=True)
class TablePlan:
    """All steps of one vertical, and a mark of the tables that they were planned for.

    Attributes:
        live: a hash of the tables as they were when this was planned.
    """

    schema: str
    steps: tuple[Step, ...]
    live: str

    @property
    def fingerprint(self) -> str:
        """A hash of the steps and of the tables they were planned for."""
        written = json.dumps([self.live, [asdict(step) for step in self.steps]], sort_keys=True)
        return hashlib.sha256(written.encode()).hexdigest()[:16]


def riskiest(steps: Sequence[Step]) -> Risk | None:
    """Return the highest risk among steps, None without any."""
    order: tuple[Risk, ...] = ("DESTRUCTIVE", "RISKY", "SAFE")
    return next((risk for risk in order if any(step.risk == risk for step in steps)), None)
