"""One run: so many calls for so long against a target, and what was measured meanwhile."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from time import perf_counter

from dialplan.emulators.bench.ends import Ends
from dialplan.emulators.bench.figures import Spread, bucket_quantile, spread
from dialplan.emulators.bench.leg import RungCall
from dialplan.emulators.bench.machine import Cores, Meter, Usage, go_ahead
from dialplan.emulators.bench.script import Mix
from dialplan.emulators.bench.sound import Tally
from dialplan.emulators.bench.target import ALONE, Serving, Target
from dialplan.errors import DialplanError, ProtocolError

WARM_CALLS = 3
SETTLE_S = 2.0
RING_S = 30.0
_LOOK_S = 0.01
PROBE_EVERY_S = 0.2
# What was sent has this long to arrive before it counts as lost.
DRAIN_S = 1.0
HANG_UP_AT_ONCE = 20
MS = 1000.0
LIFE = ("tool_calls", "handoffs", "barge_ins", "unanswered")

# Beyond these the figures say more about the ends, or about others on the machine.
MOST_ENDS_BUSY = 0.9
MOST_LATE_MS = 10.0
MOST_FOREIGN = 0.1


@dataclass(frozen=True, slots=True)
class Plan:
    """What is run.

    Attributes:
        deltas_ms: lengths of the model's deltas; calls take turns at them.
        seconds: how long is measured, once all calls are up.
        arrivals: how many calls come a second until then.
        probes: calls that are rung beside the others afterwards, for the time to the first audio.
        ahead: whether server and ends run before all other processes of their cores.
        serving: how the server is started.
    """

    calls: int
    mix: Mix
    deltas_ms: tuple[int, ...]
    seconds: float
    cores: Cores
    arrivals: float = 10.0
    probes: int = 20
    ahead: bool = False
    serving: Serving = ALONE


@dataclass(frozen=True, slots=True)
class Run:
    """The figures of one run. Times are milliseconds, memory megabytes, shares 0 to 1.

    Attributes:
        measured_s: how long was measured: longer than asked for on a machine that is too busy.
        failed: calls that could not be set up, probes too, or did not last.
        up_all: latency of every caller frame; `up` counts the last of each append alone.
        setup_ramp, setup: from webhook to first audio, while calls came and with all of them up.
        cpu_ms: the server's CPU for each second of each call.
        lag_p99_ms: upper bound of the bucket of the server's event loop lag; None when unknown.
        foreign: what others took of the server's core.
        void: why these are no figures of the server's; empty when they are.
    """

    target: str
    plan: Plan
    measured_s: float
    failed: int
    up: Spread
    up_all: Spread
    down: Spread
    setup_ramp: Spread
    setup: Spread
    cpu_ms: float
    server_busy: float
    ends_busy: float
    database_busy: float
    foreign: float
    rss_base_mb: float
    rss_mb: float
    rss_call_mb: float
    voluntary_per_s: float
    involuntary_per_s: float
    lag_p99_ms: float | None
    late: Spread
    sent_up: int
    sent_down: int
    tally_up: Tally
    tally_down: Tally
    faults: dict[str, int]
    life: dict[str, int]
    void: tuple[str, ...] = ()
    profiled: bool = False

    @property
    def clean(self) -> bool:
        """Whether no call failed, and all audio arrived once and in order."""
        return not self.failed and self.tally_up.clean and self.tally_down.clean


@dataclass(slots=True)
class _Window:
    before: Usage
    after: Usage
    lag_before: list[tuple[float, float]] = field(default_factory=list)
    lag_after: list[tuple[float, float]] = field(default_factory=list)


Profile = Callable[[int], AbstractAsyncContextManager[None]]


async def measure(
    plan: Plan,
    ends: Ends,
    target: Target,
    *,
    database_pid: int | None = None,
    profile: Profile | None = None,
    progress: Callable[[str], None] = lambda _step: None,
) -> Run:
    """Put the target under load and return the figures; `profile` looks on during the window.

    Raises:
        DialplanError: not one call could be set up.
    """
    meter = Meter(target.pid, database_pid, plan.cores)
    if plan.ahead:
        go_ahead(target.pid, children=True)
    progress("warming up")
    for _ in range(WARM_CALLS):
        await hang_up(target, [await _probe(ends, target)])
    ends.note.faults.clear()
    rss_base = meter.rss()
    progress(f"ringing {plan.calls} calls")
    rung, failures = await _ramp(plan, ends, target)
    if not rung:
        raise failures[0]
    await asyncio.sleep(SETTLE_S)
    progress(f"measuring {plan.seconds:g} s")
    window = await _window(plan, ends, target, meter, profile)
    rss = meter.rss()
    progress("probing")
    probes = await _probes(plan, ends, target)
    await _quiet(ends)
    up, down = Tally(), Tally()
    dropped = sum(one.leg.gone for one in rung)
    sent_up = sent_down = 0
    for one in rung:
        arrived_up, arrived_down = one.call.account()
        up, down = up + arrived_up.tally, down + arrived_down.tally
        sent_up += len(one.call.up_sent)
        sent_down += len(one.call.down_sent)
    await hang_up(target, rung)
    seconds = window.after.at - window.before.at
    cpu_s = window.after.cpu_s - window.before.cpu_s
    server_core, ends_core = plan.cores.server, plan.cores.ends
    busy_s = window.after.busy_s[server_core] - window.before.busy_s[server_core]
    ends_s = window.after.ends_cpu_s - window.before.ends_cpu_s
    late = spread(ends.pacer.lateness, factor=MS)
    ends_busy = ends_s / seconds
    foreign = max(0.0, (busy_s - cpu_s) / seconds) if server_core != ends_core else 0.0
    return Run(
        target=target.name,
        plan=plan,
        measured_s=seconds,
        failed=len(failures) + dropped + sum(one is None for one in probes),
        up=spread(ends.note.up_last, factor=MS),
        up_all=spread(ends.note.up, factor=MS),
        down=spread(ends.note.down, factor=MS),
        setup_ramp=spread(_setups(rung), factor=MS),
        setup=spread(_setups([one for one in probes if one is not None]), factor=MS),
        cpu_ms=cpu_s * MS / (seconds * len(rung)),
        server_busy=cpu_s / seconds,
        ends_busy=ends_busy,
        database_busy=(window.after.database_cpu_s - window.before.database_cpu_s) / seconds,
        foreign=foreign,
        rss_base_mb=rss_base / 1e6,
        rss_mb=rss / 1e6,
        rss_call_mb=(rss - rss_base) / 1e6 / len(rung),
        voluntary_per_s=(window.after.voluntary - window.before.voluntary) / seconds,
        involuntary_per_s=(window.after.involuntary - window.before.involuntary) / seconds,
        lag_p99_ms=_lag_ms(window),
        late=late,
        sent_up=sent_up,
        sent_down=sent_down,
        tally_up=up,
        tally_down=down,
        faults=dict(ends.note.faults),
        life=_life(ends),
        void=void_reasons(plan, ends_busy, late.p99, foreign),
        profiled=profile is not None,
    )


def void_reasons(
    plan: Plan, ends_busy: float, late_p99_ms: float, foreign: float
) -> tuple[str, ...]:
    """Return why figures say too little about the server."""
    reasons = []
    if plan.cores.server == plan.cores.ends:
        reasons.append("the ends shared the server's core")
    if ends_busy > MOST_ENDS_BUSY:
        reasons.append(f"the ends' core was full ({ends_busy:.0%} busy with the ends alone)")
    if late_p99_ms > MOST_LATE_MS:
        reasons.append(f"the ends were late to send (p99 {late_p99_ms:.1f} ms)")
    if foreign > MOST_FOREIGN and not plan.ahead:
        reasons.append(f"other processes took {foreign:.0%} of the server's core")
    return tuple(reasons)


async def _ramp(
    plan: Plan, ends: Ends, target: Target
) -> tuple[list[RungCall], list[DialplanError]]:
    """Ring the calls at their pace; return those that are up, and why others are not."""
    tasks = []
    began = perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(plan.calls):
            await asyncio.sleep(max(0.0, began + number / plan.arrivals - perf_counter()))
            tasks.append(group.create_task(ring(ends, target)))
    rung = [one for task in tasks if not isinstance(one := task.result(), Exception)]
    failures = [one for task in tasks if isinstance(one := task.result(), Exception)]
    return rung, failures


async def ring(ends: Ends, target: Target) -> RungCall | DialplanError:
    """Ring one call and wait for the first audio; return what went wrong when it does."""
    call = ends.new_call()
    rung = None
    try:
        async with asyncio.timeout(RING_S):
            rung = await target.phone.ring(call)
            while call.first_audio_at is None:
                await asyncio.sleep(_LOOK_S)
                if rung.leg.gone:
                    raise ProtocolError("the server closed the stream before any audio came")
    except (DialplanError, TimeoutError) as error:
        call.talking = False
        if rung is not None:
            rung.leg.hang_up()
        if isinstance(error, DialplanError):
            return error
        return ProtocolError(f"a call had no audio {RING_S:g} s after its webhook")
    return rung


async def _probe(ends: Ends, target: Target) -> RungCall:
    rung = await ring(ends, target)
    if isinstance(rung, Exception):
        raise rung
    return rung


async def _probes(plan: Plan, ends: Ends, target: Target) -> list[RungCall | None]:
    """Ring more calls, one after the other at a pace that a slow one does not hold up."""
    async with asyncio.TaskGroup() as group:
        tasks = []
        for _ in range(plan.probes):
            tasks.append(group.create_task(_probed(ends, target)))
            await asyncio.sleep(PROBE_EVERY_S)
    return [task.result() for task in tasks]


async def _probed(ends: Ends, target: Target) -> RungCall | None:
    """Ring one more call and hang up; None when it could not be set up."""
    rung = await ring(ends, target)
    if isinstance(rung, Exception):
        ends.note.fault(f"probe: {rung}")
        return None
    await hang_up(target, [rung])
    return rung


async def _window(
    plan: Plan, ends: Ends, target: Target, meter: Meter, profile: Profile | None
) -> _Window:
    """Let the calls go on and measure."""
    async with _steady(ends):
        lag_before = (await target.scrape()).lag
        window = _Window(meter.read(), meter.read(), lag_before)
        ends.note.begin(perf_counter())
        ends.pacer.noting = True
        if profile is None:
            await asyncio.sleep(plan.seconds)
        else:
            async with profile(target.pid):
                await asyncio.sleep(plan.seconds)
        ends.note.end(perf_counter())
        ends.pacer.noting = False
        window.after = meter.read()
        window.lag_after = (await target.scrape()).lag
    return window


@asynccontextmanager
async def _steady(ends: Ends) -> AsyncIterator[None]:
    """Keep the ends' own garbage collection out of what is measured."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


async def _quiet(ends: Ends) -> None:
    """Let nobody talk, and what was said arrive."""
    for call in ends.calls:
        call.talking = False
    await asyncio.sleep(DRAIN_S)


async def hang_up(target: Target, rung: list[RungCall]) -> None:
    """End calls, some at a time."""
    for start in range(0, len(rung), HANG_UP_AT_ONCE):
        await asyncio.gather(
            *(target.phone.hang_up(one) for one in rung[start : start + HANG_UP_AT_ONCE])
        )
    for one in rung:
        one.call.talking = False


def _setups(rung: list[RungCall]) -> list[float]:
    return [
        one.call.first_audio_at - one.call.asked_at
        for one in rung
        if one.call.first_audio_at is not None
    ]


def _lag_ms(window: _Window) -> float | None:
    bound = bucket_quantile(window.lag_before, window.lag_after, 0.99)
    return None if bound is None else bound * MS


def _life(ends: Ends) -> dict[str, int]:
    if not ends.scripts:
        return {}
    return {name: sum(getattr(one, name) for one in ends.scripts.values()) for name in LIFE}
