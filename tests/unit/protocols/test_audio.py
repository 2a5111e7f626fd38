from __future__ import annotations

import struct
import warnings
from collections.abc import Callable

import pytest

from dialplan.protocols import audio

EVERY_SAMPLE = struct.pack("<65536h", *range(-32768, 32768))


@pytest.fixture
def oracle() -> tuple[Callable[[bytes, int], bytes], Callable[[bytes, int], bytes]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        audioop = pytest.importorskip("audioop", reason="left the standard library in 3.13")
    return audioop.lin2ulaw, audioop.ulaw2lin


def test_every_sample_is_encoded_as_the_standard_library_does(
    oracle: tuple[Callable[[bytes, int], bytes], Callable[[bytes, int], bytes]],
) -> None:
    assert audio.encode(EVERY_SAMPLE) == oracle[0](EVERY_SAMPLE, 2)


def test_every_code_is_decoded_as_the_standard_library_does(
    oracle: tuple[Callable[[bytes, int], bytes], Callable[[bytes, int], bytes]],
) -> None:
    codes = bytes(range(256))

    assert audio.decode(codes) == oracle[1](codes, 2)


def test_decoding_and_encoding_again_gives_the_same_codes_but_one_zero() -> None:
    codes = bytes(range(256))

    # 0x7F is the negative zero; it comes back as the positive one.
    assert audio.encode(audio.decode(codes)) == codes.replace(b"\x7f", b"\xff")


def test_half_a_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="bytes length not a multiple of item size"):
        audio.encode(b"\x00\x00\x00")


def test_a_millisecond_is_eight_bytes() -> None:
    assert audio.duration_ms(160) == 20
    assert audio.duration_ms(167) == 20
    assert audio.length_of(20) == 160
    assert audio.length_of(-5) == 0


def test_silence_decodes_to_zero() -> None:
    assert audio.silence(2) == b"\xff" * 16
    assert audio.decode(audio.silence(2)) == b"\x00" * 32
