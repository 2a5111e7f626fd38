"""The detector on silence, noise, pauses and clicks, with the real Silero weights."""

from __future__ import annotations

import time

import numpy as np
import pytest

from dialplan.emulators.speech import mulaw
from dialplan.emulators.speech.detector import SileroDetector
from dialplan.emulators.speech.ports import SpeechStarted, SpeechStopped
from dialplan.emulators.speech.voice import PiperVoice

SILENCE = bytes([mulaw.SILENCE])


def noise(level: float, seconds: float) -> mulaw.Samples:
    count = int(mulaw.RATE * seconds)
    return np.random.default_rng(7).normal(0, level, count).astype(np.float32)


def test_neither_silence_nor_noise_nor_a_click_is_speech() -> None:
    detector = SileroDetector()
    click = bytes([0x00, 0x80]) * 40

    audio = SILENCE * 4000 + mulaw.from_samples(noise(0.01, 3)) + SILENCE * 4000 + click

    assert detector.feed(audio + SILENCE * 8000) == []


def test_silence_costs_almost_nothing() -> None:
    detector = SileroDetector()
    frame = SILENCE * 160

    started = time.process_time()
    for _ in range(1000):
        detector.feed(frame)
    each = (time.process_time() - started) / 1000

    assert each < 0.001


@pytest.mark.parametrize("chunk", [1, 160, 1000])
async def test_the_events_do_not_depend_on_how_audio_is_cut(
    chunk: int, agent_voice: PiperVoice
) -> None:
    speech = await agent_voice.speak("Do you have anything on Friday?")
    audio = SILENCE * 4000 + speech + SILENCE * 8000
    whole = SileroDetector().feed(audio)
    detector = SileroDetector()

    parts = [e for at in range(0, len(audio), chunk) for e in detector.feed(audio[at : at + chunk])]

    assert parts == whole
    assert [type(event) for event in parts] == [SpeechStarted, SpeechStopped]


async def test_a_pause_ends_speech_only_when_it_is_long_enough(agent_voice: PiperVoice) -> None:
    speech = await agent_voice.speak("I would like an appointment")
    audio = SILENCE * 4000 + speech + SILENCE * 3200 + speech + SILENCE * 12_000

    patient = SileroDetector(silence_duration_ms=800).feed(audio)
    hasty = SileroDetector(silence_duration_ms=200).feed(audio)

    assert len(patient) == 2
    assert len(hasty) == 4


async def test_speech_over_line_noise_is_still_found(agent_voice: PiperVoice) -> None:
    speech = mulaw.to_samples(await agent_voice.speak("Can I speak to somebody about my bill?"))
    line = noise(0.01, 4 + len(speech) / mulaw.RATE)  # about 20 dB below the speech
    line[16_000 : 16_000 + len(speech)] += speech
    detector = SileroDetector()

    events = detector.feed(mulaw.from_samples(line))

    assert [type(event) for event in events] == [SpeechStarted, SpeechStopped]
    assert events[0].at_ms == pytest.approx(2000, abs=200)
    assert events[1].at_ms == pytest.approx(2000 + len(speech) / 8, abs=300)
