"""Which version of a vertical serves, decided from its folder and its releases.

Pure. A rollback stands until the files change again: the version that was rolled back from is the
one that still lies in the folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dialplan.store.versions import Release

HISTORY = 50
"""How many releases are looked at."""


@dataclass(frozen=True, slots=True)
class Serving:
    """`stable` serves; `trial` is tried on a part of the calls, None without one."""

    stable: str
    trial: str | None = None


def decide(folder: str, releases: Sequence[Release], *, canary: bool) -> Serving:
    """Return what serves.

    Args:
        folder: the version that lies in the folder.
        releases: the newest releases, newest first.
        canary: whether a new version is tried on a part of the calls first.
    """
    if not releases:
        return Serving(folder)
    newest = releases[0]
    undone = newest.how == "rolled_back" and folder == rolled_back_from(releases)
    if undone or folder == newest.version:
        return Serving(newest.version)
    return Serving(newest.version, folder) if canary else Serving(folder)


def rolled_back_from(releases: Sequence[Release]) -> str | None:
    """Return the version that the newest rollbacks, one or several, led away from."""
    return next((one.version for one in releases if one.how != "rolled_back"), None)


def rollback_target(releases: Sequence[Release]) -> str | None:
    """Return the version to go back to: what served before; after a rollback, the one before that.

    None when there is none.
    """
    if not releases:
        return None
    current, *older = releases
    if current.how == "rolled_back":
        forward = [one for one in older if one.how != "rolled_back"]
        first = next((n for n, one in enumerate(forward) if one.version == current.version), None)
        older = [] if first is None else forward[first:]
    return next((one.version for one in older if one.version != current.version), None)
