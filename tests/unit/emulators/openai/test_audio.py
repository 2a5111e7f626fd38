"""The wire formats of Realtime audio."""

from __future__ import annotations

import numpy as np
import pytest

from dialplan.emulators.openai.audio import AudioFormat, Decoder, Encoder, duration_ms

ALL = bytes(range(256))


def tone(hz: int, rate: int, seconds: float = 0.5) -> bytes:
    at = np.arange(int(rate * seconds)) / rate
    return (8000 * np.sin(2 * np.pi * hz * at)).astype("<i2").tobytes()


def level(mu_law: bytes) -> float:
    samples = np.frombuffer(Encoder("audio/pcm").encode(mu_law), dtype="<i2").astype(float)
    return float(np.sqrt(np.mean(samples**2)))


def test_mu_law_passes_untouched() -> None:
    assert Decoder("audio/pcmu").decode(ALL) == ALL
    assert Encoder("audio/pcmu").encode(ALL) == ALL


@pytest.mark.parametrize(
    ("code", "sample"),
    [(0xFF, 0), (0x7F, 0), (0x80, 32124), (0x00, -32124), (0xFE, 8), (0x7E, -8), (0xEF, 132)],
)
def test_mu_law_means_what_g711_says(code: int, sample: int) -> None:
    samples = np.frombuffer(Encoder("audio/pcm").encode(bytes([code])), dtype="<i2")

    assert samples[-1] == sample


def test_silence_in_pcm_is_the_positive_zero_of_mu_law() -> None:
    assert set(Decoder("audio/pcm").decode(bytes(960))) == {0xFF}


@pytest.mark.parametrize(
    ("a_law", "mu_law"), [(0xD5, 0xFE), (0x55, 0x7E), (0xAA, 0x80), (0x2A, 0x00)]
)
def test_a_law_becomes_the_nearest_mu_law(a_law: int, mu_law: int) -> None:
    assert Decoder("audio/pcma").decode(bytes([a_law])) == bytes([mu_law])


def test_a_law_survives_a_round_trip_in_loudness() -> None:
    speech = Decoder("audio/pcm").decode(tone(440, 24000))

    there = Encoder("audio/pcma").encode(speech)
    back = Decoder("audio/pcma").decode(there)

    assert len(there) == len(back) == len(speech)
    assert level(back) == pytest.approx(level(speech), rel=0.01)


def test_wideband_pcm_is_a_third_of_the_samples_in_mu_law() -> None:
    assert len(Decoder("audio/pcm").decode(tone(400, 24000, 1.0))) == 8000
    assert len(Encoder("audio/pcm").encode(ALL)) == 256 * 6


@pytest.mark.parametrize("cut", [1, 7, 481, 960])
def test_a_stream_cut_anywhere_decodes_the_same(cut: int) -> None:
    data = tone(700, 24000, 0.2)
    whole = Decoder("audio/pcm").decode(data)
    decoder = Decoder("audio/pcm")

    pieces = [decoder.decode(data[start : start + cut]) for start in range(0, len(data), cut)]

    assert b"".join(pieces) == whole


@pytest.mark.parametrize("cut", [1, 7, 160])
def test_a_stream_cut_anywhere_encodes_the_same(cut: int) -> None:
    whole = Encoder("audio/pcm").encode(ALL)
    encoder = Encoder("audio/pcm")

    pieces = [encoder.encode(ALL[start : start + cut]) for start in range(0, 256, cut)]

    assert b"".join(pieces) == whole


def test_what_a_telephone_cannot_carry_is_filtered_and_does_not_alias() -> None:
    kept = level(Decoder("audio/pcm").decode(tone(1000, 24000)))
    removed = level(Decoder("audio/pcm").decode(tone(7000, 24000)))

    assert kept == pytest.approx(8000 / 2**0.5, rel=0.1)
    assert removed < kept / 50


@pytest.mark.parametrize("form", ["audio/pcm", "audio/pcmu", "audio/pcma"])
def test_nothing_stays_nothing(form: AudioFormat) -> None:
    assert Decoder(form).decode(b"") == b""
    assert Encoder(form).encode(b"") == b""


def test_a_begun_millisecond_counts_whole() -> None:
    assert [duration_ms(length) for length in (0, 1, 8, 8003)] == [0, 1, 1, 1001]
