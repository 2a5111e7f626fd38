"""Load that lasts: calls come and go for a long time, and what the server keeps is looked at."""

from __future__ import annotations

import asyncio
from array import array
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from time import perf_counter

from dialplan.emulators.bench.ends import Ends
from dialplan.emulators.bench.figures import Spread, bucket_quantile, spread
from dialplan.emulators.bench.leg import RungCall
from dialplan.emulators.bench.machine import Meter, go_ahead
from dialplan.emulators.bench.run import DRAIN_S, LIFE, MS, WARM_CALLS, Plan, hang_up, ring
from dialplan.emulators.bench.sound import Tally
from dialplan.emulators.bench.stayed import Kept, Sample, verdict
from dialplan.emulators.bench.target import Target

# What is closed in order is closed by then: lingering sockets, late records.
SETTLE_S = 8.0
# Seconds between two samples; less where there would be fewer of them than `SAMPLES`.
SAMPLE_S = 30.0
SAMPLES = 6


@dataclass(frozen=True, slots=True)
class Soak:
    """What is run.

    Attributes:
        plan: how many calls are up at once, and how; its `seconds` are those of the soak.
        shortest_s, longest_s: between these lies how long a call lasts.
        every_s: between two samples.
    """

    plan: Plan
    shortest_s: float = 60.0
    longest_s: float = 180.0
    every_s: float = SAMPLE_S


@dataclass(slots=True)
class Soaked:
    """What came of it.

    Attributes:
        before, after: what the server kept without a call, before the first and after the last.
        samples: taken while calls were up, oldest first.
        faults: what an end could not make sense of, by kind.
    """

    soak: Soak
    before: Kept
    after: Kept
    samples: list[Sample]
    calls: int
    failed: int
    tally: Tally
    faults: dict[str, int]
    life: dict[str, int]

    @property
    def warm_s(self) -> float:
        """How long memory may grow: until no call is left of those that came first."""
        return min(self.soak.longest_s, self.soak.plan.seconds / 2)

    @property
    def over(self) -> tuple[str, ...]:
        """What is over its limit, in words; empty when all is well."""
        return verdict(
            self.samples,
            self.before,
            self.after,
            warm_s=self.warm_s,
            failed=self.failed,
            clean=self.tally.clean,
        )


@dataclass(slots=True)
class _Counts:
    calls: int = 0
    failed: int = 0
    tally: Tally = field(default_factory=Tally)
    life: Counter[str] = field(default_factory=Counter)


class _Keeper:
    """Looks at the server from outside, and at what the ends measured since the last look."""

    def __init__(self, ends: Ends, target: Target, meter: Meter) -> None:
        self._ends = ends
        self._target = target
        self._meter = meter

    async def kept(self) -> Kept:
        """Return what the server holds now."""
        scraped = await self._target.scrape()
        files, sockets = self._meter.files()
        return Kept(self._meter.rss() / 1e6, files, sockets, scraped.tasks or 0)

    async def sample(self, began: float, running: int, every_s: float) -> Sample:
        """Wait for `every_s`, and return what they brought."""
        before, lag = self._meter.read(), (await self._target.scrape()).lag
        await asyncio.sleep(every_s)
        scraped, after = await self._target.scrape(), self._meter.read()
        bound = bucket_quantile(lag, scraped.lag, 0.99)
        return Sample(
            at_s=perf_counter() - began,
            calls=running,
            kept=await self.kept(),
            cpu=(after.cpu_s - before.cpu_s) / (after.at - before.at),
            lag_p99_ms=None if bound is None else bound * MS,
            up=self._taken(self._ends.note.up),
            down=self._taken(self._ends.note.down),
            late=self._taken(self._ends.pacer.lateness),
        )

    def _taken(self, values: array[float]) -> Spread:
        taken = spread(values, factor=MS)
        del values[:]
        return taken


async def soak(
    wish: Soak,
    ends: Ends,
    target: Target,
    *,
    progress: Callable[[str], None] = lambda _step: None,
    sampled: Callable[[Sample], None] = lambda _sample: None,
) -> Soaked:
    """Keep the target under load; `sampled` is told of each sample.

    Raises:
        DialplanError: the first calls could not be set up.
    """
    plan = wish.plan
    meter = Meter(target.pid, None, plan.cores)
    keeper, counts = _Keeper(ends, target, meter), _Counts()
    if plan.ahead:
        go_ahead(target.pid, children=True)
    progress("warming up")
    for _ in range(WARM_CALLS):
        rung = await ring(ends, target)
        if isinstance(rung, Exception):
            raise rung
        await _part(ends, target, rung, _Counts())
    await asyncio.sleep(SETTLE_S)
    before = await keeper.kept()
    ends.note.faults.clear()
    progress(f"{plan.calls} calls come and go for {plan.seconds:g} s")
    began = perf_counter()
    until = began + plan.seconds
    ends.note.begin(began)
    ends.pacer.noting = True
    samples: list[Sample] = []
    async with asyncio.TaskGroup() as group:
        for place in range(plan.calls):
            group.create_task(_line(place, until, wish, ends, target, counts))
        while perf_counter() + wish.every_s <= until:
            sample = await keeper.sample(began, len(ends.calls), wish.every_s)
            samples.append(sample)
            sampled(sample)
    ends.note.end(perf_counter())
    ends.pacer.noting = False
    progress("looking what stays")
    await asyncio.sleep(SETTLE_S)
    return Soaked(
        soak=wish,
        before=before,
        after=await keeper.kept(),
        samples=samples,
        calls=counts.calls,
        failed=counts.failed,
        tally=counts.tally,
        faults=dict(ends.note.faults),
        life=dict(counts.life),
    )


async def _line(
    place: int, until: float, wish: Soak, ends: Ends, target: Target, counts: _Counts
) -> None:
    """Place one call after another. The first is somewhere in its course, so that ends spread."""
    await asyncio.sleep(place / wish.plan.arrivals)
    share = (place + 0.5) * 0.618034 % 1.0
    while (now := perf_counter()) < until:
        counts.calls += 1
        rung = await ring(ends, target)
        if isinstance(rung, Exception):
            counts.failed += 1
            ends.note.fault(f"ring: {rung}")
            await asyncio.sleep(1.0)
            continue
        lasts = wish.shortest_s + share * (wish.longest_s - wish.shortest_s)
        if now - place / wish.plan.arrivals < until - wish.plan.seconds + 1.0:
            lasts *= (place + 0.5) / wish.plan.calls
        share = (share + 0.618034) % 1.0
        await asyncio.sleep(max(0.0, min(now + lasts, until) - perf_counter()))
        counts.failed += rung.leg.gone
        await _part(ends, target, rung, counts)


async def _part(ends: Ends, target: Target, rung: RungCall, counts: _Counts) -> None:
    """End a call once all that was said has arrived, and forget it."""
    rung.call.talking = False
    await asyncio.sleep(DRAIN_S)
    for side in rung.call.account():
        counts.tally = counts.tally + replace(side.tally)
    await hang_up(target, [rung])
    script = ends.forget(rung.call)
    if script is not None:
        counts.life.update({name: getattr(script, name) for name in LIFE})
