"""What the `bench` extra brings; importing this needs none of it."""

from __future__ import annotations

import sys
from importlib.util import find_spec

from dialplan.errors import ConfigError

PACKAGES = ("matplotlib", "picows", "psutil")


def require() -> None:
    """Return quietly when a benchmark can run here.

    Raises:
        ConfigError: a package is missing, or this is not Linux.
    """
    if not sys.platform.startswith("linux"):
        raise ConfigError(
            f"a benchmark pins processes to cores, which needs Linux: got `{sys.platform}`"
        )
    absent = [name for name in PACKAGES if find_spec(name) is None]
    if absent:
        raise ConfigError(
            f"expected the package `{absent[0]}`, got none: install `dialplan[bench]`"
        )
