"""A missing package is told by name, with what to install."""

from __future__ import annotations

import pytest

from dialplan.emulators.speech.extra import packaged_file
from dialplan.errors import ConfigError


def test_a_package_that_is_not_installed_is_told_with_what_to_install() -> None:
    with pytest.raises(ConfigError, match=r"`no-such-voice`.*install `dialplan\[rehearsal\]`"):
        packaged_file("no_such_voice", "model.onnx")


def test_a_file_that_its_package_lacks_is_told_the_same_way() -> None:
    with pytest.raises(ConfigError, match=r"`json`.*install"):
        packaged_file("json", "model.onnx")


def test_a_file_is_found_without_importing_its_package() -> None:
    assert packaged_file("json", "decoder.py").name == "decoder.py"
