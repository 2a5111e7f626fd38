"""Pronunciations in the voice's own phonetic spelling."""

# ruff: noqa: RUF001 - phonetic letters are meant

from __future__ import annotations

import pytest

from dialplan.emulators.speech.phonemes import phonemes


@pytest.mark.parametrize(
    ("spoken", "sounds"),
    [
        ("Good morning, doctor!", "ɡˈʊd mˈɔːɹnɪŋ, dˈɑːktɚ!"),
        ("the apple the pear", "ðiː ˈæpəl ðə pˈɛɹ"),
        ("nurse zero me", "nˈɜːs zˈiəɹoʊ mˌiː"),
        ("nine A M", "nˈaɪn ˈeɪ ˈɛm"),
        ("code A seven. A cat", "kˈoʊd ˈeɪ sˈɛvən. ɐ kˈæt"),
        ("a cat", "ɐ kˈæt"),
        ("MRI ID", "ˈɛm ˈɑːɹ ˈaɪ ˈaɪ dˈiː"),
        ("can't", "kˈænt"),
        ("Johnson's", "dʒˈɑːnsənz"),
        ("reschedulings", "ɹᵻskˈɛdʒuːlɪŋz"),
        ("Kowalski", "koʊvˈɑːlski"),
        ("Maria's maria", "mɚɹˈiːəz mˈɑːɹiə"),
        ("Ross roses buses", "ɹˈɔːs ɹˈoʊzᵻz bˈʌsᵻz"),
        ("Westfield Hassan", "wˈɛstfild hˈæsæn"),
        ("", ""),
    ],
)
def test_words_sound_as_the_voice_was_trained(spoken: str, sounds: str) -> None:
    assert phonemes(spoken) == sounds
