"""The input audio buffer and where utterances lie in it."""

from __future__ import annotations

import itertools

import pytest

from dialplan.emulators.openai.errors import ClientEventError
from dialplan.emulators.openai.input_audio import InputAudio, SpeechBegan, SpeechEnded
from dialplan.emulators.openai.session import TurnDetection
from dialplan.emulators.speech.ports import Detector, SpeechStarted, SpeechStopped

VAD = TurnDetection(0.5, 300, 500, None, True, True)
Found = SpeechStarted | SpeechStopped


class ToldDetector:
    """Finds what it is told to, at the feed it is told."""

    def __init__(self, found: dict[int, list[Found]]) -> None:
        self._found = found
        self._feeds = itertools.count(1)

    def feed(self, audio: bytes) -> list[Found]:
        return self._found.get(next(self._feeds), [])


class Detectors:
    """A factory that remembers what it was asked for."""

    def __init__(self, *found: dict[int, list[Found]]) -> None:
        self._found = iter(found)
        self.asked: list[tuple[float, int, int]] = []

    def __call__(
        self, *, threshold: float, prefix_padding_ms: int, silence_duration_ms: int
    ) -> Detector:
        self.asked.append((threshold, prefix_padding_ms, silence_duration_ms))
        return ToldDetector(next(self._found, {}))


def listening(*found: dict[int, list[Found]]) -> InputAudio:
    numbers = itertools.count(1)
    made = InputAudio(Detectors(*found), lambda prefix: f"{prefix}_{next(numbers)}")
    made.configure(VAD, "audio/pcmu")
    return made


def second(value: int = 1) -> bytes:
    return bytes([value]) * 8000


def test_the_detector_gets_the_settings_of_the_session() -> None:
    detectors = Detectors()
    made = InputAudio(detectors, lambda prefix: prefix)

    made.configure(VAD, "audio/pcmu")
    made.configure(VAD, "audio/pcmu")

    assert detectors.asked == [(0.5, 300, 500)], "unchanged settings keep the detector"


def test_an_utterance_reaches_from_the_padding_to_the_end_of_the_proving_silence() -> None:
    made = listening({2: [SpeechStarted(1500)], 4: [SpeechStopped(2800)]})

    found = [event for value in range(4) for event in made.append(second(value))]

    assert found == [
        SpeechBegan("item_1", 1200),
        SpeechEnded("item_1", 3300, (second(1)[1600:] + second(2) + second(3)[:2400])),
    ]
    assert made.position_ms == 4000


def test_padding_does_not_reach_into_the_utterance_before() -> None:
    made = listening(
        {
            1: [SpeechStarted(100), SpeechStopped(400)],
            2: [SpeechStarted(1000), SpeechStopped(1400)],
        }
    )

    made.append(second(1))
    [began, ended] = made.append(second(2))

    assert began == SpeechBegan("item_2", 900)
    assert isinstance(ended, SpeechEnded)
    assert ended.audio == second(1)[:800] + second(2)[:7200]


def test_positions_go_on_counting_when_the_detector_starts_afresh() -> None:
    made = listening({}, {1: [SpeechStarted(500)]})
    made.append(second())

    made.clear()

    assert made.append(second()) == [SpeechBegan("item_1", 1200)]


def test_an_utterance_that_is_committed_by_hand_keeps_its_id_and_ends() -> None:
    made = listening({1: [SpeechStarted(500)]}, {1: [SpeechStopped(100)]})
    made.append(second())
    assert made.speaking

    assert made.take() == ("item_1", second())

    assert not made.speaking
    assert made.append(second()) == [], "a stop without a start says nothing"


def test_long_silence_is_not_kept() -> None:
    made = listening()

    for _ in range(60):
        made.append(second())

    assert made.position_ms == 60_000
    assert len(made.take()[1]) == 2300 * 8


@pytest.mark.parametrize("size", [15 * 1024 * 1024 + 1, 20 * 1024 * 1024])
def test_an_append_has_a_limit(size: int) -> None:
    with pytest.raises(ClientEventError):
        listening().append(bytes(size))


def test_without_detection_nothing_is_found_or_dropped() -> None:
    made = InputAudio(Detectors(), lambda prefix: prefix)
    made.configure(None, "audio/pcmu")

    assert [made.append(second()) for _ in range(30)] == [[]] * 30
    assert len(made.take()[1]) == 30 * 8000
