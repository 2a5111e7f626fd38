"""Versions of verticals with all their files, and the releases that say which one serves.

A version is kept once and never changes; a release is a row that is only ever added, so that the
newest one of a vertical says what serves and the older ones what served before.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast, get_args

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from dialplan.errors import StoreError

MOST_BYTES = 16 * 1024 * 1024
"""The most that the files of one version may come to, in bytes."""

How = Literal["served", "applied", "rolled_back"]
"""Why a version was released: a server found it in its folder, or somebody asked for it."""

_VERSIONS = sa.table(
    "versions",
    *(sa.column(name) for name in ("vertical", "version", "files", "kept_at")),
    schema="dialplan",
)
_RELEASES = sa.table(
    "releases",
    *(sa.column(name) for name in ("id", "vertical", "version", "how", "at")),
    schema="dialplan",
)


class NeverKept(StoreError):
    """No such version was kept."""


@dataclass(frozen=True, slots=True)
class Release:
    """A version of a vertical that was made the one that serves."""

    id: int
    vertical: str
    version: str
    how: How
    at: datetime


async def keep(
    connection: AsyncConnection, vertical: str, version: str, files: Mapping[str, bytes]
) -> None:
    """Keep the files of a version, by their path inside the vertical's folder; twice is fine.

    Raises:
        StoreError: the files come to more than `MOST_BYTES`.
    """
    there = sa.select(sa.literal(1)).where(
        _VERSIONS.c.vertical == vertical, _VERSIONS.c.version == version
    )
    if (await connection.execute(there)).scalar_one_or_none() is not None:
        return  # nothing is packed that is kept already
    row = {"vertical": vertical, "version": version, "files": _packed(vertical, files)}
    await connection.execute(insert(_VERSIONS).on_conflict_do_nothing(), [row])


async def files_of(connection: AsyncConnection, vertical: str, version: str) -> dict[str, bytes]:
    """Return the files of a version that was kept, by their path inside the vertical's folder.

    Raises:
        NeverKept: no such version was kept.
    """
    query = sa.select(_VERSIONS.c.files).where(
        _VERSIONS.c.vertical == vertical, _VERSIONS.c.version == version
    )
    packed = (await connection.execute(query)).scalar_one_or_none()
    if packed is None:
        raise NeverKept(f"version `{version}` of `{vertical}` was never kept here")
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


async def release(connection: AsyncConnection, vertical: str, version: str, how: How) -> Release:
    """Make a kept version the one that serves; every server looks for new releases."""
    statement = (
        sa.insert(_RELEASES)
        .values(vertical=vertical, version=version, how=how)
        .returning(_RELEASES.c.id, _RELEASES.c.at)
    )
    number, at = (await connection.execute(statement)).one()
    return Release(number, vertical, version, how, at)


async def history(connection: AsyncConnection, vertical: str, *, limit: int = 20) -> list[Release]:
    """Return the newest releases of a vertical, newest first: the first one serves."""
    query = (
        sa.select(*_RELEASES.c)
        .where(_RELEASES.c.vertical == vertical)
        .order_by(_RELEASES.c.id.desc())
        .limit(limit)
    )
    rows = await connection.execute(query)
    return [Release(row.id, row.vertical, row.version, _how(row.how), row.at) for row in rows]


async def newest(connection: AsyncConnection) -> int:
    """Return the id of the newest release of all, 0 without any."""
    found = await connection.execute(sa.select(sa.func.max(_RELEASES.c.id)))
    return found.scalar_one() or 0


def _packed(vertical: str, files: Mapping[str, bytes]) -> bytes:
    size = sum(len(content) for content in files.values())
    if size > MOST_BYTES:
        raise StoreError(
            f"the files of `{vertical}` come to {size} bytes: expected at most {MOST_BYTES}"
        )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(name, content)
    return packed.getvalue()


def _how(written: str) -> How:
    if written not in get_args(How):
        raise StoreError(f"a release says `{written}`: a newer Dialplan wrote it, use that one")
    return cast(How, written)
