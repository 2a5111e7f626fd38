"""G.711 to the letter of its table, and resampling measured as a filter."""

from __future__ import annotations

import numpy as np
import pytest

from dialplan.emulators.speech import mulaw


def tone(hz: float, rate: int, seconds: float = 0.5) -> mulaw.Samples:
    at = np.arange(int(rate * seconds)) / rate
    return np.asarray(0.5 * np.sin(2 * np.pi * hz * at), dtype=np.float32)


def rms(samples: mulaw.Samples) -> float:
    inner = samples[len(samples) // 4 : -len(samples) // 4]
    return float(np.sqrt(np.mean(inner**2)))


@pytest.mark.parametrize(
    ("code", "value"),
    # ITU-T G.711 table 2a, column 8 (decoder output), at the segments' ends, times 4
    [
        (0x80, 8031),
        (0x8F, 4191),
        (0x9F, 2079),
        (0xAF, 1023),
        (0xBF, 495),
        (0xCF, 231),
        (0xDF, 99),
        (0xEF, 33),
        (0xFE, 2),
        (0xFF, 0),
    ],
)
def test_codes_decode_to_the_values_of_the_table(code: int, value: int) -> None:
    assert mulaw.decode(bytes([code]))[0] == value * 4
    assert mulaw.decode(bytes([code & 0x7F]))[0] == -value * 4


@pytest.mark.parametrize(
    ("value", "code"),
    # table 2a, columns 4 and 5: decision values, 14 bits
    [(8158, 0x80), (4063, 0x8F), (4062, 0x90), (31, 0xEF), (30, 0xF0), (3, 0xFD), (1, 0xFE)],
)
def test_decision_values_are_those_of_the_table(value: int, code: int) -> None:
    assert mulaw.encode(np.array([value * 4], dtype=np.int16))[0] == code


def test_encoding_what_was_decoded_gives_the_code_back() -> None:
    codes = bytes(code for code in range(256) if code != 0x7F)  # -0 becomes +0

    assert mulaw.encode(mulaw.decode(codes)) == codes


def test_every_sample_is_coded_within_half_a_step() -> None:
    linear = np.arange(-32124, 32124, 7).astype(np.int16)

    error = np.abs(mulaw.decode(mulaw.encode(linear)).astype(int) - linear)

    # a half step is at most (magnitude + bias) / 32; 14 bits cost up to 3 more
    assert np.all(error <= (np.abs(linear.astype(int)) + 132) / 32 + 3)


def test_too_loud_is_clipped_not_wrapped() -> None:
    assert mulaw.from_samples(np.array([2.0, -2.0], np.float32)) == bytes([0x80, 0x00])


@pytest.mark.parametrize("rate", [16000, 22050, 24000, 24696])
def test_the_telephone_band_passes_and_what_would_alias_does_not(rate: int) -> None:
    passed = rms(mulaw.resample(tone(1000, rate), rate, 8000)) / rms(tone(1000, rate))
    edge = rms(mulaw.resample(tone(3300, rate), rate, 8000)) / rms(tone(3300, rate))
    stopped = rms(mulaw.resample(tone(4500, rate), rate, 8000)) / rms(tone(4500, rate))

    assert passed == pytest.approx(1, abs=0.01)
    assert edge > 0.9
    assert stopped < 0.002


@pytest.mark.parametrize("rate", [16000, 22050, 24000])
def test_up_and_down_again_is_the_same_sound_in_the_same_place(rate: int) -> None:
    before = tone(700, 8000)

    after = mulaw.resample(mulaw.resample(before, 8000, rate), rate, 8000)

    assert len(after) - len(before) in (0, 1)
    assert np.allclose(after[400 : len(before) - 400], before[400:-400], atol=0.005)


def test_length_follows_the_rates() -> None:
    assert len(mulaw.resample(np.zeros(22050, np.float32), 22050, 8000)) == 8000
    assert len(mulaw.resample(np.zeros(0, np.float32), 22050, 8000)) == 0
    assert len(mulaw.resample(np.zeros(1, np.float32), 22050, 8000)) == 1
