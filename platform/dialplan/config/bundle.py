"""All files of a vertical as bytes: its version is their hash, and they are kept to serve again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from dialplan.errors import ConfigError

MOST_FILES = 2_000
"""The most files that a vertical may have."""
MOST_BYTES = 16 * 1024 * 1024
"""The most that the files of a vertical may come to, in bytes."""


def read_bundle(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder by its path inside it.

    Hidden files and what editors leave behind (`x~`) are no part of a vertical, nor is a link that
    leads out of the folder. Kubernetes mounts a ConfigMap as links that stay inside.

    Raises:
        ConfigError: the files are too many or too large, or one cannot be read.
    """
    found: dict[str, bytes] = {}
    size = 0
    for path in _files(folder):
        try:
            content = path.read_bytes()
        except OSError as error:
            why = (error.strerror or "unknown reason").lower()
            raise ConfigError(f"cannot read `{path}`: {why}") from error
        found[path.relative_to(folder).as_posix()] = content
        size += len(content)
        if len(found) > MOST_FILES or size > MOST_BYTES:
            raise ConfigError(
                f"`{folder}` holds more than {MOST_FILES} files or {MOST_BYTES} bytes: "
                "keep only what belongs to the vertical in it"
            )
    return found


def write_bundle(bundle: Mapping[str, bytes], folder: Path) -> None:
    """Write the files of a bundle into an empty folder."""
    inside = folder.resolve()
    for name, content in bundle.items():
        path = folder / name
        if not path.resolve().is_relative_to(inside):
            raise ConfigError(f"the file `{name}` would be written outside `{folder}`")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def version_of(bundle: Mapping[str, bytes]) -> str:
    """Return the version of a vertical: a hash over the names and bytes of all its files."""
    digest = hashlib.sha256()
    for name, content in sorted(bundle.items()):
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


def _files(folder: Path) -> list[Path]:
    found: list[Path] = []
    inside = folder.resolve()
    for root, folders, names in os.walk(folder, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__")))
        for name in sorted(names):
            path = Path(root) / name
            if name.startswith((".", "#")) or name.endswith("~"):
                continue
            if not path.is_file() or not path.resolve().is_relative_to(inside):
                continue
            found.append(path)
    return found
