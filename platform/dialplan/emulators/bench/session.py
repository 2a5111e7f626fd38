"""A benchmark from start to end: what all runs share, and a fresh server and ends for each."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from dialplan.emulators.bench.ends import Ends, open_ends
from dialplan.emulators.bench.machine import Cores, go_ahead
from dialplan.emulators.bench.run import Plan, Profile, Run, measure
from dialplan.emulators.bench.soak import Soak, Soaked, soak
from dialplan.emulators.bench.stayed import Sample
from dialplan.emulators.bench.target import (
    Database,
    Target,
    open_database,
    open_server,
    write_ground,
)
from dialplan.emulators.bench.yardstick import open_yardstick


@dataclass(frozen=True, slots=True)
class Ground:
    """What all runs of a benchmark share."""

    folder: Path
    verticals: Path
    database: Database

    async def run(
        self,
        plan: Plan,
        *,
        yardstick: bool = False,
        profile: Profile | None = None,
        progress: Callable[[str], None] = lambda _step: None,
    ) -> Run:
        """Do one run against a fresh server, or against the yardstick.

        Raises:
            DialplanError: the server did not start, or took no call.
        """
        progress("starting the yardstick" if yardstick else "starting the server")
        async with (
            open_ends(plan.mix, plan.deltas_ms) as ends,
            self._open(ends, plan, yardstick=yardstick) as target,
        ):
            return await measure(
                plan,
                ends,
                target,
                database_pid=self.database.pid,
                profile=profile,
                progress=progress,
            )

    async def soak(
        self,
        wish: Soak,
        *,
        progress: Callable[[str], None] = lambda _step: None,
        sampled: Callable[[Sample], None] = lambda _sample: None,
    ) -> Soaked:
        """Keep a fresh server under load for long; `sampled` is told of each sample.

        Raises:
            DialplanError: the server did not start, or took no call.
        """
        progress("starting the server")
        async with (
            open_ends(wish.plan.mix, wish.plan.deltas_ms) as ends,
            self._open(ends, wish.plan, yardstick=False) as target,
        ):
            return await soak(wish, ends, target, progress=progress, sampled=sampled)

    def _open(
        self, ends: Ends, plan: Plan, *, yardstick: bool
    ) -> AbstractAsyncContextManager[Target]:
        if yardstick:
            return open_yardstick(ends, folder=self.folder, core=plan.cores.server)
        return open_server(
            ends,
            self.database,
            folder=self.folder,
            verticals=self.verticals,
            cores=plan.cores,
            serving=plan.serving,
        )


@asynccontextmanager
async def open_ground(cores: Cores, *, ahead: bool) -> AsyncIterator[Ground]:
    """Move this process to the ends' core and prepare what runs share, in a folder for one use.

    With `ahead` this process goes before all others of its core, its own database among them.

    Raises:
        ConfigError: it may not.
        StoreError: the database did not start.
    """
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cores.ends})
    try:
        with tempfile.TemporaryDirectory(prefix="dialplan-bench-") as name:
            folder = Path(name)
            # An embedded Postgres that is started by root runs as another user.
            os.chmod(name, 0o755)  # noqa: S103
            async with open_database(folder) as database:
                if ahead:
                    go_ahead(0, children=False)
                yield Ground(folder, write_ground(folder), database)
    finally:
        os.sched_setaffinity(0, before)
        if ahead:
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
