"""What a voice refuses before any model is loaded."""

from __future__ import annotations

import pytest

from dialplan.emulators.speech.voice import PiperVoice


@pytest.mark.parametrize("pitch", [0.5, 1.6])
def test_a_pitch_out_of_range_is_refused_with_the_range(pitch: float) -> None:
    with pytest.raises(ValueError, match=r"expected a `pitch` of 0\.7 to 1\.5, got"):
        PiperVoice(pitch)


def test_a_tempo_out_of_range_is_refused_with_the_range() -> None:
    with pytest.raises(ValueError, match=r"expected a `tempo` of 0\.5 to 2, got 3"):
        PiperVoice(tempo=3)


async def test_nothing_to_say_is_silent_and_loads_nothing() -> None:
    voice = PiperVoice()

    assert await voice.speak("  ") == b""
    assert await voice.speak("**") == b""
    voice.close()
