"""Models in packages: their data files, and ONNX sessions that run them on this machine.

Data is read as files; the code of a package that only carries data is never imported. Importing
this module needs no extra.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, cast

from dialplan.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Extra = Literal["knowledge", "rehearsal"]
"""Which extra of the package brings what is missing."""


class OnnxSession(Protocol):
    """The one method of an ONNX session that is used here."""

    def run(
        self,
        output_names: Sequence[str] | None,
        input_feed: Mapping[str, NDArray[np.generic]],
    ) -> list[NDArray[np.float32]]:
        """Return the named outputs, or all of them."""
        ...


def not_installed(package: str, extra: Extra) -> ConfigError:
    """Return the error that tells what to install."""
    name = package.replace("_", "-")
    return ConfigError(f"expected the package `{name}`, got none: install `dialplan[{extra}]`")


def packaged_file(package: str, inside: str, extra: Extra) -> Path:
    """Return the path of a data file of an installed package, without importing the package.

    Raises:
        ConfigError: the package, or the file in it, is not there.
    """
    spec = find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / inside
        if path.is_file():
            return path
    raise not_installed(package, extra)


def onnx_session(model: Path, extra: Extra) -> OnnxSession:
    """Open a model on the CPU with one thread: calls run side by side, not faster alone.

    Raises:
        ConfigError: onnxruntime is not installed.
    """
    try:
        import onnxruntime as ort  # type: ignore[import-untyped]  # ships no types
    except ImportError as absent:
        raise not_installed("onnxruntime", extra) from absent
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    return cast(OnnxSession, session)
