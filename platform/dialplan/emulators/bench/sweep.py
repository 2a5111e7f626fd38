"""Which numbers of calls a sweep tries, and how many are held in the end. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from dialplan.emulators.bench.report import Json

STEP: int = 50
FINE: int = 10
MOST_CALLS = 1000
LIMIT_MS = 20.0


def holds(run: Json, limit_ms: float = LIMIT_MS) -> bool:
    """Whether a run stayed within the limit: p99 each way, no audio lost, no call failed."""
    latency = run["latency_ms"]
    within = max(latency["up_every_byte"]["p99"], latency["down"]["p99"]) <= limit_ms
    return bool(within and run["clean"])


def next_calls(held: Mapping[int, bool]) -> int | None:
    """Return the next number of calls to try, given which were held; None when it is enough.

    It goes up in steps until one is not held, then halves the step between.
    """
    best = max((calls for calls, held_ in held.items() if held_), default=0)
    broken = min((calls for calls, held_ in held.items() if not held_ and calls > best), default=0)
    if not broken:
        return best + STEP if best + STEP <= MOST_CALLS else None
    middle = (best + broken) // 2 // FINE * FINE
    return None if middle <= best or middle in held else middle


def most_held(held: Mapping[int, bool]) -> int:
    """Return the largest number of calls that was held with all smaller ones tried; 0 for none."""
    best = 0
    for calls in sorted(held):
        if not held[calls]:
            break
        best = calls
    return best
