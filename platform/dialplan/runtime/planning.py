"""Compares what is deployed with what lies in the folder, and brings the one to the other.

Deployed is what was released last: its files are kept in the database, so that it does not matter
on which machine they lay.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncConnection

from dialplan.config.bundle import version_of, write_bundle
from dialplan.config.difference import Change, changes_between, numbers_between
from dialplan.config.load import LoadedVertical, load_tenants, load_vertical, read_tenants
from dialplan.config.problem import VerticalProblems
from dialplan.errors import ConfigError, StoreError
from dialplan.model.tenants import Tenants
from dialplan.store import versions
from dialplan.store.database import Database
from dialplan.store.steps import Step, TablePlan
from dialplan.store.vertical_tables import apply_plan, read_plan

TENANTS = "tenants.yaml"
"""The tenants file is kept like a vertical under this name, which no vertical can have."""

Needs = Literal["nothing", "next call", "migration"]


@dataclass(frozen=True, slots=True)
class VerticalPlan:
    """What deploying one vertical comes to.

    Attributes:
        deployed: the version that was released last, None when there is none.
        version: the version in the folder.
        tables: the steps that its tables need.
    """

    vertical: str
    deployed: str | None
    version: str
    changes: tuple[Change, ...]
    tables: TablePlan

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps that its tables need."""
        return self.tables.steps

    @property
    def needs(self) -> Needs:
        """What it takes for all of this to be in force."""
        if any(step.risk != "SAFE" for step in self.steps):
            return "migration"
        later = self.steps or any(change.needs == "next call" for change in self.changes)
        return "next call" if later else "nothing"

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return self.deployed == self.version and not self.steps


@dataclass(frozen=True, slots=True)
class Plan:
    """What deploying a folder comes to. `missing` are (tenant, secret, variable of environment)."""

    verticals: tuple[VerticalPlan, ...]
    numbers: tuple[Change, ...]
    missing: tuple[tuple[str, str, str], ...]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.numbers and all(one.empty for one in self.verticals)


async def make_plan(
    database: Database,
    verticals: Mapping[str, LoadedVertical],
    tenants_file: Path,
    environ: Mapping[str, str],
) -> Plan:
    """Compare; changes nothing.

    Raises:
        StoreError: the database does not answer, or tables that cannot be.
        VerticalProblems: the tenants file has errors.
    """
    tenants = load_tenants(tenants_file, [one.vertical for one in verticals.values()])
    async with database.engine.connect() as connection:
        plans = []
        for name, loaded in verticals.items():
            release = await _current(connection, name)
            old = None if release is None else await deployed(connection, name, release.version)
            changes = changes_between(old, loaded)
            tables = await read_plan(connection, name, loaded.vertical.database.tables)
            version = None if release is None else release.version
            plans.append(VerticalPlan(name, version, loaded.version, tuple(changes), tables))
        numbers = numbers_between(await _deployed_tenants(connection), tenants)
    missing = _missing(tenants, verticals, environ)
    return Plan(tuple(plans), tuple(numbers), tuple(missing))


async def carry_out(
    database: Database,
    plan: Plan,
    verticals: Mapping[str, LoadedVertical],
    tenants_file: Path,
    *,
    destructive: bool,
) -> list[str]:
    """Apply a plan, one vertical after the other, each as a whole; return the names of those done.

    Raises:
        StoreError: files or tables moved since the plan was made, a destructive step was not
            agreed to, or a step failed. What the names of earlier verticals stand for is done.
    """
    for one in plan.verticals:
        loaded = verticals.get(one.vertical)
        if loaded is None or loaded.version != one.version:
            raise StoreError(
                f"the files of `{one.vertical}` moved since this was planned: plan again"
            )
    done: list[str] = []
    for one in plan.verticals:
        if one.empty:
            continue
        loaded = verticals[one.vertical]
        async with database.engine.begin() as connection:
            tables = loaded.vertical.database.tables
            await apply_plan(connection, one.tables, tables, destructive=destructive)
            await versions.keep(connection, one.vertical, loaded.version, loaded.files)
            await versions.release(connection, one.vertical, loaded.version, "applied")
        done.append(one.vertical)
    await keep_tenants(database, tenants_file)
    return done


async def keep_tenants(database: Database, tenants_file: Path) -> None:
    """Note the tenants file as it is, so that the next plan can tell which numbers are new."""
    bundle = {TENANTS: await asyncio.to_thread(tenants_file.read_bytes)}
    version = version_of(bundle)
    async with database.engine.begin() as connection:
        release = await _current(connection, TENANTS)
        if release is None or release.version != version:
            await versions.keep(connection, TENANTS, version, bundle)
            await versions.release(connection, TENANTS, version, "applied")


async def deployed(
    connection: AsyncConnection, vertical: str, version: str
) -> LoadedVertical | None:
    """Load a version from its kept files; None when this Dialplan cannot read it.

    Raises:
        StoreError: no such version was kept.
    """
    bundle = await versions.files_of(connection, vertical, version)
    return await asyncio.to_thread(_loaded, vertical, bundle)


def _loaded(vertical: str, bundle: Mapping[str, bytes]) -> LoadedVertical | None:
    with tempfile.TemporaryDirectory(prefix="dialplan-") as folder:
        inside = Path(folder) / vertical
        inside.mkdir()
        write_bundle(bundle, inside)
        try:
            return load_vertical(inside)
        except ConfigError:
            return None


async def _deployed_tenants(connection: AsyncConnection) -> Tenants | None:
    release = await _current(connection, TENANTS)
    if release is None:
        return None
    bundle = await versions.files_of(connection, TENANTS, release.version)
    with tempfile.TemporaryDirectory(prefix="dialplan-") as folder:
        write_bundle(bundle, Path(folder))
        try:
            # Only its own shape counts: its verticals may be others by now.
            return read_tenants(Path(folder) / TENANTS)
        except VerticalProblems:
            return None


async def _current(connection: AsyncConnection, vertical: str) -> versions.Release | None:
    found = await versions.history(connection, vertical, limit=1)
    return found[0] if found else None


def _missing(
    tenants: Tenants, verticals: Mapping[str, LoadedVertical], environ: Mapping[str, str]
) -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = []
    for name, tenant in tenants.tenants.items():
        for secret in sorted(_secrets(tenant.lines.values(), verticals)):
            variable = tenant.secrets.get(secret, f"env:{secret.upper()}").removeprefix("env:")
            if not environ.get(variable):
                found.append((name, secret, variable))
    return found


def _secrets(names: Iterable[str], verticals: Mapping[str, LoadedVertical]) -> set[str]:
    return {
        secret for name in names if name in verticals for secret in verticals[name].vertical.secrets
    }


def chosen(
    verticals: Mapping[str, LoadedVertical], names: Sequence[str]
) -> dict[str, LoadedVertical]:
    """Return the verticals with these names, all without any.

    Raises:
        ConfigError: there is no vertical of a name.
    """
    for name in names:
        if name not in verticals:
            known = ", ".join(verticals)
            raise ConfigError(f"no vertical `{name}`: the folder has {known}")
    return {name: one for name, one in verticals.items() if not names or name in names}
