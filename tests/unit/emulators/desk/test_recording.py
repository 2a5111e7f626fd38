import wave
from array import array
from itertools import pairwise
from math import pi, sin
from pathlib import Path

import pytest

from dialplan.emulators.desk.recording import telephone_audio
from dialplan.errors import ConfigError
from dialplan.protocols.audio import decode


def record(path: Path, rate: int, channels: int, width: int) -> None:
    """Write one second of 440 Hz at half of full scale."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        for at in range(rate):
            value = 0.5 * sin(2 * pi * 440 * at / rate)
            if width == 1:
                sample = bytes([round(value * 127) + 128])
            else:
                sample = round(value * (2 ** (8 * width - 1) - 1)).to_bytes(
                    width, "little", signed=True
                )
            file.writeframesraw(sample * channels)


@pytest.mark.parametrize(
    ("rate", "channels", "width"),
    [(8000, 1, 2), (16000, 1, 2), (44100, 2, 2), (48000, 2, 3), (22050, 1, 4), (11025, 1, 1)],
)
def test_any_recording_of_samples_can_be_played(
    tmp_path: Path, rate: int, channels: int, width: int
) -> None:
    record(tmp_path / "said.wav", rate, channels, width)

    audio = telephone_audio(tmp_path / "said.wav")

    samples = array("h", decode(audio))
    assert abs(len(samples) - 8000) <= 1
    assert 15000 < max(samples) < 17500
    middle = samples[1000:7000]
    crossings = sum(a < 0 <= b for a, b in pairwise(middle))
    assert abs(crossings - 440 * 0.75) <= 2


def test_a_file_without_sound_says_what_to_give(tmp_path: Path) -> None:
    missing, text, empty = tmp_path / "no.wav", tmp_path / "text.wav", tmp_path / "empty.wav"
    text.write_text("this is no sound")
    record(empty, 8000, 1, 2)
    empty.write_bytes(empty.read_bytes()[:10])

    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        telephone_audio(missing)
    for path in (text, empty):
        with pytest.raises(ConfigError, match=r"cannot be played: .*give a WAV"):
            telephone_audio(path)


def test_a_file_of_another_kind_is_taken_as_mulaw(tmp_path: Path) -> None:
    (tmp_path / "said.ulaw").write_bytes(b"\xff\x00\x80")

    assert telephone_audio(tmp_path / "said.ulaw") == b"\xff\x00\x80"
