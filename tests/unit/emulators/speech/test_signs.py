"""Written speech is read again after another sample rate, noise and a delay."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialplan.emulators.openai.audio import Decoder, Encoder
from dialplan.emulators.speech import signs
from dialplan.emulators.speech.written import WrittenEar, WrittenVoice, read, write
from dialplan.protocols.wideband import Narrower, Widener

TEXT = "Dr. O'Neil, 3:15 PM — naïve 東京?"
QUIET = b"\xff" * 160


def to_the_model(mulaw: bytes) -> bytes:
    stream = Widener()
    return Decoder("audio/pcm").decode(stream.feed(mulaw) + stream.finish())


def from_the_model(mulaw: bytes) -> bytes:
    stream = Narrower()
    return stream.feed(Encoder("audio/pcm").encode(mulaw)) + stream.finish()


@given(st.text())
def test_any_text_is_read_back_from_the_bytes_as_they_are(text: str) -> None:
    text = text.encode(errors="replace").decode()

    assert (read(write(text, resampled=True)) or "") == " ".join(text.split())


@given(st.text("abc, 東.", min_size=1, max_size=40), st.integers(0, 500))
def test_any_text_is_read_back_after_24_khz(text: str, before: int) -> None:
    audio = b"\xff" * before + write(text, resampled=True) + QUIET

    assert (read(to_the_model(audio)) or "") == " ".join(text.split())
    assert (read(from_the_model(audio)) or "") == " ".join(text.split())


def test_exact_writing_is_lost_over_24_khz() -> None:
    assert read(to_the_model(write(TEXT) + QUIET)) is None


@given(st.integers(0, 5 * 480))
def test_what_was_cut_off_is_not_read(played: int) -> None:
    words = ["one", "two", "three", "four", "five"]

    heard = read(write(" ".join(words), resampled=True)[:played]) or ""

    # One of the last three samples is enough.
    assert heard.split() == words[: (played + 2) // 480]


def test_a_damaged_word_is_left_out() -> None:
    audio = bytearray(write("one two three", resampled=True))
    for at in range(2 * 480 - 3, 2 * 480):
        audio[at] ^= 0x80

    assert read(bytes(audio)) == "one three"


def test_a_likeness_of_a_beginning_hides_no_packet() -> None:
    packet = signs.packet(b"word", more=False)

    assert list(signs.packets(packet[:60] + packet)) == [(b"word", False)]
    assert list(signs.packets(packet[:150])) == []


def test_noise_reads_as_none() -> None:
    noise = random.Random(5).randbytes(200_000)

    assert list(signs.packets(noise)) == []


def test_a_packet_says_whether_more_follows() -> None:
    audio = signs.packet(b"begun", more=True) + signs.packet(b" and done", more=False)

    assert list(signs.packets(audio)) == [(b"begun", True), (b" and done", False)]


@pytest.mark.parametrize("ms_per_word", [20, 60])
async def test_a_voice_for_such_a_line_keeps_its_pace(ms_per_word: int) -> None:
    voice = WrittenVoice(ms_per_word=ms_per_word, min_ms=0).over_resampling()

    audio = await voice.speak("a b")

    # Sync, header and letter take 21 ms.
    assert len(audio) == 2 * 8 * max(ms_per_word, (16 + 32 + 8) * 3 / 8)
    assert await WrittenEar().hear(audio) == "a b"
