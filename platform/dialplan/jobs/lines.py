"""Whom a call that is over belongs to: its own version, with the tenant's values of now.

It reads what is there and changes nothing: no release is made and no table created, for the folder
of the machine that does this may be older than the one that serves.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from dialplan.config.load import LoadedVertical, read_tenants
from dialplan.config.problem import VerticalProblems
from dialplan.errors import ConfigError, StoreError, ToolError, TryLater
from dialplan.model.tenants import Tenant, Tenants
from dialplan.runtime.directory import Line, build_lines
from dialplan.runtime.peers import at_emulators
from dialplan.runtime.planning import deployed
from dialplan.store import versions
from dialplan.store.database import Database, reason

MOST_VERSIONS = 32
"""How many versions are kept in memory."""


class PastLines:
    """Finds the line of a call that is over."""

    def __init__(
        self,
        database: Database,
        tenants_file: Path,
        environ: Mapping[str, str],
        services: Mapping[tuple[str, str], str],
    ) -> None:
        """Nothing is read yet.

        Args:
            database: where versions are kept.
            tenants_file: read anew whenever it has changed.
            environ: holds the tenants' secrets.
            services: other addresses for endpoints, by (vertical, endpoint): rehearsals only.
        """
        self._database = database
        self._file = tenants_file
        self._environ = environ
        self._services = services
        self._versions: OrderedDict[tuple[str, str], LoadedVertical] = OrderedDict()
        self._tenants: tuple[tuple[int, int], Tenants] | None = None

    async def of(self, tenant: str, vertical: str, version: str, called: str) -> Line:
        """Return the line that answered a call.

        Raises:
            ToolError: there is none any more, nor will there be: its tenant is gone, its version
                cannot be read.
            TryLater: its tenant's file must be mended first.
            StoreError: the database does not answer.
        """
        theirs = await self._tenant(tenant)
        return self._line(tenant, theirs, await self._version(vertical, version), called)

    async def under(self, tenant: str, loaded: LoadedVertical, called: str) -> Line:
        """Return a line as it would be with another version; raises as `of`."""
        moved = at_emulators(loaded, self._services)
        return self._line(tenant, await self._tenant(tenant), moved, called)

    async def _tenant(self, name: str) -> Tenant:
        found = (await asyncio.to_thread(self._read_tenants)).tenants.get(name)
        if found is None:
            raise ToolError(f"the tenant `{name}` is gone")
        return found

    def _line(self, tenant: str, theirs: Tenant, loaded: LoadedVertical, called: str) -> Line:
        vertical = loaded.vertical.name
        # Carriers are none of our business here: their keys may be missing on this machine.
        alone = theirs.model_copy(update={"lines": {called: vertical}, "twilio": None})
        try:
            lines = build_lines(
                Tenants(tenants={tenant: alone}),
                {vertical: loaded},
                self._environ,
                account=None,
                token=None,
            )
        except ConfigError as error:
            raise TryLater(str(error)) from error
        return lines[called]

    def _read_tenants(self) -> Tenants:
        try:
            found = self._file.stat()
            stamp = (found.st_mtime_ns, found.st_size)
            if self._tenants is None or self._tenants[0] != stamp:
                self._tenants = stamp, read_tenants(self._file)
            return self._tenants[1]
        except (VerticalProblems, OSError) as error:
            raise TryLater(f"`{self._file.name}` cannot be read: see `dialplan check`") from error

    async def _version(self, vertical: str, version: str) -> LoadedVertical:
        key = vertical, version
        if key in self._versions:
            self._versions.move_to_end(key)
            return self._versions[key]
        try:
            async with self._database.engine.connect() as connection:
                loaded = await deployed(connection, vertical, version)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise StoreError(f"version `{version}` of `{vertical}`: {reason(error)}") from error
        except versions.NeverKept as error:
            raise ToolError(str(error)) from error
        if loaded is None:
            raise ToolError(f"version `{version}` of `{vertical}` cannot be read by this Dialplan")
        self._versions[key] = at_emulators(loaded, self._services)
        if len(self._versions) > MOST_VERSIONS:
            self._versions.popitem(last=False)
        return self._versions[key]
