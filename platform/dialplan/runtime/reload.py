"""Keeps the lines of a process true to the files: a saved change serves the next call.

What cannot be served is reported and changes nothing: the last good version stays. Calls in
progress hold the line that they began with.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import watchfiles
from sqlalchemy.exc import SQLAlchemyError

from dialplan.config.load import LoadedVertical, load_tenants, load_vertical
from dialplan.config.problem import Problem, VerticalProblems
from dialplan.errors import ConfigError, DialplanError, StoreError
from dialplan.model.tenants import Tenants
from dialplan.runtime.directory import Directory, Line, Trial
from dialplan.runtime.planning import deployed
from dialplan.runtime.serving import HISTORY, Serving, decide
from dialplan.store import versions
from dialplan.store.database import Database, lock, reason
from dialplan.store.vertical_tables import create_tables

log = logging.getLogger(__name__)

DEBOUNCE_MS = 200
"""An editor writes a file in several steps; what comes within this time is one change."""
LOOK_S = 1.0
"""How often releases that others made are looked for. A query of one number is cheaper than a
connection held for LISTEN, and needs no care when it breaks."""
STORE_S = 20.0
"""The longest that the database may take over one reload."""

BuildLines = Callable[[Tenants, Mapping[str, LoadedVertical]], dict[str, Line]]


@dataclass(frozen=True, slots=True)
class Cast:
    """Whom a process answers for, when that is not what lies in a folder."""

    verticals: Mapping[str, LoadedVertical]
    tenants: Tenants


@dataclass(frozen=True, slots=True)
class _Served:
    """What serves of one vertical: the released version, and the one that is tried, if any."""

    stable: LoadedVertical
    trial: LoadedVertical | None

    @property
    def by_version(self) -> dict[str, LoadedVertical]:
        """Both, by their version."""
        return {one.version: one for one in (self.stable, self.trial) if one is not None}


@dataclass(slots=True)
class _Found:
    """What lies in the folder: what is good of it, and what is wrong with the rest."""

    verticals: dict[str, LoadedVertical] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    tenants: Tenants | None = None
    problems: list[Problem | str] = field(default_factory=list)


class Reloader:
    """The verticals, tenants and lines of one process, followed as their files change.

    Attributes:
        directory: the lines; the same object for the life of the process.
        problems: why the newest files do not serve, in words; empty when they do.
    """

    def __init__(
        self,
        folder: Path,
        tenants_file: Path,
        database: Database,
        *,
        lines: BuildLines,
        adapt: Callable[[LoadedVertical], LoadedVertical] = lambda loaded: loaded,
        prepare: Callable[[LoadedVertical], None] = lambda _loaded: None,
        reloaded: Callable[[str], None] = lambda _outcome: None,
        serves: Callable[[Sequence[LoadedVertical]], None] = lambda _versions: None,
    ) -> None:
        """Nothing is read before `start`.

        Args:
            folder: where the verticals are.
            tenants_file: the tenants file.
            database: where versions and releases are kept.
            lines: builds lines of tenants and the verticals that serve.
            adapt: changes a vertical before it serves (addresses of emulated services).
            prepare: loads what a vertical's calls need, on a thread, before it serves.
            reloaded: is told of each reload, `ok` or `failed`.
            serves: is told of all versions that lines lead to from now on; must not block.
        """
        self._folder = folder
        self._tenants_file = tenants_file
        self._database = database
        self._lines = lines
        self._adapt = adapt
        self._prepare = prepare
        self._reloaded = reloaded
        self._serves = serves
        self._good: dict[str, LoadedVertical] = {}
        self._tenants = Tenants(tenants={})
        self._served: dict[str, _Served] = {}
        self._told: dict[tuple[str, str], tuple[str, str | None]] = {}
        self._release = 0
        self._store_failed = False
        self.directory = Directory({})
        self.problems: tuple[str, ...] = ()

    @property
    def verticals(self) -> Mapping[str, LoadedVertical]:
        """The last good version of each vertical in the folder, by name."""
        return self._good

    async def start(self, cast: Cast | None = None) -> None:
        """Load everything once, or take a cast; nothing serves unless all of it does.

        Raises:
            VerticalProblems: files have errors.
            ConfigError: there is no vertical, or a tenant lacks a value.
            StoreError: the database does not answer, or tables wait for `dialplan apply`.
        """
        if cast is not None:
            await self._serve(cast.verticals, cast.tenants, [])
            return
        found = await asyncio.to_thread(self._read)
        if located := [one for one in found.problems if isinstance(one, Problem)]:
            raise VerticalProblems(located)
        if found.problems:
            raise ConfigError("; ".join(map(str, found.problems)))
        if not found.verticals or found.tenants is None:
            raise ConfigError(
                f"`{self._folder}` holds no vertical: expected NAME/vertical.yaml in it"
            )
        problems: list[DialplanError] = []
        await self._serve(found.verticals, found.tenants, problems)
        if problems:
            raise problems[0]

    async def follow(self) -> None:
        """Follow files and releases until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            changed = asyncio.Event()
            tasks.create_task(self._watch(changed), name="watch verticals")
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_S):
                        await changed.wait()
                if changed.is_set() or await self._released_elsewhere():
                    changed.clear()
                    await self.reload()
                elif self._store_failed:
                    await self.reload(again=True)

    async def reload(self, *, again: bool = False) -> None:
        """Take what is good of the files now; report the rest. Raises nothing but cancellation.

        With `again`, the same files are tried anew, and the try is not counted.
        """
        found = await asyncio.to_thread(self._read)
        problems = [_said(one) for one in found.problems]
        tenants = found.tenants or self._tenants
        # What is broken or gone keeps its last good version for as long as lines lead to it.
        verticals = {**self._good, **found.verticals}
        needed = {name for one in tenants.tenants.values() for name in one.lines.values()}
        for name in self._good.keys() - found.names:
            if name in needed:
                problems.append(f"`{self._folder / name}` is gone, but lines lead to it")
            else:
                del verticals[name]
        failures: list[DialplanError] = []
        try:
            async with asyncio.timeout(STORE_S):
                await self._serve(verticals, tenants, failures)
        except TimeoutError:
            failures.append(StoreError(f"the database did not answer within {STORE_S:g} s"))
        except DialplanError as error:
            failures.append(error)
        self._store_failed = any(isinstance(error, StoreError) for error in failures)
        self._report([*problems, *map(str, failures)], again=again)

    # -- files ----------------------------------------------------------------------------------

    async def _watch(self, changed: asyncio.Event) -> None:
        paths = {self._folder.resolve(), self._tenants_file.resolve().parent}
        async for _changes in watchfiles.awatch(
            *paths, debounce=DEBOUNCE_MS, step=50, rust_timeout=1000, yield_on_timeout=False
        ):
            changed.set()

    def _read(self) -> _Found:
        found = _Found()
        for file in sorted(self._folder.glob("*/vertical.yaml")):
            found.names.add(file.parent.name)
            try:
                one = load_vertical(file.parent)
            except VerticalProblems as error:
                found.problems += error.problems
            except ConfigError as error:
                found.problems.append(str(error))
            else:
                found.verticals[one.vertical.name] = one
        known = {**self._good, **found.verticals}
        try:
            found.tenants = load_tenants(
                self._tenants_file, [one.vertical for one in known.values()]
            )
        except VerticalProblems as error:
            found.problems += error.problems
        return found

    # -- what serves ----------------------------------------------------------------------------

    async def _serve(
        self,
        verticals: Mapping[str, LoadedVertical],
        tenants: Tenants,
        failures: list[DialplanError],
    ) -> None:
        """Let lines of these answer. A vertical that cannot serve keeps what served before.

        Raises:
            ConfigError: the lines cannot be built; nothing has changed then.
            StoreError: the database does not answer.
        """
        served: dict[str, _Served] = {}
        for name, loaded in verticals.items():
            try:
                served[name] = await self._prepared(loaded, canary=name in tenants.canary)
            except DialplanError as error:
                failures.append(error)
                if name in self._served:
                    served[name] = self._served[name]
        for one in served.values():
            for loaded in one.by_version.values():
                await asyncio.to_thread(self._prepare, loaded)
        stable = {name: one.stable for name, one in served.items()}
        trials = {name: one.trial for name, one in served.items() if one.trial is not None}
        lines = self._lines(tenants, {name: self._adapt(one) for name, one in stable.items()})
        tried = self._lines(
            tenants, {name: self._adapt(one) for name, one in {**stable, **trials}.items()}
        )
        self.directory.replace(
            lines,
            {
                number: Trial(line, canary.fraction, frozenset(canary.numbers))
                for number, line in tried.items()
                if (name := line.vertical.vertical.name) in trials
                and (canary := tenants.canary.get(name)) is not None
            },
        )
        every = (line.vertical for line in (*lines.values(), *tried.values()))
        self._serves(tuple({one.identity: one for one in every}.values()))
        self._tell(lines.values(), trials)
        self._good, self._tenants, self._served = dict(verticals), tenants, served
        self._release = await self._newest()

    async def _prepared(self, loaded: LoadedVertical, *, canary: bool) -> _Served:
        """Bring tables and releases to a version, and return what serves of its vertical."""
        name, before = loaded.vertical.name, self._served.get(loaded.vertical.name)
        known = {} if before is None else before.by_version
        if loaded.version not in known:
            await create_tables(self._database, name, loaded.vertical.database.tables)
        serving = await self._settle(loaded, canary=canary)
        known = {**known, loaded.version: loaded}
        stable = known.get(serving.stable) or await self._version(name, serving.stable)
        return _Served(stable, None if serving.trial is None else loaded)

    async def _settle(self, loaded: LoadedVertical, *, canary: bool) -> Serving:
        """Decide what serves, and note it when that is new."""
        name = loaded.vertical.name
        try:
            async with self._database.engine.begin() as connection:
                # Several processes see the same save: one of them notes it.
                await lock(connection)
                await versions.keep(connection, name, loaded.version, loaded.files)
                releases = await versions.history(connection, name, limit=HISTORY)
                serving = decide(loaded.version, releases, canary=canary)
                if not releases or releases[0].version != serving.stable:
                    await versions.release(connection, name, serving.stable, "served")
        except (SQLAlchemyError, OSError) as error:
            raise StoreError(f"the version of `{name}` cannot be kept: {reason(error)}") from error
        return serving

    async def _version(self, name: str, version: str) -> LoadedVertical:
        """Load a version that no folder holds any more, with its tables brought to it."""
        try:
            async with self._database.engine.connect() as connection:
                loaded = await deployed(connection, name, version)
        except (SQLAlchemyError, OSError) as error:
            raise StoreError(f"version `{version}` of `{name}`: {reason(error)}") from error
        if loaded is None:
            raise StoreError(f"version `{version}` of `{name}` cannot be read by this Dialplan")
        await create_tables(self._database, name, loaded.vertical.database.tables)
        return loaded

    async def _released_elsewhere(self) -> bool:
        try:
            async with asyncio.timeout(STORE_S):
                return await self._newest() != self._release
        except (StoreError, TimeoutError):
            return False  # `/readyz` tells of a database that is gone; here there is nothing to do

    async def _newest(self) -> int:
        try:
            async with self._database.engine.connect() as connection:
                return await versions.newest(connection)
        except (SQLAlchemyError, OSError) as error:
            raise StoreError(f"the database does not answer: {reason(error)}") from error

    # -- reports --------------------------------------------------------------------------------

    def _tell(self, lines: Iterable[Line], trials: Mapping[str, LoadedVertical]) -> None:
        # Once for all lines of a tenant's vertical: there may be thousands.
        for line in {(one.tenant, one.vertical.vertical.name): one for one in lines}.values():
            name = line.vertical.vertical.name
            before = self._told.get((line.tenant, name))
            now = line.vertical.version, trials[name].version if name in trials else None
            if before != now:
                self._told[line.tenant, name] = now
                log.info(
                    "line serves",
                    extra={
                        "tenant": line.tenant,
                        "vertical": name,
                        "version": now[0],
                        "trial": now[1],
                    },
                )

    def _report(self, problems: list[str], *, again: bool) -> None:
        if tuple(problems) != self.problems:
            for problem in problems:
                log.error("files do not serve", extra={"problem": problem})
            if not problems:
                log.info("files serve again")
        self.problems = tuple(problems)
        if not again:
            self._reloaded("failed" if problems else "ok")


@asynccontextmanager
async def followed(reloader: Reloader) -> AsyncIterator[None]:
    """Follow files and releases for as long as a block lasts."""
    task = asyncio.create_task(reloader.follow(), name="follow verticals")

    def gone(done: asyncio.Task[None]) -> None:
        if not done.cancelled() and (error := done.exception()) is not None:
            log.error("files are not followed any more: restart", exc_info=error)
            reloader.problems = ("changes of files are not followed any more: restart",)

    task.add_done_callback(gone)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def _said(problem: Problem | str) -> str:
    if isinstance(problem, str):
        return problem
    path = f"{problem.path}: " if problem.path else ""
    return f"{problem.file}:{problem.line}:{problem.column}: {problem.code} {path}{problem.message}"
