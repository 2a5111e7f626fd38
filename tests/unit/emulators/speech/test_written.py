"""What is written can be read, cut or padded, and sounds loud all the way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialplan.emulators.speech.ports import (
    DetectorFactory,
    Ear,
    SpeechStarted,
    SpeechStopped,
    Voice,
)
from dialplan.emulators.speech.written import (
    EnergyDetector,
    WrittenEar,
    WrittenVoice,
    read,
    write,
)

SILENCE = b"\xff" * 8


class Deaf:
    """An ear that reports how much it was given."""

    async def hear(self, audio: bytes) -> str:
        return f"{len(audio)} bytes"


@given(st.text())
def test_any_text_is_read_back_with_its_white_space_folded(text: str) -> None:
    text = text.encode(errors="replace").decode()

    assert (read(write(text)) or "") == " ".join(text.split())


@given(st.integers(0, 4000), st.integers(0, 4000))
def test_silence_before_and_after_does_not_matter(before: int, after: int) -> None:
    audio = b"\xff" * before + write("at 9:30, please") + b"\x7f" * after

    assert read(audio) == "at 9:30, please"


def test_a_start_in_the_middle_of_the_tone_loses_nothing() -> None:
    assert read(write("book me in")[100:]) == "book me in"


@given(st.integers(0, 5 * 480))
def test_what_was_cut_off_is_not_read(played: int) -> None:
    words = ["one", "two", "three", "four", "five"]

    heard = read(write(" ".join(words))[:played])

    assert heard == (" ".join(words[: played // 480]) or None)


def test_several_utterances_in_one_buffer_are_joined() -> None:
    assert read(write("good morning") + SILENCE * 50 + write("Ana")) == "good morning Ana"


def test_audio_that_nobody_wrote_reads_as_none() -> None:
    assert read(b"") is None
    assert read(SILENCE * 1000) is None
    assert read(bytes(range(256)) * 20) is None


def test_a_damaged_word_is_left_out() -> None:
    audio = bytearray(write("one two three"))
    audio[2 * 480 - 2] ^= 0x01

    assert read(bytes(audio)) == "one three"


def test_length_follows_the_words_and_has_a_floor() -> None:
    assert len(write("a b c d", ms_per_word=60, min_ms=120)) == 4 * 60 * 8
    assert len(write("a", ms_per_word=60, min_ms=120)) == 120 * 8
    assert write(" ") == b""


def test_a_word_longer_than_its_slot_makes_the_slot_longer() -> None:
    long = "x" * 10_000

    assert read(write(f"before {long} after")) == f"before {long} after"


def test_the_detector_hears_written_speech_from_its_first_to_its_last_frame() -> None:
    detector = EnergyDetector(silence_duration_ms=200)
    audio = write("is there anything free tomorrow morning")

    events = detector.feed(SILENCE * 100 + audio + SILENCE * 300)

    assert events == [SpeechStarted(100), SpeechStopped(100 + len(audio) // 8)]


@pytest.mark.parametrize("chunk", [1, 7, 160, 161, 3000])
def test_the_detector_says_the_same_however_the_audio_is_cut(chunk: int) -> None:
    audio = SILENCE * 100 + write("hello there") + SILENCE * 600 + write("yes") + SILENCE * 600
    whole = EnergyDetector().feed(audio)
    detector = EnergyDetector()

    parts = [e for at in range(0, len(audio), chunk) for e in detector.feed(audio[at : at + chunk])]

    assert parts == whole
    assert len(whole) == 4


def test_a_pause_shorter_than_the_silence_does_not_end_speech() -> None:
    audio = write("one moment") + SILENCE * 400 + write("please") + SILENCE * 600

    assert len(EnergyDetector(silence_duration_ms=500).feed(audio)) == 2


def test_a_click_is_not_speech() -> None:
    assert EnergyDetector().feed(SILENCE * 20 + b"\x00\x80" * 30 + SILENCE * 100) == []


def test_a_higher_threshold_wants_louder_speech() -> None:
    quiet = bytes([0xE3, 0x63]) * 800  # about -40 dBFS

    assert EnergyDetector(threshold=0.3).feed(quiet) != []
    assert EnergyDetector(threshold=0.7).feed(quiet) == []


async def test_written_speech_fits_the_ports() -> None:
    voice: Voice = WrittenVoice()
    ear: Ear = WrittenEar()
    detectors: DetectorFactory = EnergyDetector
    audio = await voice.speak("yes please")

    detector = detectors(threshold=0.5, prefix_padding_ms=300, silence_duration_ms=500)

    assert await ear.hear(audio) == "yes please"
    assert detector.feed(audio) == [SpeechStarted(0)]


async def test_a_voice_and_an_ear_pass_words_exactly() -> None:
    audio = await WrittenVoice().speak("Dr. O'Neil, 3:15 PM — naïve 東京?")

    assert await WrittenEar().hear(audio) == "Dr. O'Neil, 3:15 PM — naïve 東京?"


async def test_audio_without_writing_goes_to_the_other_ear() -> None:
    assert await WrittenEar(Deaf()).hear(SILENCE) == "8 bytes"
    assert await WrittenEar().hear(SILENCE) == ""
