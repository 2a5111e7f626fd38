"""One voice of each pitch and one ear for all tests here: their models load once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dialplan.emulators.speech.ear import MoonshineEar
from dialplan.emulators.speech.voice import PiperVoice


@pytest.fixture(scope="session")
def agent_voice() -> Iterator[PiperVoice]:
    voice = PiperVoice()
    yield voice
    voice.close()


@pytest.fixture(scope="session")
def caller_voice() -> Iterator[PiperVoice]:
    voice = PiperVoice(1.12)
    yield voice
    voice.close()


@pytest.fixture(scope="session")
def ear() -> Iterator[MoonshineEar]:
    ear = MoonshineEar()
    yield ear
    ear.close()
